"""What an owner changes of a widget: checked values, laid over what was found on the site."""

import re
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from tasks.core.models import Hex, Theme
from tasks.core.palette import choose_text_colour, with_tokens

MAX_QUESTIONS = 6
MAX_ORIGINS = 50
_FONTS = re.compile(r"""[\w ,.'"-]+""")
_LOOKS = ("primary", "heading_font", "body_font", "radius_px")


def _fonts(families: str) -> str:
    if not _FONTS.fullmatch(families) or families.count('"') % 2 or families.count("'") % 2:
        raise ValueError("must be a CSS list of font names")
    return families


def _origin(text: str) -> str:
    parts = urlsplit(text.strip())
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path not in ("", "/") or parts.query:
        raise ValueError("must be like https://www.example.com")
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2].lower()}"


Fonts = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_fonts)]
Question = Annotated[str, Field(min_length=1, max_length=200)]
Origin = Annotated[str, Field(max_length=300), AfterValidator(_origin)]


class Adjustments(BaseModel):
    """An owner's choices; None leaves a thing as it was found."""

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
    """Where the widget may stand; None: anywhere."""

    def texts(self) -> dict[str, Any]:
        """Name, greeting and questions, as far as chosen."""
        return self.model_dump(include={"name", "greeting", "suggested_questions"}, exclude_none=True)

    def apply_to(self, theme: Theme) -> Theme:
        """The theme with the owner's choices, its variables computed anew: legible whatever was chosen."""
        changes = self.model_dump(include={*_LOOKS, "name", "greeting"}, exclude_none=True)
        if self.primary is not None:
            changes["on_primary"] = choose_text_colour(self.primary, theme.on_primary)
        changed = theme.model_copy(update=changes)
        return with_tokens(changed) if not theme.tokens or set(_LOOKS) & set(changes) else changed
