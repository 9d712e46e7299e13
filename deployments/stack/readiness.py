"""Readiness checks of the stack's services."""

import httpx
import psycopg

from deployments.stack.services import Check, Service
from deployments.worker.runtime_internals import has_worker_started

CHECK_TIMEOUT_S = 5


def open_check_client() -> httpx.AsyncClient:
    """Return the client of all checks, of loopback only.

    One for all: each new client would load its trusted certificates, 30–50 ms of processor time ten times a second.
    """
    return httpx.AsyncClient(trust_env=False, verify=False, timeout=CHECK_TIMEOUT_S)


def check_http(client: httpx.AsyncClient, url: str) -> Check:
    """Return the check that the URL answers with 200."""

    async def ask(_service: Service) -> bool:
        try:
            return (await client.get(url)).status_code == 200
        except httpx.HTTPError:
            return False

    return ask


def check_postgres(url: str) -> Check:
    """Return the check that the server takes connections."""

    async def connect(_service: Service) -> bool:
        try:
            await (await psycopg.AsyncConnection.connect(url, connect_timeout=CHECK_TIMEOUT_S)).close()
        except psycopg.OperationalError:
            return False
        return True

    return connect


async def check_worker(worker: Service) -> bool:
    """Whether the worker has registered with the server, which it does once its fork server is ready."""
    return has_worker_started(worker.log.read())
