"""The displays of a build: frames, summaries, plain lines, JSON lines."""

import io
import json
import re
from functools import reduce

import pytest
from rich.console import Console

from deployments.display.build_display import LiveDisplay, open_display
from deployments.display.build_frame import render_frame
from deployments.display.build_summary import render_summary
from deployments.display.build_view import BuildView, StageStatus
from deployments.display.formatting import format_duration, printable, short_url
from deployments.display.view_steps import advance
from tasks.core.events import BuildEvent, EventType, Stage
from tests.deployments import story

CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def view_of(told: story.Story) -> BuildView:
    return reduce(advance, told.events, BuildView())


def draw(renderable: object, width: int = 80) -> str:
    console = Console(file=io.StringIO(), width=width, color_system=None, force_terminal=False)
    console.print(renderable)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def run_plain(told: story.Story) -> str:
    console = Console(file=io.StringIO(), width=100)
    with open_display(console, prefect_url="http://127.0.0.1:4200") as display:
        for event in told.events:
            display.show(event)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_a_frame_shows_each_stage_with_pages_done_of_those_known() -> None:
    """Site, widget, theme, counts, rates and failures are all there."""
    shown = draw(render_frame(view_of(story.first_half())))
    lines = shown.splitlines()
    assert "acme-tools.example" in lines[0]
    assert story.WIDGET_ID in shown
    assert any("Theme" in line and "Acme Tools" in line and "#e4572e" in line for line in lines)
    assert any("Extraction" in line and "40 of 96" in line for line in lines)
    assert any("Scraping" in line and "30 of 96" in line and "3 failed" in line for line in lines)
    assert any("Storage" in line and "10 of 96" in line and "4.5/s" in line for line in lines)
    assert any("/slow" in line and "timeout after 30s" in line for line in lines)


def test_a_frame_before_the_first_event_claims_nothing() -> None:
    """All stages wait."""
    shown = draw(render_frame(BuildView()))
    assert shown.count("waiting") == 5
    assert "%" not in shown
    assert " of " not in shown


def test_drawing_a_frame_twice_gives_the_same() -> None:
    """A frame depends on nothing but its arguments."""
    view = view_of(story.first_half())
    assert draw(render_frame(view)) == draw(render_frame(view))


@pytest.mark.parametrize("width", [20, 30, 39, 40, 55, 71, 100, 200])
def test_frames_and_summaries_fit_any_width(width: int) -> None:
    """No line is wider than the terminal, and the counts stay readable from 30 columns on."""
    view = view_of(story.first_half())
    for renderable in (
        render_frame(view, width=width),
        render_summary(view_of(story.completed()), width=width),
        render_summary(view_of(story.failed()), width=width),
    ):
        assert max(len(line) for line in draw(renderable, width).splitlines()) <= width
    if width >= 30:
        assert "30 of 96" in draw(render_frame(view, width=width), width)


def test_every_stage_shows_the_pages_known_by_now() -> None:
    """A stage without events shows the current total, not the first one."""
    told = story.Story().add(0, EventType.parallel_processing_started, total_urls=1)
    told.add(1, EventType.url_extraction_progress, total_urls=20, fetched=10, queued=0)
    assert {known.total for known in view_of(told).stages.values()} == {20}


def test_a_low_terminal_keeps_the_stages_and_drops_failures() -> None:
    """Bars matter more than the list of failures."""
    shown = draw(render_frame(view_of(story.first_half()), height=13))
    assert "Storage" in shown
    assert "/slow" not in shown
    assert "3 failed" in shown


def test_a_notice_takes_the_place_of_the_last_message() -> None:
    """Messages of the command are shown below the frame."""
    assert "Cancelling" in draw(render_frame(view_of(story.first_half()), notice="Cancelling …"))


