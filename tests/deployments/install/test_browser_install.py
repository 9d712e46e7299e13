"""The browser that `make install` finds or installs."""

from pathlib import Path

import pytest

from deployments.install.browser_install import install_browser
from tasks.core.errors import DependencyUnavailable
from tests.conftest import MakeSettings


def test_a_browser_named_in_the_settings_is_taken_with_its_version(settings: MakeSettings, tmp_path: Path) -> None:
    """Nothing is installed."""
    browser = tmp_path / "chromium"
    browser.write_text("#!/bin/sh\necho Chromium 156.0\n")
    browser.chmod(0o755)
    assert install_browser(settings(browser_path=browser)) == (browser, "Chromium 156.0")


def test_a_browser_named_in_the_settings_that_does_not_start_is_an_error(settings: MakeSettings) -> None:
    """The error names the file and the setting."""
    with pytest.raises(DependencyUnavailable, match="/bin/false does not start") as caught:
        install_browser(settings(browser_path=Path("/bin/false")))
    assert "WIDGET_BUILDER_BROWSER_PATH" in caught.value.remedy
