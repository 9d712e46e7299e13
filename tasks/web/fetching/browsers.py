"""Finds a Chromium on this machine."""

from collections.abc import Iterator
from pathlib import Path

from tasks.core.settings import Settings

_SYSTEM_PATHS = (
    "/usr/bin/chromium",
    "/usr/bin/chromium-browser",
    "/usr/bin/google-chrome",
    "/usr/bin/google-chrome-stable",
    "/opt/google/chrome/chrome",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)
_DOWNLOADS = (Path.home() / ".cache/ms-playwright", Path.home() / "Library/Caches/ms-playwright")
REMEDY = "set WIDGET_BUILDER_BROWSER_PATH, or install one with `make install`"


def find_browser(settings: Settings) -> Path | None:
    """Return the browser from the settings; without one, a system installation, else Playwright's download."""
    if settings.browser_path is not None:
        return settings.browser_path if settings.browser_path.is_file() else None
    return next(_candidates(), None)


def _candidates() -> Iterator[Path]:
    for name in _SYSTEM_PATHS:
        if (path := Path(name)).is_file():
            yield path
    for folder in _DOWNLOADS:
        yield from sorted(folder.glob("chromium-*/chrome-*/chrome"), reverse=True)