def test_the_summary_of_a_completed_build_accounts_for_every_page() -> None:
    """Pages by stage with the build's own seconds and rates, causes with examples, reasons of skips."""
    shown = draw(render_summary(view_of(story.completed())))
    assert "Widget ready in 9.6 s" in shown
    assert re.search(r"Extraction +143 +0 +6\.1 +23\.4", shown)
    assert re.search(r"Scraping +140 +3 +8\.2 +17\.4", shown)
    assert re.search(r"Storage +140 +0 +8\.1 +17\.3", shown)
    assert "2 × scraping: HTTP 404  e.g. /gone" in shown
    assert "1 × scraping: timeout after 30s  /slow" in shown
    assert "Skipped: 4 duplicate, 12 robots" in shown
    assert "Answering since 3.2 s, from 16 pages on" in shown
    assert "9.8 MB read · 184,223 tokens" in shown
    assert "Since the build before" not in shown


def test_the_summary_of_a_recrawl_says_what_has_changed() -> None:
    """Pages by change, as the last event has them."""
    diff = {"added": 5, "changed": 4, "removed": 3, "unchanged": 128}
    shown = draw(render_summary(view_of(story.completed(diff=diff))))
    assert "Since the build before: 5 added, 4 changed, 3 removed, 128 unchanged" in shown


def test_the_summary_of_a_failed_build_says_why() -> None:
    """The cause is there; a table of zeros is not."""
    shown = draw(render_summary(view_of(story.failed())))
    assert "Build failed" in shown
    assert "https://acme-tools.example/: HTTP 404" in shown
    assert "Pages/s" not in shown


def test_the_summary_of_a_cancelled_build_shows_how_far_it_came() -> None:
    """Counters come from the terminal event; running stages are stopped, not done."""
    view = view_of(story.cancelled())
    shown = draw(render_summary(view))
    assert "Build cancelled" in shown
    assert re.search(r"Embedding +20 +10", shown)
    assert view.stages[Stage.scraping].status is StageStatus.stopped


def test_a_neutral_theme_is_shown_with_its_reason() -> None:
    """A theme that could not be found is no failed page."""
    told = story.Story().add(0, EventType.theme_generation_started)
    theme = story.THEME.model_copy(update={"name": "plain.example"}).model_dump()
    told.add(1, EventType.theme_generation_failed, "A neutral theme is used", detail="no colours", theme=theme)
    view = view_of(told)
    assert view.causes == {}
    assert "neutral: no colours" in draw(render_frame(view))


def test_events_with_missing_or_odd_data_are_shown_as_far_as_they_go() -> None:
    """Absent numbers stay unknown; nothing is invented and nothing breaks."""
    told = story.Story()
    for type_ in EventType:
        told.add(len(told.events), type_, total="many", done=None, theme=7, statistics=[], performance="x")
    draw(render_frame(view_of(told)))
    draw(render_summary(view_of(told)))


def test_a_site_cannot_write_control_codes_or_markup_to_the_terminal() -> None:
    """Escape sequences, line breaks, bidirectional overrides and Rich markup in a site's text are inert."""
    evil = "\x1b]0;owned\x07\x1b[2J[bold red]x[/]\u202egpj.exe\x9b31m\r\nfake"
    told = story.first_half()
    theme = story.THEME.model_copy(update={"name": evil, "body_font": evil, "primary": evil}).model_dump()
    told.add(5, EventType.theme_generation_completed, evil, theme=theme)
    told.add(5, EventType.storage_failed, evil, detail=evil, url=f"https://acme-tools.example/{evil}")
    told.add(6, EventType.builder_failed, evil, detail=evil)
    view = view_of(told)
    outputs = [draw(render_frame(view)), draw(render_summary(view)), run_plain(told)]
    for shown in outputs:
        assert not CONTROL.search(shown)
        assert "\u202e" not in shown
        assert "[bold red]x[/]" in shown


