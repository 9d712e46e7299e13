"""The pictures a widget has of its site: they go with the widget, and are served from our own origin."""

import hashlib
from enum import StrEnum
from uuid import UUID

from psycopg.rows import class_row

from tasks.core.database import Connection, Pool
from tasks.core.models import Frozen

TAG_LENGTH = 20


class PictureKind(StrEnum):
    """What it shows."""

    logo = "logo"
    """For the widget's header, PNG."""
    screenshot = "screenshot"
    """The start page's first screen, JPEG."""

    @property
    def media_type(self) -> str:
        """How it is encoded."""
        return "image/png" if self is PictureKind.logo else "image/jpeg"


class StoredPicture(Frozen):
    """A picture as it is sent."""

    data: bytes
    tag: str
    """Changes with the picture."""


async def write_picture(connection: Connection, widget_id: UUID, kind: PictureKind, data: bytes | None) -> None:
    """Keep the picture in place of the one before; None: there is none now. Of a widget that has gone, nothing."""
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
    """Keep what the site's start page looked like."""
    async with pool.connection() as connection:
        await write_picture(connection, widget_id, PictureKind.screenshot, data)


async def read_picture(pool: Pool, widget_id: UUID, kind: PictureKind) -> StoredPicture | None:
    """The widget's picture of this kind, if it has one."""
    async with pool.connection() as connection, connection.cursor(row_factory=class_row(StoredPicture)) as cursor:
        await cursor.execute(
            "SELECT data, tag FROM widget_pictures WHERE widget_id = %s AND kind = %s", (widget_id, kind.value)
        )
        return await cursor.fetchone()


async def read_picture_tag(pool: Pool, widget_id: UUID, kind: PictureKind) -> str | None:
    """The tag of the widget's picture of this kind, if it has one."""
    async with pool.connection() as connection:
        rows = await connection.execute(
            "SELECT tag FROM widget_pictures WHERE widget_id = %s AND kind = %s", (widget_id, kind.value)
        )
        row = await rows.fetchone()
    return None if row is None else str(row[0])
