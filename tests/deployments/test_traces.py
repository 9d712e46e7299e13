"""A stack that sends its traces to a collector: one trace a build, from the request to the stored pages."""

import os
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from uuid import UUID

import pytest

from deployments.stack.embedded_stack import open_stack
from tasks.core.database import open_pool
from tasks.core.settings import load_settings
from tasks.records.builds import find_run_build
from tests.deployments.collector import Collector, Received, open_collector
from tests.flow_runs import BUILD, run_deployment
from tests.product import ENVIRONMENT, UNWANTED, Product, api_client
from tests.sites.generated import generated_site

pytestmark = pytest.mark.timeout(400)

STAGES = ("extract", "scrape", "embed", "store")
LOGIN = "of-the-tests"
IMPORTS = "import sys, flows.build, api.app; print([it for it in sys.modules if it.startswith('opentelemetry.sdk')])"


@pytest.fixture(scope="module")
async def traced() -> AsyncIterator[tuple[Product, Collector]]:
    """A stack with a collector."""
    with tempfile.TemporaryDirectory(prefix="traced-") as name, pytest.MonkeyPatch.context() as patch:
        # Not under pytest's folder: PostgreSQL drops root's rights and could not enter it.
        os.chmod(name, 0o755)
        async with open_collector() as collector:
            ours = {
                "WIDGET_BUILDER_DATA_DIR": f"{name}/data",
                "WIDGET_BUILDER_PORT": "28480",
                "WIDGET_BUILDER_OTLP_ENDPOINT": collector.url,
                "OTEL_EXPORTER_OTLP_HEADERS": f"x-login={LOGIN}",
            }
            for variable in UNWANTED:
                patch.delenv(variable, raising=False)
            for variable, value in {**ENVIRONMENT, **ours}.items():
                patch.setenv(variable, value)
            async with (
                open_stack(load_settings(_env_file=None), lambda *_: None) as stack,
                api_client(stack.info.api_url) as http,
                open_pool(stack.info.database_url) as pool,
            ):
                yield Product(stack.info, http, pool), collector


def named(trace: list[Received], name: str) -> Received:
    """The one span of that name."""
    (found,) = [it for it in trace if it.span.name == name]
    return found


async def test_a_build_is_one_trace_from_the_request_to_the_stored_pages(traced: tuple[Product, Collector]) -> None:
    """Also across processes; a span a stage and a batch, with counts, and none of Prefect's own."""
    product, collector = traced
    async with generated_site(6, 3, 0) as site:
        events = await product.build(site.url, depth=2, max_pages=6)
        build_id, widget_id = events[0]["build_id"], events[0]["data"]["widget_id"]
        trace = await collector.trace_of(UUID(build_id), "POST build", "build")
        again = await run_deployment(product, BUILD, {"widget_id": widget_id})
    stored = events[-1]["data"]["statistics"]["stored_pages"]
    asked, build = named(trace, "POST build"), named(trace, "build")
    assert (asked.service, asked.span.parent_span_id) == ("widget-builder-api", b"")
    assert (build.service, build.span.parent_span_id) == ("widget-builder-worker", asked.span.span_id)
    assert asked.span.start_time_unix_nano < build.span.start_time_unix_nano
    assert asked.values["build_id"] == build.values["build_id"] == build_id
    assert asked.values["widget_id"] == build.values["widget_id"] == widget_id
    assert (build.values["outcome"], build.values["stored_pages"], build.values["attempt"]) == ("completed", stored, 1)
    for stage in STAGES:
        span = named(trace, stage).span
        batches = [it for it in trace if it.span.name == f"{stage} batch"]
        assert span.parent_span_id == build.span.span_id
        assert {it.span.parent_span_id for it in batches} == {span.span_id}
        assert all(span.end_time_unix_nano >= it.span.end_time_unix_nano for it in batches)
    assert sum(int(it.values["pages"]) for it in trace if it.span.name == "store batch") == stored > 0
    assert {it.span.name for it in trace} == {
        *("POST build", "build", "open site", "publish", *STAGES),
        *(f"{stage} batch" for stage in STAGES),
    }
    assert collector.logins == {LOGIN}

    recrawl = await find_run_build(product.pool, again.id)
    assert recrawl is not None
    assert recrawl != UUID(build_id)
    root = named(await collector.trace_of(recrawl, "build"), "build")
    assert root.span.parent_span_id == b""


def test_without_a_collector_nothing_of_opentelemetrys_sdk_is_imported() -> None:
    """It takes a fifth of a second, and threads."""
    done = subprocess.run([sys.executable, "-c", IMPORTS], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