def test_plain_output_is_one_line_for_each_event_worth_reading() -> None:
    """No control codes; elapsed time, stage, message and cause; the summary and the addresses follow."""
    shown = run_plain(story.completed())
    lines = shown.splitlines()
    assert not CONTROL.search(shown)
    assert re.match(r" +0\.0 s  Build +Build started", lines[0])
    assert "    4.0 s  Scraping   Not read: https://acme-tools.example/slow (timeout after 30s)" in lines
    assert f"Preview     http://127.0.0.1:8080/preview/{story.WIDGET_ID}" in lines
    assert "Prefect UI  http://127.0.0.1:4200" in lines
    snippet = f'<script src="http://127.0.0.1:8080/widget.js" data-widget="{story.WIDGET_ID}" async></script>'
    assert f"Embed       {snippet}" in lines


def test_plain_output_keeps_the_owner_token_out_of_logs() -> None:
    """Plain output often ends in a log; the token is shown on a terminal and in JSON only."""
    assert "owner-secret" not in run_plain(story.completed())


def test_plain_output_thins_out_progress() -> None:
    """A hundred reports within five seconds become the first one, and the last one when all is done."""
    told = story.Story().add(0, EventType.builder_started, "Build started", url=story.SITE)
    for n in range(1, 101):
        told.add(n / 25, EventType.scraping_progress, f"{n} of 100 pages read", done=n, total=100)
    lines = [line for line in run_plain(told).splitlines() if "pages read" in line]
    assert [line.split("Scraping   ")[1] for line in lines] == [
        "1 of 100 pages read",
        "100 of 100 pages read",
    ]


def test_json_output_is_the_events_and_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    """Each line is one event; the last is the terminal one; notices go to standard error."""
    with open_display(Console(), as_json=True) as display:
        display.show_notice("Cancelling …")
        for event in story.completed().events:
            display.show(event)
    out, err = capsys.readouterr()
    assert [BuildEvent.model_validate_json(line) for line in out.splitlines()] == story.completed().events
    assert json.loads(out.splitlines()[-1])["type"] == "builder_completed"
    assert json.loads(out.splitlines()[0])["data"]["owner_token"] == "owner-secret"
    assert err == "Cancelling …\n"


def run_live(told: story.Story, *, no_color: bool) -> str:
    console = Console(
        file=io.StringIO(), width=80, height=24, force_terminal=True, no_color=no_color, legacy_windows=False
    )
    display = LiveDisplay(console, "http://127.0.0.1:4200")
    with display.open():
        for event in told.events:
            display.show(event)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_a_live_build_leaves_its_summary_and_addresses_on_the_screen() -> None:
    """The cursor is visible again, and the owner's token is shown."""
    shown = run_live(story.completed(), no_color=False)
    assert shown.rindex("\x1b[?25h") > shown.rindex("\x1b[?25l")
    after = shown[shown.rindex("\x1b[?25h") :]
    assert "Widget ready" in after
    assert "owner-secret" in after


def test_no_color_is_respected() -> None:
    """NO_COLOR leaves shapes and words, no colour codes."""
    shown = run_live(story.completed(), no_color=True)
    assert not re.search(r"\x1b\[[0-9;]*(3[0-7]|38|4[0-7]|48|9[0-7])[;m]", shown)


def test_a_dumb_terminal_gets_plain_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    """TERM=dumb cannot redraw."""
    monkeypatch.setenv("TERM", "dumb")
    console = Console(file=io.StringIO(), force_terminal=True, width=100)
    with open_display(console) as display:
        for event in story.failed().events:
            display.show(event)
    assert isinstance(console.file, io.StringIO)
    assert "\x1b[?25l" not in console.file.getvalue()


def test_words_and_numbers_are_short_and_exact() -> None:
    """Durations, addresses within the site, printable text."""
    assert [format_duration(s) for s in (None, 0.84, 34.2, 125, 3599.9)] == [
        "",
        "0.8 s",
        "34 s",
        "2:05 min",
        "60:00 min",
    ]
    view = BuildView(url="https://a.example/docs/")
    assert short_url(view, "https://a.example/docs/x?q=1") == "/docs/x?q=1"
    assert short_url(view, "https://a.example.evil.test/x") == "https://a.example.evil.test/x"
    assert printable("a\tb\n\x1b[0mc") == "a b [0mc"
