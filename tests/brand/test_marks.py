"""What logos, icons and manifests say, from bytes of any kind."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from tasks.brand.colours import difference
from tasks.brand.derived_theme import HomePageProbe, derive_theme, resources_for
from tasks.brand.site_images import MAX_BYTES, draw_picture
from tasks.core.theme_model import Theme

URL = "https://www.acme.example/"
LOGO, ICON = f"{URL}logo.png", f"{URL}icon.png"
PAGE: dict[str, Any] = {
    "logos": [{"url": LOGO, "header": True, "home": True, "named": True, "alt": "Acme logo", "backdrop": "#101820"}],
    "icons": [{"url": ICON, "rel": "icon", "sizes": "32x32"}],
    "manifest": f"{URL}site.webmanifest",
    "preview": f"{URL}preview.jpg",
    "backgrounds": {"colours": [{"colour": "#ffffff", "amount": 90}], "bare": 10, "cells": 100},
}


def picture(*colours: str, ground: str | None = None, size: tuple[int, int] = (120, 40), format_: str = "PNG") -> bytes:
    """A picture with stripes of these colours, on a ground or on nothing."""
    image = Image.new("RGBA", size, ground or "#00000000")
    for place, colour in enumerate(colours):
        image.paste(colour, (10 + 20 * place, 10, 25 + 20 * place, 30))
    file = io.BytesIO()
    (image.convert("RGB") if format_ == "JPEG" else image).save(file, format_)
    return file.getvalue()


def drawing(inside: str) -> bytes:
    """An SVG picture."""
    links = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
    return f'<svg {links} viewBox="0 0 120 40">{inside}</svg>'.encode()


def theme_with(resources: dict[str, bytes | None], page: dict[str, Any] = PAGE) -> Theme:
    """The theme of a page and what was fetched for it."""
    return derive_theme(HomePageProbe(url=URL, requested_url=URL, light=page), resources, draw_picture)


NESTED = "".join(f'<g id="g{n}"><use href="#g{n - 1}"/><use href="#g{n - 1}"/></g>' for n in range(1, 40))
BROKEN: dict[str, Callable[[], bytes]] = {
    "nothing": lambda: b"",
    "not found, as a page": lambda: b"<!doctype html><title>Not found</title><svg",
    "half a drawing": lambda: b'<svg xmlns="http://www.w3.org/2000/svg"><path d="M0 0',
    "an empty drawing": lambda: drawing(""),
    "a drawing of twenty megabytes": lambda: drawing("<g>" + " " * 20_000_000 + "</g>"),
    "a drawing that draws itself for ever": lambda: drawing(
        f'<g id="g0"><path d="M0 0h9v9z"/></g>{NESTED}<use href="#g39"/>'
    ),
    "half a picture": lambda: picture("#d81b60")[:60],
    "a picture of twenty megabytes": lambda: picture("#d81b60") + b"\0" * 20_000_000,
    "a bomb": lambda: picture("#d81b60", size=(20_000, 2_000)),
    "text": lambda: b"Hello",
}
"""Each is made for its test: some take a second, and many megabytes."""


@pytest.mark.parametrize("kind", BROKEN)
def test_a_logo_that_cannot_be_shown_is_replaced_by_the_icon_and_that_by_a_monogram(kind: str) -> None:
    """Whatever came in its place: nothing raises, nothing hangs."""
    broken = BROKEN[kind]()
    theme = theme_with({LOGO: broken, ICON: picture("#ffffff", ground="#1e88e5", size=(64, 64))})
    assert (theme.logo_url, theme.primary) == (ICON, "#1e88e5")
    assert theme.sources["logo_url"] == "link rel=icon, as there is no logo"
    assert theme.logo_tile is not None
    without = theme_with({LOGO: broken, ICON: None})
    assert (without.logo_url, without.favicon_url, without.monogram) == (None, None, "A")
    assert without.logo_tile is None


def tile_of(resources: dict[str, bytes | None], page: dict[str, Any] = PAGE) -> Image.Image:
    """The logo as the widget shows it."""
    data = theme_with(resources, page).logo_tile
    assert data is not None
    assert len(data) <= 64_000
    return Image.open(io.BytesIO(data), formats=("PNG",))


def shown(tile: Image.Image, *, place: tuple[int, int] = (2, 2)) -> str:
    """The colour at a place of the tile, by default in its corner."""
    return "#{:02x}{:02x}{:02x}".format(*tile.convert("RGB").getpixel(place))  # type: ignore[misc]


def test_the_widgets_logo_stands_on_a_ground_it_is_seen_on() -> None:
    """White on what the site shows it on, dark on white, with a ground of its own on that."""
    assert shown(tile_of({LOGO: picture("#ffffff", "#fefefe")})) == "#101820"
    assert shown(tile_of({LOGO: picture("#222222")})) == "#ffffff"
    bare = PAGE | {"logos": [PAGE["logos"][0] | {"backdrop": None}]}
    assert shown(tile_of({LOGO: picture("#ffffff")}, bare)) == "#000000"
    pale = PAGE | {"logos": [PAGE["logos"][0] | {"backdrop": "#ff8533"}]}
    assert shown(tile_of({LOGO: picture("#ffffff")}, pale)) == "#ff8533"
    whole = tile_of({LOGO: picture("#ffffff", ground="#7b1fa2", size=(64, 64))})
    assert (whole.size, shown(whole)) == ((80, 80), "#7b1fa2")


def test_a_logo_with_a_white_letter_is_not_put_on_white() -> None:
    """Nor on its own ground, if the letter is lost there: most of the picture is not all of it."""
    letters = picture("#ffffff", "#d81b60", "#d81b60")
    page = PAGE | {"logos": [PAGE["logos"][0] | {"backdrop": "#ffffff"}]}
    assert shown(tile_of({LOGO: letters}, page)) == "#000000"
    dark = PAGE | {"logos": [PAGE["logos"][0] | {"backdrop": "#102030"}]}
    assert shown(tile_of({LOGO: letters}, dark)) == "#102030"


def test_an_app_icon_with_round_corners_fills_its_place() -> None:
    """In its own ground, whatever else it shows."""
    inside = "<rect width='40' height='40' rx='9' fill='#e3f4e8'/><path fill='#0f6b4f' d='M12 12h16v28H12z'/>"
    links = 'xmlns="http://www.w3.org/2000/svg"'
    tile = tile_of({LOGO: f'<svg {links} viewBox="0 0 40 40">{inside}</svg>'.encode()})
    assert (tile.size, shown(tile), shown(tile, place=(40, 40))) == ((80, 80), "#e3f4e8", "#0f6b4f")


def test_the_widgets_logo_is_cut_free_and_fits_its_place() -> None:
    """Empty margins go; a strip too wide to be read gives way to an icon that is sharp enough."""
    tile = tile_of({LOGO: picture("#d81b60", size=(900, 900))})
    assert tile.size == (80, 80)
    assert shown(tile, place=(40, 40)) == "#d81b60"
    strip = {LOGO: picture(*["#d81b60"] * 30, size=(640, 40))}
    assert tile_of(strip).width == 176
    assert shown(tile_of(strip | {ICON: picture("#1e88e5", ground="#1e88e5", size=(64, 64))})) == "#1e88e5"
    assert tile_of(strip | {ICON: picture("#1e88e5", ground="#1e88e5", size=(16, 16))}).width == 176


def test_a_wide_logo_is_not_replaced_by_another_picture_of_the_header() -> None:
    """It may be another company's; the icon is the site's own."""
    strip, other = picture(*["#d81b60"] * 30, size=(640, 40)), f"{URL}partner.png"
    partner = PAGE["logos"][0] | {"url": other, "home": False}
    page = PAGE | {"logos": [*PAGE["logos"], partner]}
    files = {
        LOGO: strip,
        other: picture("#43a047", size=(64, 64)),
        ICON: picture("#1e88e5", ground="#1e88e5", size=(64, 64)),
    }
    assert shown(tile_of(files, page)) == "#1e88e5"
    assert tile_of(files | {ICON: None}, page).width == 176


def test_a_drawing_with_letters_set_in_type_is_no_logo_for_the_widget() -> None:
    """There are no fonts to draw them with."""
    named = drawing("<path fill='#d81b60' d='M0 0h30v30z'/><text x='40' y='30'>Acme</text>")
    assert theme_with({LOGO: named, ICON: None}).logo_tile is None


@given(st.text(max_size=200).map(lambda text: f"data:image/png;base64,{text}") | st.text(max_size=300))
def test_whatever_a_page_has_in_place_of_a_logo_is_drawn_or_not(inline: str) -> None:
    """Markup and `data:` URLs of any kind: nothing raises."""
    page = PAGE | {"logos": [PAGE["logos"][0] | {"url": "", "inline": inline}]}
    tile = theme_with({}, page).logo_tile
    assert tile is None or tile.startswith(b"\x89PNG")


@given(st.binary(max_size=300) | st.binary(max_size=300).map(lambda data: picture("#d81b60")[:40] + data))
def test_any_bytes_are_a_picture_or_none(data: bytes) -> None:
    """No decoder's error gets out."""
    found = draw_picture(data)
    assert found is None or found.picture.colours


