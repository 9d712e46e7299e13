"""Builds as their events tell them, for tests of the terminal."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from tasks.core.events import BuildEvent, EventType
from tasks.core.models import Statistics
from tasks.core.theme_model import Theme

BUILD_ID = UUID("7d1a7c0e-9f3c-4b62-8f0e-2f1c3f1f7a11")
WIDGET_ID = "5f3c9a52-0b5e-4a8b-b6c3-6d0c0a2b9e01"
SITE = "https://acme-tools.example/"
BEGAN = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)
THEME = Theme(
    name="Acme Tools",
    primary="#e4572e",
    on_primary="#ffffff",
    background="#fffaf5",
    text="#2e2a27",
    heading_font="Fraunces, serif",
    body_font="'Inter', sans-serif",
    confidence=0.8,
)
STATISTICS = Statistics(
    total_urls=143,
    scraped_pages=140,
    failed_scrapes=3,
    embedded_pages=140,
    stored_pages=140,
    skipped={"duplicate": 4, "robots": 12},
)
PERFORMANCE = {
    "stages": {
        "url_extraction": {"seconds": 6.1, "pages_per_s": 23.4},
        "scraping": {"seconds": 8.2, "pages_per_s": 17.4},
        "embedding": {"seconds": 8.0, "pages_per_s": 17.5},
        "storage": {"seconds": 8.1, "pages_per_s": 17.3},
    },
    "bytes": 9_800_000,
    "tokens": 184_223,
}


class Story:
    """Events of one build, numbered as they are told."""

    def __init__(self) -> None:
        self.events: list[BuildEvent] = []

    def add(self, at_s: float, type_: EventType, message: str = "", **data: Any) -> "Story":
        """Add an event `at_s` seconds after the build began."""
        detail = data.pop("detail", None)
        self.events.append(
            BuildEvent(
                type=type_,
                message=message or type_.value,
                detail=detail,
                data=data,
                seq=len(self.events) + 1,
                at=BEGAN + timedelta(seconds=at_s),
                build_id=BUILD_ID,
            )
        )
        return self


def first_half() -> Story:
    """A build in the middle of its work."""
    story = Story()
    story.add(
        0,
        EventType.builder_started,
        "Build started",
        build_id=str(BUILD_ID),
        widget_id=WIDGET_ID,
        owner_token="owner-secret",
        url=SITE,
        depth=2,
        max_pages=1000,
    )
    story.add(0.4, EventType.theme_generation_started, f"Loading {SITE}")
    story.add(0.4, EventType.url_extraction_started, "Looking for the site's pages")
    story.add(1.2, EventType.theme_generation_completed, "Acme Tools in #e4572e", theme=THEME.model_dump(mode="json"))
    story.add(
        1.3,
        EventType.parallel_processing_started,
        "Reading, embedding and storing pages",
        total_urls=31,
        workers={"scrape": 10},
    )
    story.add(2.6, EventType.url_extraction_progress, "96 pages found", total_urls=96, fetched=40, queued=7)
    story.add(2.9, EventType.scraping_progress, "30 of 96 pages read", done=30, total=96, failed=0)
    story.add(3.2, EventType.widget_ready, "The widget can answer", widget_id=WIDGET_ID, pages=16)
    story.add(3.4, EventType.embedding_progress, "20 of 96 pages embedded", done=20, total=96, failed=0)
    story.add(3.5, EventType.storage_progress, "10 of 96 pages stored", done=10, total=96, failed=0)
    for path, cause in (("slow", "timeout after 30s"), ("gone", "HTTP 404"), ("lost?q=1", "HTTP 404")):
        story.add(4.0, EventType.scraping_failed, f"Not read: {SITE}{path}", detail=cause, url=f"{SITE}{path}")
    return story


def completed(**more: object) -> Story:
    """A build from its first event to `builder_completed`, which has more data if given."""
    story = first_half()
    story.add(
        6.5,
        EventType.url_extraction_completed,
        "143 pages found",
        total_urls=143,
        by_method={"browser": 12, "http": 60, "unfetched": 71},
        skipped=STATISTICS.skipped,
    )
    story.add(9.0, EventType.scraping_progress, "140 of 143 pages read", done=140, total=143, failed=3)
    story.add(9.2, EventType.embedding_progress, "140 of 143 pages embedded", done=140, total=143, failed=0)
    story.add(9.4, EventType.storage_progress, "140 of 143 pages stored", done=140, total=143, failed=0)
    story.add(
        9.5,
        EventType.parallel_processing_completed,
        "140 of 143 pages stored",
        **STATISTICS.model_dump(),
        performance=PERFORMANCE,
    )
    return story.add(
        9.6,
        EventType.builder_completed,
        "The widget answers from 140 pages",
        widget_id=WIDGET_ID,
        build_id=str(BUILD_ID),
        embed_snippet=(f'<script src="http://127.0.0.1:8080/widget.js" data-widget="{WIDGET_ID}" async></script>'),
        preview_url=f"http://127.0.0.1:8080/preview/{WIDGET_ID}",
        statistics=STATISTICS.model_dump(),
        seconds=9.6,
        **more,
    )


def failed() -> Story:
    """A build whose start page cannot be read."""
    story = Story()
    story.add(0, EventType.builder_started, "Build started", widget_id=WIDGET_ID, url=SITE, depth=2)
    story.add(0.4, EventType.theme_generation_started, f"Loading {SITE}")
    story.add(0.4, EventType.url_extraction_started, "Looking for the site's pages")
    return story.add(
        1.0,
        EventType.builder_failed,
        "The start page cannot be read",
        detail=f"{SITE}: HTTP 404",
        code="home_page_failed",
        remedy="Check the address: the site has no such page.",
    )


def cancelled() -> Story:
    """A build somebody cancelled in the middle."""
    counted = Statistics(
        total_urls=33,
        scraped_pages=30,
        failed_scrapes=3,
        embedded_pages=20,
        failed_embeddings=10,
        stored_pages=20,
    )
    return first_half().add(
        4.4, EventType.builder_cancelled, "The build was cancelled", statistics=counted.model_dump()
    )
