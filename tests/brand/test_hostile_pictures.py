"""Pictures that would stop or crash who draws them: the theme goes without them, and nothing is left running."""

import asyncio
from collections.abc import Iterator

import pytest

from tasks.brand.derived_theme import HomePageProbe, derive_theme
from tasks.brand.drawing import draw_in
from tasks.brand.site_images import is_drawable
from tasks.core.processes import Processes, open_processes
from tasks.web.reader import READER_MODULE
from tests.brand.hostile_pictures import HOSTILE_PICTURES
from tests.brand.test_marks import ICON, LOGO, PAGE, URL, picture


@pytest.fixture(scope="module", name="processes")
def children() -> Iterator[Processes]:
    """Children that draw, as a build has them."""
    with open_processes(2, READER_MODULE) as processes:
        yield processes


@pytest.mark.parametrize("kind", HOSTILE_PICTURES)
async def test_a_hostile_picture_costs_the_logo_at_most(processes: Processes, kind: str) -> None:
    """The icon beside it is drawn; the event loop goes on."""
    resources = {LOGO: HOSTILE_PICTURES[kind](), ICON: picture("#ffffff", ground="#1e88e5", size=(64, 64))}
    probe = HomePageProbe(url=URL, requested_url=URL, light=PAGE)
    theme = await asyncio.to_thread(derive_theme, probe, resources, draw_in(processes))
    assert (theme.name, theme.favicon_url) == ("Acme", ICON)
    assert theme.logo_tile is not None


@pytest.mark.parametrize("kind", [kind for kind in HOSTILE_PICTURES if "nested group" in kind or "tower" in kind][:4])
def test_a_drawing_beyond_bounds_is_not_begun(kind: str) -> None:
    """Depth and proportions are read from its source."""
    assert not is_drawable(HOSTILE_PICTURES[kind]().decode())


def test_nesting_ends_before_the_renderer_recurses_too_deep() -> None:
    """In few elements, too."""
    assert is_drawable("<svg>" + "<g>" * 90 + "</g>" * 90 + "</svg>")
    assert not is_drawable("<svg>" + "<g>" * 200 + "</g>" * 200 + "</svg>")


def test_common_drawings_are_within_bounds() -> None:
    """Any unit, any order, none at all."""
    for attributes in (
        'viewBox="0 0 24 24"',
        'viewBox="-5,-5,10.5,.5"',
        'height="1em" width="1em"',
        "",
        'width="100%"',
    ):
        assert is_drawable(f'<svg xmlns="http://www.w3.org/2000/svg" {attributes}><g><path d="M0 0"/></g></svg>')
    assert is_drawable('<svg width="240px" height="80px">' + "<g><path/></g>" * 900 + "</svg>")
