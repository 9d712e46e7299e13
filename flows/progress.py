"""Progress of a running build: counters that add up, and events in the database and in Prefect."""

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from prefect.context import FlowRunContext
from prefect.events import emit_event
from prefect.logging.loggers import flow_run_logger

from flows.lanes import Lanes
from tasks.core.database import Pool
from tasks.core.errors import PageError, PageSkipped
from tasks.core.events import PREFECT_PREFIX, EventDraft, EventType, Stage
from tasks.core.models import Job, Statistics, Target
from tasks.knowledge.embedding.embedder import Embedder
from tasks.knowledge.evaluation.answer_comparison import AnswerComparison
from tasks.records.build_diff import BuildDiff
from tasks.records.build_events import append_event
from tasks.records.crawl_record import CrawledUrl, CrawlRecord

REPORT_EVERY = 10
"""Pages between two progress events of a stage."""
LOG_EVERY = 50
"""The same of a line in the run's log."""

_REPORTS = {
    Stage.scraping: (EventType.scraping_progress, EventType.scraping_failed, "read"),
    Stage.embedding: (EventType.embedding_progress, EventType.embedding_failed, "embedded"),
    Stage.storage: (EventType.storage_progress, EventType.storage_failed, "stored"),
}
_LOGGED = {Stage.scraping: "Scraped", Stage.embedding: "Embedded", Stage.storage: "Stored"}
_OUTCOMES = {
    EventType.builder_completed: "completed",
    EventType.builder_failed: "failed",
    EventType.builder_cancelled: "stopped",
}


@dataclass
class Meter:
    """Counts one stage's pages and the time they took."""

    done: int = 0
    failed: int = 0
    reported: int = 0
    """Pages at the last progress event …"""
    logged: int = 0
    """… and at the last line of the log."""
    began: float | None = None
    ended: float = 0

    def start(self) -> None:
        """Start the clock at the first page."""
        if self.began is None:
            self.began = time.monotonic()

    def count(self, *, failed: bool = False) -> None:
        """Count a page that passed or failed."""
        self.done += not failed
        self.failed += failed
        self.ended = time.monotonic()

    @property
    def performance(self) -> dict[str, float]:
        """Wall-clock seconds from the first page's start to the last page's end, and pages per second."""
        seconds = self.ended - self.began if self.began is not None and self.ended else 0.0
        pages = self.done + self.failed
        return {"seconds": round(seconds, 3), "pages_per_s": round(pages / seconds, 2) if seconds else 0.0}


