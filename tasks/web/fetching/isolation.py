"""Our scripts in a page, in a world of their own: what the page has replaced or added does not reach them."""

from importlib.resources import files
from typing import Any

from playwright.async_api import CDPSession
from playwright.async_api import Error as PlaywrightError

_PARTS = ("settle.js", "layers.js", "reveal.js", "snapshot.js")
_SCRIPTS = "\n".join(files("tasks.web.fetching").joinpath("scripts", part).read_text("utf-8") for part in _PARTS)
_SOURCE = f"globalThis.reader = (() => {{\n{_SCRIPTS}\n}})(); true"


class ScriptFailed(Exception):
    """One of our scripts raised: the page is stranger than we thought."""


class World:
    """The scripts beside one document; it goes with the document."""

    def __init__(self, cdp: CDPSession, context: int) -> None:
        self._cdp = cdp
        self._context = context

    async def call(self, name: str, *arguments: Any) -> dict[str, Any]:
        """What the script's function gives.

        Raises:
            ScriptFailed: it raised.
            PlaywrightError: the page has moved on, or is gone.
        """
        answer = await self._cdp.send(
            "Runtime.callFunctionOn",
            {
                "functionDeclaration": f"(...given) => reader.{name}(...given)",
                "arguments": [{"value": argument} for argument in arguments],
                "executionContextId": self._context,
                "returnByValue": True,
                "awaitPromise": True,
            },
        )
        if "exceptionDetails" in answer:
            raise ScriptFailed(f"{name}: {answer['exceptionDetails'].get('exception', {}).get('description', '')}")
        found: dict[str, Any] = answer["result"]["value"]
        return found


async def enter(cdp: CDPSession) -> World:
    """A world beside the document that the tab shows.

    Raises:
        PlaywrightError: the page has moved on, or is gone.
    """
    frame = (await cdp.send("Page.getFrameTree"))["frameTree"]["frame"]["id"]
    # Frames of the same site but another host live in the page's process: they can be read with universal access.
    made = await cdp.send(
        "Page.createIsolatedWorld", {"frameId": frame, "worldName": "reader", "grantUniveralAccess": True}
    )
    world = made["executionContextId"]
    answer = await cdp.send("Runtime.evaluate", {"expression": _SOURCE, "contextId": world})
    if "exceptionDetails" in answer:
        raise PlaywrightError(f"the scripts do not load: {answer['exceptionDetails']}")
    return World(cdp, world)