@pytest.mark.parametrize("format_", ["PNG", "GIF", "WEBP", "ICO", "JPEG"])
def test_the_colours_of_a_logo_are_the_brands(format_: str) -> None:
    """In any format; black letters and a white ground say nothing."""
    data = picture("#d81b60", "#d81b60", "#000000", ground="#ffffff", format_=format_)
    theme = theme_with({LOGO: data})
    assert difference(theme.primary, "#d81b60") < 6
    assert theme.sources["primary"] == "logo on the page"


def test_a_drawn_logo_is_read_like_any_and_what_it_refers_to_is_not_fetched() -> None:
    """Styles, gradients and groups are drawn; a file or an address in it is not."""
    inside = (
        "<style>.a{fill:#00695c}</style><path class='a' d='M0 0h60v40H0z'/>"
        "<image href='file:///etc/hostname' width='9' height='9'/><image xlink:href='https://x.example/a.png'/>"
    )
    assert theme_with({LOGO: drawing(inside)}).primary == "#00695c"


@pytest.mark.parametrize(
    "reference",
    [
        *('href="{}"', "href = '{}'", 'xlink:href="{}"', 'href="file://{}"'),
        *('hrhref="x"ef="{}"', "hrhref='x'ef='{}'", 'hrefhref="x"="{}"', 'hrhrhref="x"ef="x"ef="{}"'),
        *("""id='href="' href='{}' class='"'""", """id="href='data:" href="{}" class="'" """),
    ],
)
def test_no_logo_shows_a_file_of_the_machine_it_is_drawn_on(reference: str, tmp_path: Path) -> None:
    """However the reference is written, also if only the removal of others would make it one."""
    file = tmp_path / "secret.png"
    file.write_bytes(picture("#ff0000", ground="#ff0000", size=(60, 40)))
    image = f"<image width='60' height='40' {reference.format(file)}/>"
    found = draw_picture(drawing(f"<path fill='#00695c' d='M0 0h9v9H0z'/>{image}"))
    assert found is None or {colour for colour, _ in found.picture.colours} == {"#00695c"}