class Progress:
    """Counters of one build, and the only source of its flow's events."""

    def __init__(self, pool: Pool, job: Job, flow_run_id: UUID | None) -> None:
        self._pool = pool
        self._job = job
        self._crawl_record = CrawlRecord(pool, job.build_id)
        self._flow_run_id = flow_run_id
        self.skipped: Counter[str] = Counter()
        """URLs skipped, by reason."""
        self._methods: Counter[str] = Counter()
        self.meters = {
            stage: Meter() for stage in (Stage.url_extraction, Stage.scraping, Stage.embedding, Stage.storage)
        }
        self._causes: Counter[str] = Counter()
        self.failure_codes: Counter[tuple[Stage, str]] = Counter()
        """Failed pages by the stage and code of their error."""
        self.reused: Counter[str] = Counter()
        """Pages `not_sent` again, as the site says they are unchanged, and pages `not_embedded` again."""
        self.earlier_pages: dict[Stage, int] = {}
        self.earlier_skipped: Counter[str] = Counter()
        """Statistics of earlier attempts."""
        self.lanes: Sequence[Lanes[Any]] = ()
        self.lane_changes: Counter[tuple[str, str]] = Counter()
        """Changes of the number of lanes, by concurrency limit and direction (`more`, `fewer`)."""
        self.embedder: Embedder | None = None
        self.answers: AnswerComparison | None = None
        """Of a changed re-crawl, beside the build that it replaces."""
        self.diff: BuildDiff | None = None
        """Of a re-crawl that is complete."""
        self.outcome: str | None = None
        """The build's end, once this run has seen it: `completed`, `failed` or `stopped`."""
        self._began = time.monotonic()
        self.byte_count = 0
        self.token_count = 0
        self.stopped: str | None = None
        """Reason why the build stopped before the end of the site."""
        self.known_urls = 0
        """URLs admitted so far and not skipped since."""

    @property
    def statistics(self) -> Statistics:
        """The current counters."""
        scraping, embedding, storage = (self.meters[stage] for stage in _REPORTS)
        return Statistics(
            total_urls=scraping.done + scraping.failed,
            scraped_pages=scraping.done,
            failed_scrapes=scraping.failed,
            embedded_pages=embedding.done,
            failed_embeddings=embedding.failed,
            stored_pages=storage.done,
            failed_stores=storage.failed,
            skipped=dict(sorted(self.skipped.items())),
        )

    @property
    def seconds(self) -> float:
        """Seconds since this attempt began."""
        return round(time.monotonic() - self._began, 3)

    @property
    def commonest_cause(self) -> str:
        """The most frequent reason why pages were not used."""
        causes = self._causes + Counter({f"left out ({reason})": n for reason, n in self.skipped.items()})
        return causes.most_common(1)[0][0] if causes else "no page was found"

    @property
    def by_method(self) -> dict[str, int]:
        """Extracted URLs by method: `browser`, `http`, or `unfetched` for leaves."""
        return {method: self._methods[method] for method in ("browser", "http", "unfetched")}

    @property
    def performance(self) -> dict[str, Any]:
        """Seconds and pages per second of each stage, bytes read, tokens embedded."""
        stages = {str(stage): meter.performance for stage, meter in self.meters.items()}
        return {"stages": stages, "bytes": self.byte_count, "tokens": self.token_count}

    @staticmethod
    def embedding(embedder: Embedder) -> dict[str, Any]:
        """Usage of the embedding model, and its cost in US dollars; null if the price is not known."""
        usage, price = embedder.usage, embedder.price
        cost = None if price is None else round(usage.tokens * price / 1_000_000, 6)
        return {"model": embedder.model, **asdict(usage), "cost_usd": cost}

    async def emit(self, type_: EventType, message: str, *, detail: str | None = None, **data: Any) -> None:
        """Number an event, store it, and emit it through Prefect.

        Raises:
            BuildEnded: the build already has its terminal event.
        """
        draft = EventDraft(type=type_, message=message, detail=detail, data=data)
        event = await append_event(self._pool, self._job.build_id, draft, self.statistics, attempt=self._job.attempt)
        self.outcome = _OUTCOMES.get(event.type, self.outcome)
        if self._flow_run_id is not None:
            emit_event(
                event=PREFECT_PREFIX + event.type,
                resource={
                    "prefect.resource.id": f"prefect.flow-run.{self._flow_run_id}",
                    "prefect.resource.name": self._job.request.url,
                },
                payload=event.model_dump(mode="json", exclude_none=True),
            )

    async def count_extracted(self, method: str, queued: int) -> None:
        """Count a URL that extraction hands on; `queued` is the number that wait to be scraped."""
        self._methods[method] += 1
        meter = self.meters[Stage.url_extraction]
        if method == "unfetched":
            return
        meter.count()
        if meter.done % REPORT_EVERY == 0:
            await self.emit(
                EventType.url_extraction_progress,
                f"{self.known_urls} pages found",
                total_urls=self.known_urls,
                fetched=meter.done,
                queued=queued,
            )

    async def count_passed(self, stage: Stage, pages: int = 1) -> None:
        """Count pages that passed a stage."""
        meter = self.meters[stage]
        for _ in range(pages):
            meter.count()
        if meter.done // REPORT_EVERY > meter.reported // REPORT_EVERY:
            await self.emit_progress(stage)

    async def record_failure(self, stage: Stage, target: Target, error: PageError) -> None:
        """Count a page that failed in a stage, record its error, and emit the cause."""
        self.meters[stage].count(failed=True)
        self._causes[error.message] += 1
        self.failure_codes[stage, error.code] += 1
        await self._crawl_record.record_outcome(target.url, "failed", error.message)
        _, failure, verb = _REPORTS[stage]
        await self.emit(failure, f"Not {verb}: {target.url}", detail=error.message, url=target.url, code=error.code)

    async def record_skip(self, target: Target, skipped: PageSkipped) -> None:
        """Count a skipped page by its reason, and record it."""
        self.skipped[skipped.reason] += 1
        await self._crawl_record.record_outcome(target.url, "skipped", skipped.reason, same_as=skipped.same_as)

    def count_skipped(self, reason: str, urls: int) -> None:
        """Count URLs that were skipped before they were admitted."""
        self.skipped[reason] += urls

    def uncount_passed(self, stage: Stage) -> None:
        """Take back one page that passed a stage: another is kept instead."""
        self.meters[stage].done -= 1

    async def emit_progress(self, stage: Stage, *, is_last: bool = False) -> None:
        """Emit a stage's progress event, and log it now and then."""
        meter = self.meters[stage]
        meter.reported = meter.done
        progress, _, verb = _REPORTS[stage]
        total = self.known_urls
        if is_last or meter.done // LOG_EVERY > meter.logged // LOG_EVERY:
            meter.logged = meter.done
            _log("%s %d/%d pages", _LOGGED[stage], meter.done, total)
        await self.emit(
            progress,
            f"{meter.done} of {total} pages {verb}",
            done=meter.done,
            total=total,
            failed=meter.failed,
        )

    async def emit_lanes(self, stage: Stage, limit: str, before: int, lanes: int, reason: str) -> None:
        """Emit that a stage has more or fewer lanes than before, in its progress event, and count it."""
        self.lane_changes[limit, "more" if lanes > before else "fewer"] += 1
        _log("Lanes of %s: %d → %d: %s", limit, before, lanes, reason)
        meter = self.meters[stage]
        await self.emit(
            EventType.url_extraction_progress if stage is Stage.url_extraction else _REPORTS[stage][0],
            f"Lanes of {limit}: {before} → {lanes}",
            detail=reason,
            done=meter.done,
            total=self.known_urls,
            total_urls=self.known_urls,
            failed=meter.failed,
            lanes={limit: lanes},
        )

    def count_earlier(self, crawl: list[CrawledUrl]) -> None:
        """Add the stored and skipped pages of earlier attempts."""
        for known in crawl:
            if known.status == "stored":
                self.known_urls += 1
                for stage in _REPORTS:
                    self.meters[stage].done += 1
            elif known.status == "skipped":
                self.skipped[known.reason or "unknown"] += 1
        self.earlier_pages = {stage: self.meters[stage].done for stage in _REPORTS}
        self.earlier_skipped = Counter(self.skipped)


def _log(message: str, *values: object) -> None:
    """Write into the log of the present run, also from within a task, whose own log is quiet; nowhere without a run."""
    context = FlowRunContext.get()
    if context is not None and context.flow_run is not None:
        flow_run_logger(context.flow_run, context.flow).info(message, *values)
