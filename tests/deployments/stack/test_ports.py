"""Ports that stacks on one machine share out among themselves."""

import socket

import pytest

from deployments.stack.ports import claim_port, find_port

HOST = "127.0.0.1"


@pytest.fixture
def wanted() -> int:
    """A port that nobody has just now."""
    with socket.socket() as any_port:
        any_port.bind((HOST, 0))
        return int(any_port.getsockname()[1])


def test_two_stacks_that_start_at_once_have_ports_of_their_own(wanted: int) -> None:
    """Though nothing listens yet on the first one's."""
    with claim_port(HOST, wanted) as first, claim_port(HOST, wanted) as second:
        assert first == wanted
        assert second > first
    assert find_port(HOST, wanted) == wanted


def test_a_port_that_a_stranger_has_is_left_alone(wanted: int) -> None:
    """A server that knows nothing of claims."""
    with socket.create_server((HOST, wanted)), claim_port(HOST, wanted) as port:
        assert port > wanted
