"""Own logos: drawn by us within limits, shown in place of the site's until they are deleted."""

import io
from collections.abc import AsyncIterator

import pytest
from PIL import Image

from api.app import create_app
from api.widgets import logo_routes
from tasks.core.database import Pool
from tasks.core.processes import Limits
from tasks.core.theme_model import FoundLogo
from tasks.records.pictures import PictureKind, write_found_logos, write_picture
from tests.api.chatting import ADMIN, MANY, Chat, serving
from tests.conftest import MakeSettings
from tests.knowledge.answer_material import SHOP, build_site

RED, BLUE = (200, 20, 20), (20, 20, 200)
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 20"><rect width="40" height="20" fill="#c81414"/></svg>'


def picture(kind: str, colour: tuple[int, int, int] = RED, size: tuple[int, int] = (300, 120)) -> bytes:
    """A file with a plain picture."""
    file = io.BytesIO()
    Image.new("RGB", size, colour).save(file, kind)
    return file.getvalue()


@pytest.fixture
async def chat(pool: Pool, settings: MakeSettings) -> AsyncIterator[Chat]:
    """A shop of this test's own, with all routes, and a blue logo found on its site."""
    site = await build_site(pool, SHOP)
    async with pool.connection() as connection:
        await write_picture(connection, site.widget_id, PictureKind.logo, picture("PNG", BLUE))
    made = settings(admin_token=ADMIN, chat_rate=MANY, request_rate=MANY)
    async with serving(pool, made, site, routes=create_app(made).routes) as served:
        yield served


