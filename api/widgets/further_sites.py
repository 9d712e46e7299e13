"""Further sites of a widget, as its owner gives them: each with a scheme, and an address that may be fetched."""

from typing import Any

from api.app_state import AppState
from api.builds.build_routes import check_address
from tasks.core.bare_addresses import find_start_urls
from tasks.core.errors import InvalidRequest
from tasks.core.rules import MAX_SITES


async def with_schemes(state: AppState, sent: dict[str, Any]) -> dict[str, Any]:
    """Return the changes with the schemes by which the hosts of bare addresses answer.

    Raises:
        InvalidRequest: one is no address that a build may start from.
    """
    sites = sent.get("sites")
    # Others are refused as they are.
    if not isinstance(sites, list) or len(sites) > MAX_SITES:
        return sent
    try:
        return sent | {"sites": await find_start_urls(state.settings, sites)}
    except InvalidRequest as error:
        raise _about_sites(error) from error


async def check_sites(state: AppState, urls: tuple[str, ...]) -> None:
    """Return if the addresses may be fetched; every build checks them again, whenever it connects.

    Raises:
        InvalidRequest: one is unknown, or not public (422).
    """
    for url in urls:
        try:
            await check_address(state, url)
        except InvalidRequest as error:
            raise _about_sites(error, url) from error


def _about_sites(error: InvalidRequest, url: str = "") -> InvalidRequest:
    return InvalidRequest("sites_invalid", f"{url}: {error.message}" if url else error.message, field="sites")
