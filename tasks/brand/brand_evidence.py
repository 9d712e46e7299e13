"""What a page showed, as typed records: each says what, through which channel, how large, and where."""

from enum import StrEnum

from tasks.core.models import Frozen


class Channel(StrEnum):
    """How a colour came to us. Channels are independent of each other; records within one are not."""

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
    channel: Channel
    found: str
    """For people: where on the page."""
    area: float = 0
    """Square pixels for fills, letters for links, 0 for what is declared only."""
    role: str = ""
    """What it is within its channel: `filled`, `outlined`, `inverse`, `pale` or `ground of a` for calls; the name
    for variables; `mask-icon`, `theme-color`, `manifest` … for declared; `header`, `hero`, `footer` or `bar` for
    surfaces; `wordmark` for a logo set in type."""
    weight: float = 1
    """0 … 1: what its place, its neighbours or its share leave of its strength."""
    text: str | None = None
    """Colour of the text on it."""
    backdrop: str | None = None
    """What it is painted on."""
    radius_px: float | None = None


class FontRecord(Frozen):
    """A font-family list and the letters shown in it."""

    family: str
    heading: bool
    letters: float


class ImageKind(StrEnum):
    """What a picture is said to be."""

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
    """For logos those that hold: `header`, `home` (links home), `named` (called a logo); for icons `rel`."""
    size: float = 0
    """Width in pixels; infinite for vector icons, 0 if unknown."""
    distance: float = 0
    """Pixels from the page's upper left corner, where logos are."""
    alt: str = ""
    backdrop: str | None = None
    """What it is shown on."""
    paints: tuple[tuple[str, float], ...] = ()
    """Of a drawing within the page: its colours with their areas. It has no address."""
    inline: str = ""
    """What has no address itself: the drawing's markup, or a `data:` URL."""


class Background(Frozen):
    """A colour that lies behind all else somewhere, and its share of the page."""

    colour: str
    share: float


class Looks(Frozen):
    """All that is known of a page's looks."""

    title: str = ""
    names: tuple[tuple[str, str], ...] = ()
    """(name, where it was found), the most trusted first."""
    wordmarks: tuple[str, ...] = ()
    """Texts of links home in the header."""
    language: str = ""
    prose: str = ""
    """The beginning of its headings and running text."""
    asks_consent: bool = False
    """Whether it asks its visitors for consent to tracking."""
    only_asks_consent: bool = False
    """Whether it does nothing else."""
    colours: tuple[ColourRecord, ...] = ()
    painted: frozenset[str] = frozenset()
    """Colours that are really seen somewhere."""
    backgrounds: tuple[Background, ...] = ()
    """The largest first; without what no one painted."""
    bare: float = 1
    """Share of the page that no one painted."""

    @property
    def ground(self) -> str | None:
        """The largest painted area, if it is larger than what no one painted."""
        first = self.backgrounds[0] if self.backgrounds else None
        return first.colour if first and first.share >= self.bare else None

    texts: tuple[str, ...] = ()
    """Colours of running text, the most used first."""
    fonts: tuple[FontRecord, ...] = ()
    images: tuple[ImageRecord, ...] = ()
    manifest: str | None = None
    """Address of the web app manifest."""
