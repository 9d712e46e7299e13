"""The program of Prefect's server (deployments/kubernetes) on a port of this machine's own.

`python prefect_on_port.py PORT PROGRAM`, by file: on its path are Prefect's packages alone, as in Prefect's image.
"""

import runpy
import sys
from typing import Any

import uvicorn

LOOPBACK = "127.0.0.1"


def main(port: int, program: str) -> None:
    """Run the program, which serves at another address than it says."""
    serve = uvicorn.run

    def serve_here(app: Any, **options: Any) -> None:
        serve(app, **{**options, "host": LOOPBACK, "port": port})

    uvicorn.run = serve_here
    runpy.run_path(program, run_name="__main__")


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
