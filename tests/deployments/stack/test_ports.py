"""Claims of several stacks on one machine on ports."""

import socket

import pytest

from deployments.stack.ports import claim_port, find_port

HOST = "127.0.0.1"


@pytest.fixture
def wanted() -> int:
    """A port that is free now."""
    with socket.socket() as any_port:
        any_port.bind((HOST, 0))
        return int(any_port.getsockname()[1])


def test_two_stacks_that_start_at_once_have_ports_of_their_own(wanted: int) -> None:
    """The first port is claimed though no server listens on it yet."""
    with claim_port(HOST, wanted) as first, claim_port(HOST, wanted) as second:
        assert first == wanted
        assert second > first
    assert find_port(HOST, wanted) == wanted


def test_a_port_in_use_by_another_program_is_left_alone(wanted: int) -> None:
    """The port is in use by a server without a claim."""
    with socket.create_server((HOST, wanted)), claim_port(HOST, wanted) as port:
        assert port > wanted
