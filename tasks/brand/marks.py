"""A site's logo and icon, and the colours in their pixels."""

import base64
import json
import math
from collections.abc import Iterator, Mapping
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from tasks.brand.brand_evidence import ColourRecord, EvidenceSource, ImageKind, ImageRecord, ProbedPage
from tasks.brand.colours import parse_colour, vividness
from tasks.brand.drawing import Draw
from tasks.brand.site_images import Picture
from tasks.brand.values import as_item, clean_text

MAX_ICON = 192.0
MAX_LOGOS = 4
"""Logos that are fetched; the owner may choose another than the first."""
MAX_ICONS = 2
MAX_MANIFEST_BYTES = 100_000
MIN_SHARE = 0.03
ENOUGH_SHARE = 0.3
"""Share of a picture's coloured area from which a colour counts with its full strength."""
MOSTLY = 0.6
"""Share of a logo without a colour of its own."""
_ON_GROUND = 0.5
"""Factor on the colours that such a logo has on a coloured background: they are accents."""
_TRUSTED = 0.5
_BY_ROLE = {"header": 0.3, "home": 0.5, "named": 0.4}
_SOURCES = {
    ImageKind.logo: EvidenceSource.logo,
    ImageKind.organisation: EvidenceSource.logo,
    ImageKind.icon: EvidenceSource.icon,
    ImageKind.preview: EvidenceSource.preview,
}

Resources = Mapping[str, bytes | None]
"""URL → bytes; None where fetching failed. A URL that is absent was not requested."""


class Marks(NamedTuple):
    """The decoded pictures, and the manifest's name and colour."""

    pictures: Mapping[str, Picture | None]
    """Pictures by URL, `data:` URLs included; None for a picture that cannot be shown."""
    manifest_name: str
    manifest_colour: str | None


def wanted_resources(page: ProbedPage, url: str) -> tuple[str, ...]:
    """Return the URLs to fetch for the theme: logos, icon, manifest and preview, nine at most."""
    addresses = [record.url for record in ranked_logos(page) if record.url][:MAX_LOGOS]
    addresses += [icon.url for icon in ranked_icons(page)[:MAX_ICONS]]
    addresses += [record.url for record in page.images if record.kind is ImageKind.preview]
    addresses += [page.manifest] if page.manifest else []
    return tuple(dict.fromkeys(addresses))


def read_marks(page: ProbedPage, resources: Resources, draw: Draw) -> Marks:
    """Decode the pictures and the manifest among the fetched resources; broken bytes count as missing."""
    known = {record.url for record in page.images}
    within = {record.inline for record in page.images if record.inline.startswith("data:")}
    files = {url: data for url, data in resources.items() if url in known} | {url: data_of(url) for url in within}
    pictures = {url: drawing.picture if data and (drawing := draw(data)) else None for url, data in files.items()}
    manifest = _parse_manifest(resources.get(page.manifest) if page.manifest else None)
    name = clean_text(manifest.get("name")) or clean_text(manifest.get("short_name"))
    colour = manifest.get("theme_color")
    return Marks(pictures, name, parse_colour(colour) if isinstance(colour, str) else None)


def mark_colours(page: ProbedPage, marks: Marks) -> Iterator[ColourRecord]:
    """Yield the colours of the trusted logo, the icon, the preview and the manifest."""
    if marks.manifest_colour:
        yield ColourRecord(
            colour=marks.manifest_colour, source=EvidenceSource.declared, found="web app manifest", role="manifest"
        )
    logos = [record for record in ranked_logos(page) if logo_strength(record) >= _TRUSTED][:1]
    others = [record for record in page.images if record.kind is not ImageKind.logo]
    for record in (*logos, *others):
        stands_on = _ground_of(record, marks)
        for colour, share in _colours(record, marks):
            yield ColourRecord(
                colour=colour,
                source=_SOURCES[record.kind],
                found=record.found,
                area=share,
                weight=min(1.0, share / ENOUGH_SHARE) * (_ON_GROUND if stands_on else 1.0),
            )
        if stands_on:
            found = f"background of the {record.kind}"
            yield ColourRecord(colour=stands_on, source=EvidenceSource.logo, found=found, role="ground")


def _ground_of(record: ImageRecord, marks: Marks) -> str | None:
    """Return the coloured background of a logo that is mostly white or black; None for any other picture."""
    if record.kind is not ImageKind.logo or not record.backdrop or vividness(record.backdrop) < 1:
        return None
    picture = marks.pictures.get(record.url or record.inline)
    found = picture.colours if picture else record.paints
    if not found or (picture and picture.is_opaque):
        return None
    plain = sum(area for colour, area in found if vividness(colour) == 0)
    return record.backdrop if plain >= MOSTLY * sum(area for _, area in found) else None


def ranked_logos(page: ProbedPage) -> list[ImageRecord]:
    """Return the pictures that may be the logo, the most likely first; a customer's logo is not among them."""
    groups: dict[str, list[ImageRecord]] = {}
    for record in page.images:
        if logo_strength(record) > 0:
            groups.setdefault(record.url or f"drawn {record.paints} {record.inline}", []).append(record)

    def rank(group: list[ImageRecord]) -> tuple[float, float, str]:
        doubt = math.prod(sorted(1 - logo_strength(record) for record in group))
        return round(doubt, 6), min(record.distance for record in group), group[0].url

    return [max(group, key=lambda r: (logo_strength(r), r.found)) for group in sorted(groups.values(), key=rank)]


def logo_strength(record: ImageRecord) -> float:
    """Return the probability that this is the site's logo, 0 … 1."""
    if record.kind is ImageKind.organisation:
        return 0.6
    if record.kind is not ImageKind.logo or record.roles.isdisjoint({"header", "home"}):
        return 0.0
    return 1 - math.prod(1 - _BY_ROLE[role] for role in sorted(record.roles))


def best_icon(page: ProbedPage, marks: Marks | None = None) -> ImageRecord | None:
    """Return the icon for small sizes: a vector, else the largest up to 192 px; a touch icon only as a last resort."""
    return next(iter(ranked_icons(page, marks)), None)


def ranked_icons(page: ProbedPage, marks: Marks | None = None) -> list[ImageRecord]:
    """Return the icons, the fittest for small sizes first."""

    def fitness(icon: ImageRecord) -> tuple[bool, bool, float, str]:
        touch = "icon" not in icon.roles
        too_large = icon.size > MAX_ICON and not math.isinf(icon.size)
        return (touch, too_large, icon.size if too_large else -icon.size, icon.url)

    icons = [record for record in page.images if record.kind is ImageKind.icon]
    usable = [icon for icon in icons if marks is None or marks.pictures.get(icon.url, True) is not None]
    return sorted(usable, key=fitness)


def _colours(record: ImageRecord, marks: Marks) -> Iterator[tuple[str, float]]:
    """Yield the colours with their share of the coloured area; tiny areas are left out."""
    picture = marks.pictures.get(record.url or record.inline)
    found = picture.colours if picture else record.paints
    drawn = sum(area for _, area in found)
    coloured = [(colour, area) for colour, area in found if area >= MIN_SHARE * drawn and vividness(colour) > 0]
    total = sum(area for _, area in coloured)
    yield from ((colour, area / total) for colour, area in coloured if total > 0)


def data_of(url: str) -> bytes:
    """Decode a `data:` URL; empty if it is malformed."""
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
