"""Runs our scripts in an isolated world of the page, where the page's own scripts cannot change built-ins."""

from importlib.resources import files
from typing import Any

from playwright.async_api import CDPSession
from playwright.async_api import Error as PlaywrightError

_PARTS = ("settle.js", "layers.js", "reveal.js", "snapshot.js")
_SCRIPTS = "\n".join(files("tasks.web.fetching").joinpath("scripts", part).read_text("utf-8") for part in _PARTS)
_SOURCE = f"globalThis.reader = (() => {{\n{_SCRIPTS}\n}})(); true"


class ScriptFailed(Exception):
    """One of our scripts raised an error on this page."""


class World:
    """An isolated JavaScript world of one document, with our scripts loaded; gone with the document."""

    def __init__(self, cdp: CDPSession, context: int) -> None:
        self._cdp = cdp
        self._context = context

    async def call(self, name: str, *arguments: Any) -> dict[str, Any]:
        """Call a function of our scripts and return its result.

        Raises:
            ScriptFailed: the function raised.
            PlaywrightError: the tab has navigated, or is gone.
        """
        response = await self._cdp.send(
            "Runtime.callFunctionOn",
            {
                "functionDeclaration": f"(...given) => reader.{name}(...given)",
                "arguments": [{"value": argument} for argument in arguments],
                "executionContextId": self._context,
                "returnByValue": True,
                "awaitPromise": True,
            },
        )
        if "exceptionDetails" in response:
            raise ScriptFailed(f"{name}: {response['exceptionDetails'].get('exception', {}).get('description', '')}")
        found: dict[str, Any] = response["result"]["value"]
        return found


async def create_world(cdp: CDPSession) -> World:
    """Create an isolated world of the document that the tab shows.

    Raises:
        PlaywrightError: the tab has navigated, or is gone.
    """
    frame = (await cdp.send("Page.getFrameTree"))["frameTree"]["frame"]["id"]
    # Frames of the same site but another host share the page's process; universal access makes them readable.
    made = await cdp.send(
        "Page.createIsolatedWorld", {"frameId": frame, "worldName": "reader", "grantUniveralAccess": True}
    )
    world = made["executionContextId"]
    response = await cdp.send("Runtime.evaluate", {"expression": _SOURCE, "contextId": world})
    if "exceptionDetails" in response:
        raise PlaywrightError(f"the scripts failed to load: {response['exceptionDetails']}")
    return World(cdp, world)
