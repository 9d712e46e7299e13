"""An owner's adjustments to a widget: validated values that override the ones found on the site."""

import re
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from tasks.core.palette import choose_text_colour, with_tokens
from tasks.core.theme_model import Hex, Theme

MAX_QUESTIONS = 6
MAX_ORIGINS = 50
_FONTS = re.compile(r"""[\w ,.'"-]+""")
_LOOKS = ("primary", "heading_font", "body_font", "radius_px")


def _fonts(families: str) -> str:
    if not _FONTS.fullmatch(families) or families.count('"') % 2 or families.count("'") % 2:
        raise ValueError('must be a CSS font-family list, like "Inter", sans-serif')
    return families


def _origin(text: str) -> str:
    parts = urlsplit(text.strip())
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path not in ("", "/") or parts.query:
        raise ValueError("must be an origin like https://www.example.com, without a path")
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2].lower()}"


Fonts = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_fonts)]
Question = Annotated[str, Field(min_length=1, max_length=200)]
Origin = Annotated[str, Field(max_length=300), AfterValidator(_origin)]


class Adjustments(BaseModel):
    """An owner's choices; None keeps the value found on the site."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    name: str | None = Field(None, min_length=1, max_length=80)
    greeting: str | None = Field(None, max_length=300)
    suggested_questions: tuple[Question, ...] | None = Field(None, max_length=MAX_QUESTIONS)
    primary: Hex | None = None
    heading_font: Fonts | None = None
    body_font: Fonts | None = None
    radius_px: float | None = Field(None, ge=0, le=24)
    scheme: Literal["light", "dark", "auto"] | None = None
    """`auto` follows each visitor's preference."""
    allowed_origins: tuple[Origin, ...] | None = Field(None, max_length=MAX_ORIGINS)
    """Origins of the pages that may embed the widget; None: any."""
    contact_form: bool | None = None
    """Whether visitors may leave their e-mail address. None: no, as an owner who has not asked would not look."""
    contact_consent: str | None = Field(None, min_length=1, max_length=500)
    """Text that visitors must agree to before they send their address; None: nothing to agree to."""

    not_found_text: str | None = Field(None, min_length=1, max_length=500)
    """Markdown that visitors get where the site does not say, if they ask in the site's language."""
    follow_ups: bool | None = None
    """Whether other questions are suggested then. None: yes."""
    locale: str | None = Field(None, pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$", max_length=35)
    """Language of the chat's own words; None: the site's."""

    def contact(self) -> dict[str, Any] | None:
        """Return what a widget's script needs for the form; None if there is no form."""
        return {"consent": self.contact_consent} if self.contact_form else None

    def texts(self) -> dict[str, Any]:
        """Return the chosen ones of name, greeting and suggested questions."""
        return self.model_dump(include={"name", "greeting", "suggested_questions"}, exclude_none=True)

    def apply_to(self, theme: Theme) -> Theme:
        """Return the theme with the owner's choices, all CSS variables recomputed so that every choice is legible.

        A theme that an earlier version stored has those of that version only.
        """
        changes = self.model_dump(include={*_LOOKS, "name", "greeting"}, exclude_none=True)
        if self.primary is not None:
            changes["on_primary"] = choose_text_colour(self.primary, theme.on_primary)
        return with_tokens(theme.model_copy(update=changes))
