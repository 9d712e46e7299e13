"""A widget's own rules: which pages of its site are read and how, and its owner's instructions to the chat model.

Each may be absent: the setting of the same name is the default. Numbers are bounded by the settings.
"""

import re
from collections.abc import Sequence
from fnmatch import translate
from typing import Annotated
from urllib.parse import quote, urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from tasks.core.addresses import parse_start_url
from tasks.core.choices import RenderMode
from tasks.core.errors import InvalidRequest

MAX_PATTERNS = 50
MAX_LANGUAGES = 20
MAX_SITES = 10
_LANGUAGE = re.compile(r"\*|[a-z]{2,3}(-[a-z0-9]{2,8})*")
_NO_PATH = re.compile(r"[\s\x00-\x1f\x7f]|://")


def _is_pattern(pattern: str) -> str:
    if not pattern.startswith(("/", "*")) or _NO_PATH.search(pattern):
        raise ValueError("must be a path with * and ? that begins with / or *, like /blog/*")
    return pattern


def _is_language(code: str) -> str:
    code = code.lower().replace("_", "-")
    if not _LANGUAGE.fullmatch(code):
        raise ValueError("must be a language like de or pt-br, or * for all")
    return code


def _is_start_address(url: str) -> str:
    try:
        return parse_start_url(url)
    except InvalidRequest as error:
        raise ValueError(error.message.rstrip(".")) from error


def paths_pattern(globs: Sequence[str]) -> re.Pattern[str] | None:
    """Return the pattern of paths that one of the globs fits; None without globs.

    It takes no exponential time, because `translate` makes each `*` match once.
    """
    return re.compile("|".join(translate(_as_path(glob)) for glob in globs)) if globs else None


def _as_path(glob: str) -> str:
    """Return the glob as URLs are written; `[` stands for itself, for only `*` and `?` are special."""
    return quote(glob, safe="/*?%:@!$&'()+,;=~[]").replace("[", "[[]")


PathPattern = Annotated[str, Field(max_length=200), AfterValidator(_is_pattern)]
Language = Annotated[str, Field(max_length=35), AfterValidator(_is_language)]


StartAddress = Annotated[str, Field(max_length=2_048), AfterValidator(_is_start_address)]
StartAddresses = Annotated[
    tuple[StartAddress, ...], Field(max_length=MAX_SITES), AfterValidator(lambda urls: tuple(dict.fromkeys(urls)))
]


class ReadingRules(BaseModel):
    """Rules that narrow or widen what a build reads, and how; None: as the settings say."""

    model_config = ConfigDict(frozen=True)

    include: tuple[PathPattern, ...] | None = Field(None, max_length=MAX_PATTERNS)
    """Paths with `*` and `?`: besides the start page only these are read. Empty: all."""
    exclude: tuple[PathPattern, ...] | None = Field(None, max_length=MAX_PATTERNS)
    """Paths with `*` and `?` that are not read. Empty: none."""
    languages: tuple[Language, ...] | None = Field(None, max_length=MAX_LANGUAGES)
    """Languages to read in addition to the start page's; `*`: all the site has."""
    render: RenderMode | None = None
    """The pages that the browser renders."""
    read_noindex_paths: tuple[PathPattern, ...] | None = Field(None, max_length=MAX_PATTERNS)
    """Paths with `*` and `?` that are read although they ask search engines not to index them. Empty: none."""
    sites: StartAddresses | None = None
    """Start pages of further sites, read within the same bounds."""

    def admits(self, url: str) -> bool:
        """Whether a page is read by its path; start pages always are."""
        path = urlsplit(url).path
        included, excluded = paths_pattern(self.include or ()), paths_pattern(self.exclude or ())
        return (included is None or bool(included.match(path))) and not (excluded and excluded.match(path))


WITHOUT_DEFAULT = frozenset(("read_noindex_paths", "sites"))
"""Names of the reading rules that no setting is a default of."""


class WidgetRules(ReadingRules):
    """All rules of a widget."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    depth: int | None = Field(None, ge=0, strict=True)
    """Links to follow from the start page."""
    max_pages: int | None = Field(None, ge=1, strict=True)
    """Most pages to read."""
    instructions: str | None = Field(None, max_length=2_000)
    """Tone and wording of generated answers; they never change what the answers may say."""