def test_a_logo_in_many_colours_leaves_the_choice_open() -> None:
    """Up to three swatches, the first applied, and little confidence."""
    theme = theme_with({LOGO: picture("#4285f4", "#ea4335", "#fbbc05", "#34a853")})
    assert len(theme.swatches) == 3
    assert theme.primary == theme.swatches[0].colour
    assert theme.confidence < 0.4


def test_a_white_logo_brings_the_ground_it_was_seen_on() -> None:
    """On the widget's white it would be gone."""
    white = theme_with({LOGO: picture("#ffffff", "#fefefe")})
    assert (white.logo_url, white.logo_background) == (LOGO, "#101820")
    assert theme_with({LOGO: picture("#333333")}).logo_background is None
    assert theme_with({LOGO: picture("#ffffff", ground="#7b1fa2")}).logo_background is None


def test_a_white_logos_coloured_ground_is_the_brands() -> None:
    """Unless the logo has a colour itself; a button that contrasts with it comes second."""
    button = {"colours": ["#efe204"], "area": 6000, "height": 44, "top": 300, "label": "Search", "backdrop": "#ffffff"}
    page = PAGE | {"logos": [PAGE["logos"][0] | {"backdrop": "#7b1fa2"}]}
    assert theme_with({LOGO: picture("#ffffff")}, page).primary == "#7b1fa2"
    assert theme_with({LOGO: picture("#ffffff", "#43a047")}, page).primary == "#43a047"
    header = {"colour": "#7b1fa2", "place": "header", "area": 90_000}
    both = page | {"calls": [button], "surfaces": [header]}
    assert theme_with({LOGO: picture("#ffffff")}, both).primary == "#7b1fa2"
    assert theme_with({LOGO: picture("#333333")}, both | {"logos": [PAGE["logos"][0]]}).primary == "#efe204"


