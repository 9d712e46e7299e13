"""Chromium's switches: no way to the web but the gate, no requests of its own, and little work at the start."""

from typing import Any
from urllib.parse import urlsplit

from tasks.web.fetching.egress import Gate

_PLAYWRIGHTS_DISABLED = (
    "AvoidUnnecessaryBeforeUnloadCheckSync",
    "DestroyProfileOnBrowserClose",
    "HttpsUpgrades",
    "HttpsFirstBalancedModeAutoEnable",
    "LensOverlay",
    "MediaRouter",
    "PaintHolding",
    "ThirdPartyStoragePartitioning",
    "AvoidCorsURLLoaderRestartOnRedirect",
    "TcpPortRandomizationWin",
    "OptimizationHints",
    "NetworkTimeServiceQuerying",
    "AimEnabled",
    "PreconnectToSearch",
    "msForceBrowserSignIn",
    "msEdgeUpdateLaunchServicesPreferredVersion",
)
"""Features that Playwright disables itself: named again, as Chromium takes only the last switch of a name."""
# Pop-ups of the address bar are pages, loaded at the start in a process of their own that costs as much as the browser.
_ADDRESS_BAR = ("WebUIOmniboxPopup", "WebUIOmniboxAimPopup")
DISABLED_FEATURES = "--disable-features=" + ",".join(_PLAYWRIGHTS_DISABLED + _ADDRESS_BAR)

_FLAGS = (
    DISABLED_FEATURES,
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # The switches above leave two requests to Google at each start of Chromium 156: nothing listens here.
    "--component-updater=url-source=http://127.0.0.1:1/",
    "--gaia-url=http://127.0.0.1:1",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--mute-audio",
    "--webrtc-ip-handling-policy=disable_non_proxied_udp",
)
# Playwright disables the popup blocker, with which only a visitor's click opens a window, and the limit of navigations
# a second: a page that made history entries without end filled the driver, and no tab responded any more.
_REMOVED_FLAGS = ("--disable-popup-blocking", "--disable-ipc-flooding-protection")


def launch_options(gate: Gate) -> dict[str, Any]:
    """Return Playwright's options for a browser that reaches nothing but the gate.

    `tests/web/test_browser_switches.py` holds each switch that is a protection, by its effect.
    """
    host = urlsplit(gate.proxy_url).hostname
    return {
        # Without "<-loopback>" Chromium connects to loopback addresses directly, past the gate.
        "proxy": {"server": gate.proxy_url, "bypass": "<-loopback>"},
        "args": [*_FLAGS, f"--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE {host}"],
        "ignore_default_args": list(_REMOVED_FLAGS),
    }
