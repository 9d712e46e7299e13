"""A stack that sends its traces to a collector: one trace a build, from the request to the stored pages."""

import subprocess
import sys
from uuid import UUID

import pytest

from tasks.records.builds import find_run_build
from tests.deployments.collector import Received
from tests.deployments.keyed_stack import COLLECTOR_LOGIN, Keyed
from tests.flow_runs import BUILD, run_deployment
from tests.sites.generated import generated_site

pytestmark = pytest.mark.timeout(400)

STAGES = ("extract", "scrape", "embed", "store")
IMPORTS = "import sys, flows.build, api.app; print([it for it in sys.modules if it.startswith('opentelemetry.sdk')])"


def named(trace: list[Received], name: str) -> Received:
    """The one span of that name."""
    (found,) = [it for it in trace if it.span.name == name]
    return found


async def test_a_build_is_one_trace_from_the_request_to_the_stored_pages(keyed: Keyed) -> None:
    """Also across processes; a span a stage and a batch, with counts, and none of Prefect's own."""
    product, collector = keyed.product, keyed.collector
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
    assert collector.logins == {COLLECTOR_LOGIN}

    recrawl = await find_run_build(product.pool, again.id)
    assert recrawl is not None
    assert recrawl != UUID(build_id)
    root = named(await collector.trace_of(recrawl, "build"), "build")
    assert root.span.parent_span_id == b""


def test_without_a_collector_nothing_of_opentelemetrys_sdk_is_imported() -> None:
    """It takes a fifth of a second, and threads."""
    done = subprocess.run([sys.executable, "-c", IMPORTS], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
