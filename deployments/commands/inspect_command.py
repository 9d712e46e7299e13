"""The command `inspect`: read pages as a build reads them and show the result."""

import asyncio
import json
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO
from urllib.parse import urlsplit

from rich.console import Console

from deployments.display.inspected_page import render_inspection
from deployments.display.inspection import Inspection
from tasks.core.addresses import is_bare, parse_start_url
from tasks.core.bare_addresses import add_scheme
from tasks.core.errors import InvalidRequest, PageError, WidgetBuilderError
from tasks.core.models import FetchedPage, FetchMethod, ReadPage, Target
from tasks.core.settings import Settings
from tasks.core.theme_model import Theme
from tasks.web.content.main_content import read_page
from tasks.web.crawl.directives import refusal_of
from tasks.web.crawl.links import links_of
from tasks.web.fetching.decoding import decode_html
from tasks.web.fetching.responses import PDF, detect_type, unsupported_type
from tasks.web.fetching.shells import shell_sign
from tasks.web.reader import open_web

_SAVED_FROM = re.compile(r"<!--\s*saved from url=\(\d+\)(https?://\S+)\s*-->")
"""Comment that browsers write into the pages they save."""
_FILE_NAMES = (".html", ".htm", ".xhtml", ".pdf")
"""Endings by which a file that is not there is told from a host."""
_UNKNOWN_URL = "http://saved.invalid/"
"""URL under which the browser shows a saved page whose original URL is unknown."""


@dataclass(frozen=True)
class _Loaded:
    page: FetchedPage
    render: dict[str, Any]
    theme: Theme | None = None


async def run_inspect(
    settings: Settings,
    inputs: Sequence[str],
    console: Console,
    *,
    base_url: str | None,
    with_theme: bool,
    as_json: bool,
    out: TextIO = sys.stdout,
) -> int:
    """Show each input as soon as it is read; return 0 when all could be read, else 1.

    Raises:
        InvalidRequest: the base URL is not valid.
        DependencyUnavailable: there is no browser, and one is needed.
    """
    base = _parse_base_url(base_url)
    code = 0
    for given in inputs:
        found = await inspect_input(settings, given, base_url=base, with_theme=with_theme)
        code = max(code, found.error is not None)
        if as_json:
            print(json.dumps(found.model_dump(mode="json"), ensure_ascii=False), file=out, flush=True)
        else:
            for line in render_inspection(found):
                console.print(line, soft_wrap=True)
    return code


def _parse_base_url(base_url: str | None) -> str | None:
    try:
        return None if base_url is None else parse_start_url(base_url)
    except InvalidRequest as error:
        message = f"--base-url: {error.message}"
        raise InvalidRequest("base_url_invalid", message, field="base_url") from error


async def inspect_input(settings: Settings, given: str, *, base_url: str | None = None, with_theme: bool) -> Inspection:
    """Read an address or a file as the builder does; with the theme, as it reads a start page.

    Raises:
        DependencyUnavailable: there is no browser, and one is needed.
    """
    try:
        if _is_address(given):
            url = parse_start_url(await add_scheme(settings, given))
            loaded = await _fetch(settings, url, with_theme=with_theme)
        else:
            loaded = await _read_saved(settings, given, base_url, with_theme=with_theme)
    except (PageError, InvalidRequest) as error:
        return Inspection(input=given, error=_error_fields(error))
    return await asyncio.to_thread(_read_loaded, given, loaded, read_noindex=settings.read_noindex)


def _is_address(given: str) -> bool:
    """Whether the input is an address, perhaps without a scheme, and not a file, which may be named like one."""
    if re.match(r"https?:", given, re.IGNORECASE):
        return True
    return is_bare(given) and not given.lower().endswith(_FILE_NAMES) and not Path(given).exists()


def _read_loaded(given: str, loaded: _Loaded, *, read_noindex: bool) -> Inspection:
    page = loaded.page
    read, error = ReadPage(target=page.target, url=page.final_url, title="", markdown=""), None
    try:
        if (refusal := refusal_of(page, read_noindex=read_noindex)) is not None:
            raise refusal
        read = read_page(page)
    except PageError as problem:
        error = _error_fields(problem)
    return Inspection(
        input=given,
        url=page.final_url,
        title=read.title,
        markdown=read.markdown,
        links=links_of(page),
        facts=read.facts,
        metadata={"byte_count": page.byte_count, **page.metadata, **read.metadata},
        render=loaded.render,
        theme=loaded.theme,
        error=error,
    )


def _error_fields(error: WidgetBuilderError) -> dict[str, str]:
    return {"code": str(getattr(error, "reason", error.code)), "message": error.message}


async def _fetch(settings: Settings, url: str, *, with_theme: bool) -> _Loaded:
    """Fetch the page at an address by the method that the builder would choose."""
    async with open_web(settings) as web:
        if with_theme:
            # Imports Prefect, which the rest does not need.
            from tasks.theme import load_home

            home = await load_home(url, web)
            assert home.found.page is not None
            page, theme = home.found.page, home.theme
        else:
            # Depth 1: fetched like the first page of its kind that a start page links to.
            page, theme = await web.fetch(Target(url=url, depth=1)), None
            page = page.model_copy(update={"target": Target(url=url, depth=0)})
        known = web.rendering
    why = {"home": known["home"]} if with_theme else {"compared": known["patterns"][0]["why"]}
    render = {
        "mode": known["mode"],
        "method": str(page.method),
        "reason": page.metadata.get("render_reason", ""),
        "escalated": page.escalated,
        **why,
    }
    return _Loaded(page, render, theme)


async def _read_saved(settings: Settings, name: str, base_url: str | None, *, with_theme: bool) -> _Loaded:
    """Read a saved page; the theme is derived from the browser's rendering under the original URL."""
    body, file_url = await asyncio.to_thread(_read_file, settings, name)
    if (kind := detect_type("", body)) not in ("text/html", PDF):
        raise unsupported_type(kind)
    html = "" if kind == PDF else decode_html(body)
    saved_from = _SAVED_FROM.search(html[:2_000])
    url = base_url or (saved_from[1] if saved_from else file_url)
    page = FetchedPage(
        target=Target(url=url, depth=0),
        final_url=url,
        method=FetchMethod.http,
        html=html,
        pdf=body if kind == PDF else None,
        byte_count=len(body),
    )
    sign = shell_sign(html) if html else None
    reason = f"a saved file, read as it is{f': {sign}' if sign else ''}"
    render = {"mode": "file", "method": str(page.method), "reason": reason, "escalated": False}
    if not with_theme or page.pdf is not None:
        return _Loaded(page, render)
    from deployments.commands.saved_pages import derive_saved_theme

    shown_url = url if urlsplit(url).scheme in ("http", "https") else _UNKNOWN_URL
    return _Loaded(page, render, await derive_saved_theme(settings, html, shown_url))


def _read_file(settings: Settings, name: str) -> tuple[bytes, str]:
    """Return the file's content and its `file:` URL."""
    try:
        with Path(name).open("rb") as file:
            body = file.read(settings.max_page_bytes + 1)
    except OSError as error:
        message = (
            f"{name} cannot be read: {error.strerror}. For a page on the web, give an address with http:// or https://"
        )
        raise InvalidRequest("file_unreadable", message) from error
    if len(body) > settings.max_page_bytes:
        raise InvalidRequest(
            "too_large", f"{name} is larger than {settings.max_page_bytes} bytes (WIDGET_BUILDER_MAX_PAGE_BYTES)"
        )
    return body, Path(name).resolve().as_uri()
