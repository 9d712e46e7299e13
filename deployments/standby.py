"""An interpreter that has loaded everything a flow run needs and waits for one.

`python -m deployments.standby` reads one line from its standard input: `{"flow_run_id": …, "env": {…}}`, and
then is what `python -m prefect.engine` would be. Loading Prefect, Scrapy and Playwright takes seconds; this
way they have passed before anybody waits. When the input ends first, it ends too.
"""

import importlib
import json
import os
import runpy
import sys

FLOW_MODULES = ("flows.build", "flows.recrawl")
READY = "ready"


def preload() -> None:
    """Import what runs will need."""
    for module in ("prefect.flow_engine", "prefect.task_engine", *FLOW_MODULES):
        importlib.import_module(module)


def main() -> None:
    """Wait for a flow run and carry it out in this process."""
    preload()
    print(READY, flush=True)
    line = sys.stdin.readline()
    if not line:
        return
    order = json.loads(line)
    for name, value in order["env"].items():
        if value is not None:
            os.environ[name] = value
    sys.argv = ["prefect.engine", order["flow_run_id"]]
    # This module stays `__main__`: child processes import that again, and it is light.
    runpy.run_module("prefect.engine", run_name="__main__")


if __name__ == "__main__":
    main()
