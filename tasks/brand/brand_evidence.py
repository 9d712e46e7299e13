"""Typed records of the brand evidence on a page: each has a value, a source, a size and a description of the place."""

from enum import StrEnum

from tasks.core.models import Frozen


class EvidenceSource(StrEnum):
    """The kind of evidence for a colour. Sources are independent of each other; records of one source are not."""

    call = "call"
    variable = "variable"
    logo = "logo"
    declared = "declared"
    icon = "icon"
    link = "link"
    heading = "heading"
    surface = "surface"
    detail = "detail"
    preview = "preview"


class ColourRecord(Frozen):
    """A colour the site uses."""

    colour: str
    source: EvidenceSource
    found: str
    """Description of the place on the page, for people."""
    area: float = 0
    """Square pixels for fills, number of letters for links, 0 for colours that are only declared."""
    role: str = ""
    """Kind within the source: `filled`, `outlined`, `inverse`, `pale` or `background of a` for calls to action; the
    name for variables; `mask-icon`, `theme-color`, `manifest` … for declared; `header`, `hero`, `footer` or `bar` for
    surfaces; `wordmark` for a logo set in type, `ground` for the background of a logo without a colour of its own."""
    weight: float = 1
    """Factor 0 … 1 on the strength, for the colour's place, neighbours and share."""
    text: str | None = None
    """Colour of the text on it."""
    backdrop: str | None = None
    """Colour behind it."""
    radius_px: float | None = None


class FontRecord(Frozen):
    """A font-family list and the number of letters shown in it."""

    family: str
    heading: bool
    letters: float


class ImageKind(StrEnum):
    """Role of a picture, as the page marks it."""

    logo = "logo"
    organisation = "organisation"
    icon = "icon"
    preview = "preview"


class ImageRecord(Frozen):
    """A picture that may be the logo or the icon."""

    url: str
    kind: ImageKind
    found: str
    roles: frozenset[str] = frozenset()
    """For logos any of `header`, `home` (links home) and `named` (called a logo); for icons the words of `rel`."""
    size: float = 0
    """Width in pixels; infinite for vector icons, 0 if unknown."""
    distance: float = 0
    """Distance in pixels from the page's upper left corner, where logos usually are."""
    alt: str = ""
    backdrop: str | None = None
    """Colour behind it."""
    paints: tuple[tuple[str, float], ...] = ()
    """Colours with their areas, for an inline SVG, which has no URL."""
    inline: str = ""
    """An inline SVG's markup, or a `data:` URL, for a picture without a URL of its own."""


class Background(Frozen):
    """A background colour and its share of the page."""

    colour: str
    share: float


class ProbedPage(Frozen):
    """The brand evidence of one page, as the probe reported it."""

    title: str = ""
    names: tuple[tuple[str, str], ...] = ()
    """Pairs of a name and its place on the page, the most trusted first."""
    wordmarks: tuple[str, ...] = ()
    """Texts of the header's links to the home page, outside of menus."""
    brands: tuple[str, ...] = ()
    """Those among them that the page calls its brand, logo or title."""
    copyrights: tuple[str, ...] = ()
    """Lines with a copyright sign."""
    handles: tuple[str, ...] = ()
    """Mail addresses, and addresses of profiles in social networks."""
    language: str = ""
    prose: str = ""
    """The first part of its headings and body text."""
    asks_consent: bool = False
    """Whether the page asks visitors for consent to tracking."""
    only_asks_consent: bool = False
    """Whether the page has nothing but that question."""
    colours: tuple[ColourRecord, ...] = ()
    painted: frozenset[str] = frozenset()
    """Colours that are visible somewhere on the page."""
    backgrounds: tuple[Background, ...] = ()
    """Painted backgrounds, the largest first."""
    bare: float = 1
    """Share of the page without a background."""

    @property
    def ground(self) -> str | None:
        """The largest background colour, if it covers at least as much as the area without a background."""
        first = self.backgrounds[0] if self.backgrounds else None
        return first.colour if first and first.share >= self.bare else None

    texts: tuple[str, ...] = ()
    """Colours of body text, the most used first."""
    fonts: tuple[FontRecord, ...] = ()
    images: tuple[ImageRecord, ...] = ()
    manifest: str | None = None
    """Address of the web app manifest."""