def test_a_manifest_names_the_site_and_its_colour() -> None:
    """A broken one does not."""
    manifest = json.dumps({"name": "Acme Anvils", "theme_color": "#7b1fa2"}).encode()
    named = theme_with({f"{URL}site.webmanifest": manifest})
    assert (named.name, named.primary, named.sources["primary"]) == ("Acme Anvils", "#7b1fa2", "web app manifest")
    for broken in (b"[" * 90_000, b'{"name": 7, "theme_color": []}', b"\xff\xfe", b"<html>"):
        assert theme_with({f"{URL}site.webmanifest": broken}).confidence <= 0.1


def test_the_preview_picture_decides_only_between_equals() -> None:
    """Alone it is no evidence."""
    preview = {f"{URL}preview.jpg": picture("#1e88e5", "#1e88e5")}
    assert theme_with(preview).confidence == 0.1
    links = [{"colour": "#8e24aa", "amount": 9}, {"colour": "#1e88e5", "amount": 9}]
    page = PAGE | {"links": links}
    assert theme_with({}, page).confidence < 0.3
    assert theme_with(preview, page).primary == "#1e88e5"


def test_owners_choose_from_all_pictures_that_may_be_the_logo() -> None:
    """Each once, the one that is shown first; blurred icons and those that cannot be drawn are none of them."""
    other, third, small = (f"{URL}{name}.png" for name in ("other", "third", "small"))
    named = [PAGE["logos"][0] | {"url": url, "home": False} for url in (other, third)]
    icons = [*PAGE["icons"], PAGE["icons"][0] | {"url": small}]
    files = {
        LOGO: picture("#d81b60"),
        other: picture("#43a047", size=(64, 64)),
        third: picture("#43a047", size=(64, 64)),
        ICON: picture("#1e88e5", ground="#1e88e5", size=(64, 64)),
        small: picture("#8e24aa", ground="#8e24aa", size=(16, 16)),
    }
    theme = theme_with(files, PAGE | {"logos": [*PAGE["logos"], *named], "icons": icons})
    assert len(theme.found_logos) == 3
    assert theme.found_logos[0].tile == theme.logo_tile
    assert len({logo.tile for logo in theme.found_logos}) == 3
    assert all(logo.found for logo in theme.found_logos)
    assert "found_logos" not in theme.model_dump(mode="json")
    many = [PAGE["logos"][0] | {"url": f"{URL}{n}.png"} for n in range(9)]
    drawn = {f"{URL}{n}.png": picture(f"#{n}{n}1b60", size=(64, 64)) for n in range(9)}
    assert len(theme_with(drawn, PAGE | {"logos": many}).found_logos) == 6


def test_few_things_are_fetched_and_only_from_web_addresses() -> None:
    """Four logos, two icons, the manifest and the preview at most."""
    logos = [{"url": f"/{n}.png", "header": True, "home": True} for n in range(9)]
    odd = [{"url": "javascript:alert(1)", "header": True}, {"url": "file:///etc/passwd", "home": True}]
    wanted = resources_for(HomePageProbe(url=URL, requested_url=URL, light=PAGE | {"logos": [*odd, *logos]}))
    assert len(wanted) == 7
    assert all(address.startswith(URL) for address in wanted)
    assert MAX_BYTES <= 2_000_000
