"""The browser of the settings comes first."""

from pathlib import Path

from tasks.web.fetching.browsers import find_browser
from tests.web.conftest import make_settings


def test_the_setting_decides(tmp_path: Path) -> None:
    """A path that leads nowhere is not replaced by another browser: the setting would be ignored silently."""
    mine = tmp_path / "chromium"
    assert find_browser(make_settings(browser_path=mine)) is None
    mine.touch()
    assert find_browser(make_settings(browser_path=mine)) == mine


def test_without_a_setting_the_machines_browser_is_found() -> None:
    """Tests need one anyway."""
    found = find_browser(make_settings())
    assert found is not None
    assert found.is_file()
