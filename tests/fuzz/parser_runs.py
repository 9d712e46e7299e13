"""Runs of one parser over broken documents, in a process of its own, which may crash, hang or fill memory."""

import faulthandler
import hashlib
import os
import random
import resource
import signal
import subprocess
import sys
import time
import traceback
import warnings
from dataclasses import dataclass, field
from pathlib import Path

from tests.fuzz.good_documents import DOCUMENTS
from tests.fuzz.mutations import mutate
from tests.fuzz.parsers import PARSERS

HANG_S = 15
"""Processor seconds of one document that count as a hang."""
MEMORY = 3 * 1024**3
CORPUS = 200
"""Broken documents kept to be broken further."""
START_S = 120
REPORT = "report"


@dataclass
class ParserRun:
    """Outcome of a parser's run."""

    name: str
    documents: int = 0
    slowest_s: float = 0
    findings: dict[str, Path] = field(default_factory=dict)
    """Files with the documents, by what they caused."""


def run_parser(name: str, seconds: float, seed: int, folder: Path) -> ParserRun:
    """Run a parser for that long, starting its process anew after each crash."""
    run, end = ParserRun(name), time.monotonic() + seconds
    while (left_s := end - time.monotonic()) > 1:
        command = [sys.executable, "-m", "tests.fuzz.parser_runs", name, str(left_s), str(seed), str(folder)]
        last = folder / f"{name}-last"
        last.unlink(missing_ok=True)
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        documents, slowest_s, *found = done.stdout.split("\n")[:-1] or ["0", "0"]
        run.documents += int(documents)
        run.slowest_s = max(run.slowest_s, float(slowest_s))
        run.findings |= {what: Path(file) for file, _, what in (each.partition(" ") for each in found)}
        if done.returncode == 0:
            break
        cause = f"exit {done.returncode}: {(done.stderr.strip().splitlines() or [''])[-1]}"
        if not last.exists():
            run.findings[f"does not start, {cause}"] = last
            break
        run.findings[cause] = keep(last.read_bytes(), name, folder)
        seed += 1
    return run


def keep(document: bytes, name: str, folder: Path) -> Path:
    """Write the document to a file of its own."""
    file = folder / f"{name}-{hashlib.sha256(document).hexdigest()[:12]}"
    file.write_bytes(document)
    return file


def feed(name: str, seconds: float, seed: int, folder: Path) -> None:
    """Feed the parser, and print the number of documents, the slowest's seconds, and each finding with its file."""
    source, parse = random.Random(seed), PARSERS[name]
    good = list(DOCUMENTS[name])
    corpus, seen, slowest_s, documents = list(good), dict[str, str](), 0.0, 0
    end, last = time.monotonic() + seconds, folder / f"{name}-last"
    while time.monotonic() < end:
        document = mutate(source.choice(corpus if source.random() < 0.5 else good), good, source)
        last.write_bytes(document)
        # Processor time: a busy machine is no hang.
        signal.setitimer(signal.ITIMER_PROF, HANG_S)
        began = time.process_time()
        try:
            parse(document)
        except Exception as error:  # noqa: BLE001 the finding
            place = traceback.extract_tb(error.__traceback__)[-1]
            what = f"{type(error).__name__} at {Path(place.filename).name}:{place.lineno}: {str(error)[:100]!r}"
            key = f"{type(error).__name__} {place.filename} {place.lineno}"
            if key not in seen:
                seen[key] = f"{keep(document, name, folder)} {what}"
        took_s = time.process_time() - began
        documents, slowest_s = documents + 1, max(slowest_s, took_s)
        if took_s == slowest_s:
            (folder / f"{name}-slowest").write_bytes(document)
        if len(corpus) < CORPUS:
            corpus.append(document)
        else:
            corpus[source.randrange(len(good), CORPUS)] = document
    signal.setitimer(signal.ITIMER_PROF, 0)
    print(documents, slowest_s, *seen.values(), sep="\n")


def main() -> None:
    """Run in the child process."""
    name, seconds, seed, folder = sys.argv[1:]
    faulthandler.enable()
    warnings.simplefilter("ignore")
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.nice(10)
    feed(name, float(seconds), int(seed), Path(folder))


if __name__ == "__main__":
    main()
