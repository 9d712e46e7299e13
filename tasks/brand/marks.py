"""A site's marks: its logo, its icon, and what their pixels say of its colours."""

import base64
import json
import math
from collections.abc import Iterator, Mapping
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from tasks.brand.brand_evidence import Channel, ColourRecord, ImageKind, ImageRecord, Looks
from tasks.brand.colours import parse_colour, vividness
from tasks.brand.site_images import Picture, decode_picture
from tasks.brand.values import as_item, clean_text

MAX_ICON = 192.0
MAX_LOGOS = 2
MAX_MANIFEST_BYTES = 100_000
MIN_SHARE = 0.03
ENOUGH_SHARE = 0.3
"""A colour with this share of what is coloured in a picture speaks with its full strength."""
_TRUSTED = 0.5
_BY_ROLE = {"header": 0.3, "home": 0.5, "named": 0.4}
_CHANNELS = {
    ImageKind.logo: Channel.logo,
    ImageKind.organisation: Channel.logo,
    ImageKind.icon: Channel.icon,
    ImageKind.preview: Channel.preview,
}

Resources = Mapping[str, bytes | None]
"""Address → bytes; None where fetching failed. An address that is absent was not asked for."""


class Marks(NamedTuple):
    """What is known of the pictures, those that were fetched decoded."""

    pictures: Mapping[str, Picture | None]
    """By address, `data:` URLs among them; None for what cannot be shown."""
    manifest_name: str
    manifest_colour: str | None


def wanted_resources(looks: Looks, url: str) -> tuple[str, ...]:
    """Addresses of what is worth fetching for the theme: logos, icon, manifest and preview, seven at most."""
    icon = best_icon(looks)
    addresses = [record.url for record in ranked_logos(looks) if record.url][:MAX_LOGOS]
    addresses += [icon.url] if icon else []
    addresses += [record.url for record in looks.images if record.kind is ImageKind.preview]
    addresses += [looks.manifest] if looks.manifest else []
    return tuple(dict.fromkeys(addresses))


def read_marks(looks: Looks, resources: Resources) -> Marks:
    """The pictures and the manifest among what was fetched. Broken bytes are none."""
    known = {record.url for record in looks.images}
    pictures = {url: decode_picture(data) if data else None for url, data in resources.items() if url in known}
    within = {record.inline for record in looks.images if record.inline.startswith("data:")}
    pictures |= {url: decode_picture(data_of(url)) for url in within}
    manifest = _parse_manifest(resources.get(looks.manifest) if looks.manifest else None)
    name = clean_text(manifest.get("name")) or clean_text(manifest.get("short_name"))
    colour = manifest.get("theme_color")
    return Marks(pictures, name, parse_colour(colour) if isinstance(colour, str) else None)


def mark_colours(looks: Looks, marks: Marks) -> Iterator[ColourRecord]:
    """The colours in trusted logos, in the icon, in the preview and in the manifest."""
    if marks.manifest_colour:
        yield ColourRecord(
            colour=marks.manifest_colour, channel=Channel.declared, found="web app manifest", role="manifest"
        )
    logos = [record for record in ranked_logos(looks) if logo_strength(record) >= _TRUSTED][:1]
    others = [record for record in looks.images if record.kind is not ImageKind.logo]
    for record in (*logos, *others):
        for colour, share in _colours(record, marks):
            yield ColourRecord(
                colour=colour,
                channel=_CHANNELS[record.kind],
                found=record.found,
                area=share,
                weight=min(1.0, share / ENOUGH_SHARE),
            )


def ranked_logos(looks: Looks) -> list[ImageRecord]:
    """Pictures with signs of being the logo, the strongest first; a customer's logo has none that counts."""
    groups: dict[str, list[ImageRecord]] = {}
    for record in looks.images:
        if logo_strength(record) > 0:
            groups.setdefault(record.url or f"drawn {record.paints} {record.inline}", []).append(record)

    def rank(group: list[ImageRecord]) -> tuple[float, float, str]:
        doubt = math.prod(sorted(1 - logo_strength(record) for record in group))
        return round(doubt, 6), min(record.distance for record in group), group[0].url

    return [max(group, key=lambda r: (logo_strength(r), r.found)) for group in sorted(groups.values(), key=rank)]


def logo_strength(record: ImageRecord) -> float:
    """How sure it is that this is the site's logo, 0 … 1."""
    if record.kind is ImageKind.organisation:
        return 0.6
    if record.kind is not ImageKind.logo or record.roles.isdisjoint({"header", "home"}):
        return 0.0
    return 1 - math.prod(1 - _BY_ROLE[role] for role in sorted(record.roles))


def best_icon(looks: Looks, marks: Marks | None = None) -> ImageRecord | None:
    """The icon for small sizes: a vector, else the largest up to 192 px; a touch icon only if alone."""

    def fitness(icon: ImageRecord) -> tuple[bool, bool, float, str]:
        touch = "icon" not in icon.roles
        too_large = icon.size > MAX_ICON and not math.isinf(icon.size)
        return (touch, too_large, icon.size if too_large else -icon.size, icon.url)

    icons = [record for record in looks.images if record.kind is ImageKind.icon]
    usable = [icon for icon in icons if marks is None or marks.pictures.get(icon.url, True) is not None]
    return min(usable, key=fitness, default=None)


def _colours(record: ImageRecord, marks: Marks) -> Iterator[tuple[str, float]]:
    """Colours with their share of what is coloured at all; specks are left out."""
    picture = marks.pictures.get(record.url or record.inline)
    found = picture.colours if picture else record.paints
    drawn = sum(area for _, area in found)
    coloured = [(colour, area) for colour, area in found if area >= MIN_SHARE * drawn and vividness(colour) > 0]
    total = sum(area for _, area in coloured)
    yield from ((colour, area / total) for colour, area in coloured if total > 0)


def data_of(url: str) -> bytes:
    """The bytes in a `data:` URL; none if it cannot be read."""
    head, _, body = url.partition(",")
    try:
        return base64.b64decode(body) if head.endswith(";base64") else unquote_to_bytes(body)
    except ValueError:
        return b""


def _parse_manifest(data: bytes | None) -> dict[object, object]:
    if not data or len(data) > MAX_MANIFEST_BYTES:
        return {}
    try:
        return as_item(json.loads(data))
    except (ValueError, RecursionError):
        return {}
