"""Pictures of a widget's site, stored with the widget and served from our own origin."""

import hashlib
from enum import StrEnum
from uuid import UUID

from psycopg.rows import class_row

from tasks.core.database import Connection, Pool
from tasks.core.errors import NotFound
from tasks.core.models import Frozen

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
        (kind.value, hashlib.sha256(data).hexdigest()[:TAG_LENGTH], data, widget_id),
    )


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
    tag = hashlib.sha256(data).hexdigest()[:TAG_LENGTH]
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