async def shown(chat: Chat) -> tuple[int, int, int]:
    """The colour in the middle of the logo that visitors see; asserts that the configuration has its tag."""
    tag = (await chat.http.get(chat.path)).json()["logo"]
    answer = await chat.http.get(f"{chat.path}/logo", params={"v": tag})
    assert answer.headers["etag"] == f'"{tag}"'
    assert "immutable" in answer.headers["cache-control"]
    image = Image.open(io.BytesIO(answer.content), formats=("PNG",)).convert("RGB")
    middle = image.getpixel((image.width // 2, image.height // 2))
    assert isinstance(middle, tuple)
    return middle[0], middle[1], middle[2]


async def has_own(chat: Chat) -> bool:
    """Whether the owner is told that the logo is his own."""
    headers = {"Authorization": f"Bearer {ADMIN}"}
    told: bool = (await chat.http.get(f"/api/widgets/{chat.site.widget_id}", headers=headers)).json()["has_own_logo"]
    return told


async def refused(chat: Chat, body: bytes) -> str:
    """The message that refuses this file; the logo is as it was."""
    answer = await chat.owner("PUT", "logo", content=body)
    assert answer.status_code in (413, 422), answer.text
    assert await shown(chat) == BLUE
    message: str = answer.json()["error"]["message"]
    return message


def is_near(colour: tuple[int, int, int], other: tuple[int, int, int]) -> bool:
    """Whether they are alike, as JPEG and WebP lose a little."""
    return all(abs(a - b) < 12 for a, b in zip(colour, other, strict=True))


@pytest.mark.parametrize(
    "body", [picture("PNG"), picture("JPEG"), picture("WEBP"), SVG], ids=("png", "jpeg", "webp", "svg")
)
async def test_a_logo_is_shown_at_once_and_until_it_is_deleted(chat: Chat, pool: Pool, body: bytes) -> None:
    """Also after the site is read again; what is served is a PNG of our own."""
    assert await shown(chat) == BLUE
    sent = await chat.owner("PUT", "logo", content=body)
    assert sent.status_code == 200, sent.text
    assert is_near(await shown(chat), RED)
    assert await has_own(chat) is True
    served = (await chat.http.get(f"{chat.path}/logo")).content
    assert body not in served
    assert Image.open(io.BytesIO(served), formats=("PNG",)).height == 80
    async with pool.connection() as connection:
        await write_picture(connection, chat.site.widget_id, PictureKind.logo, picture("PNG", BLUE))
    assert is_near(await shown(chat), RED)
    assert (await chat.owner("DELETE", "logo")).status_code == 204
    assert await shown(chat) == BLUE
    assert await has_own(chat) is False


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "empty"),
        (b"%PDF-1.7 a price list", "PNG, JPEG, WebP or SVG"),
        (picture("GIF"), "PNG, JPEG, WebP or SVG"),
        (b"<html><svg></svg><script>alert(1)</script></html>", "SVG cannot be drawn"),
        (SVG.replace(b"<rect", b"<text>Shop</text><rect"), "text to paths"),
        (SVG.replace(b"</svg>", b"<g>" * 200 + b"</g>" * 200 + b"</svg>"), "SVG cannot be drawn"),
        (SVG.replace(b"40 20", b"1 4000"), "SVG cannot be drawn"),
        (picture("PNG")[:200], "damaged"),
        (picture("PNG", size=(1, 1)), "damaged"),
        (picture("PNG", size=(5_000, 4_000)), "16 megapixels"),
        (picture("PNG") + bytes(2_000_000), "larger than"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_a_file_that_is_no_logo_is_refused_with_what_to_do(chat: Chat, body: bytes, words: str) -> None:
    """The former logo stays."""
    assert words in await refused(chat, body)


async def test_a_logo_cannot_show_a_file_of_the_machine(chat: Chat, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Nor anything else outside of it: references are cut, or the file is refused."""
    secret = tmp_path_factory.mktemp("secret") / "secret.png"
    secret.write_bytes(picture("PNG", (7, 130, 60), (200, 100)))
    for name in ("href", "xlink:href", 'hrhref="x"ef'):
        image = f'<image {name}="{secret}" width="40" height="20"/>'.encode()
        body = SVG.replace(b"<rect", image + b"<rect").replace(b'<rect width="40"', b'<rect width="4"')
        await chat.owner("PUT", "logo", content=body)
        assert not is_near(await shown(chat), (7, 130, 60))


async def test_a_logo_that_costs_too_much_is_refused(chat: Chat, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next one is drawn again."""
    assert (await chat.owner("PUT", "logo", content=SVG)).status_code == 200
    assert (await chat.owner("DELETE", "logo")).status_code == 204
    with monkeypatch.context() as narrowed:
        narrowed.setattr(logo_routes, "DRAWING", Limits(seconds=0.05, cpu_s=1, memory=1024**3))
        assert "too much time" in await refused(chat, picture("PNG", size=(4_000, 3_900)))
    assert (await chat.owner("PUT", "logo", content=SVG)).status_code == 200


async def test_a_logo_is_chosen_from_those_found(chat: Chat, pool: Pool) -> None:
    """It stays when the site is read again, which finds others; one that is not found any more is not chosen."""
    red, blue = (FoundLogo(tile=picture("PNG", colour), found="<b>header") for colour in (RED, BLUE))
    async with pool.connection() as connection:
        await write_found_logos(connection, chat.site.widget_id, [blue, red])
    listed = (await chat.owner("GET", "logo")).json()
    assert (listed["shown"], listed["is_own"]) == (listed["logos"][0]["tag"], False)
    assert [logo["found"] for logo in listed["logos"]] == ["<b>header", "<b>header"]
    assert listed["logos"][1]["picture"].startswith("data:image/png;base64,iVBOR")
    tag = listed["logos"][1]["tag"]
    assert (await chat.owner("PUT", "logo", json={"found": tag})).json() == {"logo": tag}
    assert await shown(chat) == RED
    async with pool.connection() as connection:
        await write_found_logos(connection, chat.site.widget_id, [blue])
    assert await shown(chat) == RED
    assert (await chat.owner("GET", "logo")).json()["is_own"] is True
    for body, status in (({"found": tag}, 404), ({"found": "x" * 21}, 422), ({"logo": tag}, 422), ({}, 422)):
        assert (await chat.owner("PUT", "logo", json=body)).status_code == status
    assert await shown(chat) == RED
