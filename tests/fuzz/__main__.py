"""`python -m tests.fuzz [NAME …]`: send broken documents to every parser and odd requests to every route.

Prints a table; what was found is under `.bench/fuzz`. Exits with 1 if something was. Each finding is mended, and kept
as a case in `tests/web/test_fuzz_findings.py` or beside the route's tests.
"""

import argparse
import asyncio
import json
import sys
import time
from pathlib import Path

import pytest
from rich.console import Console
from rich.table import Table

from tests.fuzz.parser_runs import ParserRun, run_parser
from tests.fuzz.parsers import PARSERS
from tests.fuzz.routes import RouteFuzz, tracebacks_in
from tests.product import UNWANTED, run_product
from tests.sites.server import serve_site

FOLDER = Path(".bench/fuzz")
ROUTES = "routes"


async def run_routes(seconds: float, seed: int) -> ParserRun:
    """Run over the routes of a stack with one widget and all that belongs to it."""
    run = ParserRun(ROUTES)
    with pytest.MonkeyPatch.context() as patch:
        for variable in UNWANTED:
            patch.delenv(variable, raising=False)
        async with serve_site() as site, run_product() as product:
            folder = product.data_dir
            events = await product.build(site.url, depth=1, max_pages=5)
            widget = events[0]["data"]["widget_id"]
            owner = {"Authorization": f"Bearer {events[0]['data']['owner_token']}"}
            ids = {"widget_id": [widget], "build_id": [events[0]["build_id"]], "file": ["widget.js", "loader.js"]}
            body = {"questions": ["When?"], "answer": "Now."}
            made = (await product.http.post(f"/api/widgets/{widget}/answers", json=body, headers=owner)).json()
            ids["answer_id"] = [str(made.get("id", ""))]
            pages = (await product.http.get(f"/api/widgets/{widget}/pages", headers=owner)).json()
            ids["page_id"] = [str(each["id"]) for each in pages.get("pages", []) if "id" in each]
            contract = (await product.http.get("/openapi.json")).json()
            fuzz = RouteFuzz(
                product, contract, {name: [each for each in found if each] for name, found in ids.items()}, seed
            )
            await fuzz.run(seconds)
            run.documents, run.slowest_s = fuzz.requests, fuzz.slowest_s
            for what, request in fuzz.findings.items():
                file = FOLDER / f"routes-{len(run.findings)}"
                file.write_text(f"{what}\n{request}\n", errors="replace")
                run.findings[what] = file
            for what in tracebacks_in(folder / "logs" / "api.log"):
                (FOLDER / "api.log").write_text((folder / "logs" / "api.log").read_text())
                run.findings[f"in the API's log: {what[:150]}"] = FOLDER / "api.log"
            print(json.dumps(dict(sorted(fuzz.statuses.items()))))
    return run


def main() -> None:
    """Run the named ones, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join((*PARSERS, ROUTES))}")
    parser.add_argument("--seconds", type=float, default=60, help="for each")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    asked = parser.parse_args()
    FOLDER.mkdir(parents=True, exist_ok=True)
    runs = []
    for name in asked.names or (*PARSERS, ROUTES):
        if name == ROUTES:
            runs.append(asyncio.run(run_routes(asked.seconds, asked.seed)))
        else:
            runs.append(run_parser(name, asked.seconds, asked.seed, FOLDER))
    table = Table("name", "inputs", "slowest, s", "findings", title=f"seed {asked.seed}")
    for run in runs:
        found = "\n".join(f"{what} [{file}]" for what, file in run.findings.items())
        table.add_row(run.name, str(run.documents), f"{run.slowest_s:.2f}", found or "none")
    Console(width=160).print(table, markup=False)
    sys.exit(any(run.findings for run in runs))


if __name__ == "__main__":
    main()
