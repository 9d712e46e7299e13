"""Pictures of a widget's site, stored with the widget and served from our own origin."""

import hashlib
from collections.abc import Sequence
from enum import StrEnum
from uuid import UUID

from psycopg.rows import class_row

from tasks.core.database import Connection, Pool
from tasks.core.errors import NotFound
from tasks.core.models import Frozen
from tasks.core.theme_model import FoundLogo
from tasks.records.sanitizing import sanitize_text

TAG_LENGTH = 20


class PictureKind(StrEnum):
    """The subject of a picture."""

    logo = "logo"
    """For the widget's header, PNG."""
    screenshot = "screenshot"
    """The first screen of the start page, JPEG."""

    @property
    def media_type(self) -> str:
        """The picture's Content-Type."""
        return "image/png" if self is PictureKind.logo else "image/jpeg"


class StoredPicture(Frozen):
    """A picture and its ETag."""

    data: bytes
    tag: str
    """The beginning of the SHA-256 of `data`: changes with the picture."""


class ChoosableLogo(StoredPicture):
    """A picture from which the owner may choose the logo."""

    found: str
    """Place on the site where it was found."""


async def write_picture(connection: Connection, widget_id: UUID, kind: PictureKind, data: bytes | None) -> None:
    """Store the picture in place of the previous one; None deletes that. Does nothing if the widget was deleted."""
    if data is None:
        await connection.execute(
            "DELETE FROM widget_pictures WHERE widget_id = %s AND kind = %s", (widget_id, kind.value)
        )
        return
    await connection.execute(
        "INSERT INTO widget_pictures (widget_id, kind, tag, data)"
        " SELECT id, %s, %s, %s FROM widgets WHERE id = %s FOR KEY SHARE"
        " ON CONFLICT (widget_id, kind) DO UPDATE SET tag = excluded.tag, data = excluded.data",
        (kind.value, _tag_of(data), data, widget_id),
    )


async def write_found_logos(connection: Connection, widget_id: UUID, logos: Sequence[FoundLogo]) -> None:
    """Store the pictures from which the owner chooses in place of the previous ones. Not of a deleted widget."""
    await connection.execute("DELETE FROM found_logos WHERE widget_id = %s", (widget_id,))
    for place, logo in enumerate(logos):
        await connection.execute(
            "INSERT INTO found_logos (widget_id, place, tag, found, data)"
            " SELECT id, %s, %s, %s, %s FROM widgets WHERE id = %s FOR KEY SHARE",
            (place, _tag_of(logo.tile), sanitize_text(logo.found), logo.tile, widget_id),
        )


async def read_found_logos(pool: Pool, widget_id: UUID) -> list[ChoosableLogo]:
    """Return the pictures found on the widget's site that may be its logo, the most likely first."""
    async with pool.connection() as connection, connection.cursor(row_factory=class_row(ChoosableLogo)) as cursor:
        await cursor.execute(
            "SELECT data, tag, found FROM found_logos WHERE widget_id = %s ORDER BY place", (widget_id,)
        )
        return await cursor.fetchall()


async def choose_found_logo(pool: Pool, widget_id: UUID, tag: str) -> None:
    """Show this picture found on the site as if the owner had sent it: no re-crawl changes it.

    Raises:
        NotFound: there is no such picture any more.
    """
    async with pool.connection() as connection:
        rows = await connection.execute(
            "INSERT INTO own_logos (widget_id, tag, data)"
            " SELECT widget_id, tag, data FROM found_logos WHERE widget_id = %s AND tag = %s LIMIT 1"
            " ON CONFLICT (widget_id) DO UPDATE SET tag = excluded.tag, data = excluded.data",
            (widget_id, tag),
        )
    if not rows.rowcount:
        raise NotFound("logo")


def _tag_of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:TAG_LENGTH]


async def save_screenshot(pool: Pool, widget_id: UUID, data: bytes | None) -> None:
    """Store a screenshot of the site's start page; None deletes the previous one."""
    async with pool.connection() as connection:
        await write_picture(connection, widget_id, PictureKind.screenshot, data)


async def read_picture(pool: Pool, widget_id: UUID, kind: PictureKind) -> StoredPicture | None:
    """Return the widget's picture of this kind, if it has one."""
    async with pool.connection() as connection, connection.cursor(row_factory=class_row(StoredPicture)) as cursor:
        await cursor.execute(
            "SELECT data, tag FROM widget_pictures WHERE widget_id = %s AND kind = %s", (widget_id, kind.value)
        )
        return await cursor.fetchone()


_LOGOS = (
    "SELECT {columns} FROM own_logos WHERE widget_id = %(widget)s UNION ALL SELECT {columns} FROM widget_pictures"
    " WHERE widget_id = %(widget)s AND kind = 'logo' AND NOT EXISTS"
    " (SELECT FROM own_logos WHERE widget_id = %(widget)s)"
)


async def read_logo(pool: Pool, widget_id: UUID) -> StoredPicture | None:
    """Return the owner's logo, or the one found on the site, if there is one."""
    async with pool.connection() as connection, connection.cursor(row_factory=class_row(StoredPicture)) as cursor:
        await cursor.execute(_LOGOS.format(columns="data, tag"), {"widget": widget_id})
        return await cursor.fetchone()


async def read_logo_tag(pool: Pool, widget_id: UUID) -> str | None:
    """Return the tag of the logo that is shown, if there is one."""
    async with pool.connection() as connection:
        rows = await connection.execute(_LOGOS.format(columns="tag"), {"widget": widget_id})
        row = await rows.fetchone()
    return None if row is None else str(row[0])


async def has_own_logo(pool: Pool, widget_id: UUID) -> bool:
    """Whether the owner has sent a logo."""
    async with pool.connection() as connection:
        rows = await connection.execute("SELECT FROM own_logos WHERE widget_id = %s", (widget_id,))
        return await rows.fetchone() is not None


async def save_own_logo(pool: Pool, widget_id: UUID, data: bytes) -> str:
    """Store the owner's logo in place of the previous one and return its tag.

    Raises:
        NotFound: the widget was deleted meanwhile.
    """
    tag = _tag_of(data)
    async with pool.connection() as connection:
        rows = await connection.execute(
            "INSERT INTO own_logos (widget_id, tag, data) SELECT id, %s, %s FROM widgets WHERE id = %s FOR KEY SHARE"
            " ON CONFLICT (widget_id) DO UPDATE SET tag = excluded.tag, data = excluded.data",
            (tag, data, widget_id),
        )
    if not rows.rowcount:
        raise NotFound("widget")
    return tag


async def delete_own_logo(pool: Pool, widget_id: UUID) -> None:
    """Delete the owner's logo, if there is one: that of the site is shown again."""
    async with pool.connection() as connection:
        await connection.execute("DELETE FROM own_logos WHERE widget_id = %s", (widget_id,))
