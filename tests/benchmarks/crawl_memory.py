"""Memory of the flow process: at most 1.3 times as much for a site ten times as large."""

from rich.table import Table

from tests.benchmarks.client import run_build
from tests.benchmarks.memory import MB, Peak, watch_memory
from tests.benchmarks.scores import Scores
from tests.benchmarks.stack import open_product
from tests.sites.generated import generated_site

SIZES = (500, 5_000)
MOST = 1.3
DEPTH = 3
KIND = "flow run"


async def run(scores: Scores) -> None:
    """Build a small and a large site, each on a product of its own, and compare the flow processes' peaks."""
    table = Table("pages", "stored", "flow process, MB", "s", title="Memory of the flow process")
    peaks: dict[int, float] = {}
    for pages in SIZES:
        async with (
            generated_site(pages, DEPTH, 0.0) as site,
            open_product(max_pages=max(SIZES), render="never") as product,
            watch_memory(product.pids) as found,
        ):
            build = await run_build(product.api_url, f"{site.url}/", depth=DEPTH)
            stored = build.statistics.get("stored_pages", 0)
            peaks[pages] = found.get(KIND, Peak()).largest / MB
        table.add_row(str(pages), str(stored), f"{peaks[pages]:.0f}", f"{build.seconds:.0f}")
        scores.holds(f"memory, {pages} pages: all stored", stored == pages, f"{stored}")
    scores.console.print(table)
    small, large = (peaks[pages] for pages in SIZES)
    scores.at_most("memory of the flow process, 5,000 pages to 500", large / small if small else 0.0, MOST, "×")
