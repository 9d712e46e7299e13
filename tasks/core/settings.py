"""Every setting of the product, read once at the edge and passed in.

Names the ecosystem knows keep theirs (`DATABASE_URL`, `PREFECT_API_URL`, `OPENAI_*`);
all others are `WIDGET_BUILDER_…`. A wrong value is refused with the setting's name.
"""

import re
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from tasks.core.errors import InvalidSetting

PREFIX = "WIDGET_BUILDER_"
PRODUCT = "AIWidgetBuilder"
"""The product token (RFC 9309 §2.2.1) by which robots rules may name us."""

Network = IPv4Network | IPv6Network


class RenderMode(StrEnum):
    """Which pages the browser reads."""

    auto = "auto"
    always = "always"
    never = "never"


class EmbeddingProvider(StrEnum):
    """Who turns text into vectors."""

    auto = "auto"
    openai = "openai"
    local = "local"


class Rate(BaseModel):
    """So many in so much time."""

    model_config = ConfigDict(frozen=True)

    count: int = Field(ge=1, le=1_000_000)
    seconds: int = Field(ge=1)

    @classmethod
    def parse(cls, text: str) -> "Rate":
        """The rate written as `20/minute`.

        Raises:
            ValueError: it is not written so.
        """
        match = re.fullmatch(r"\s*(\d{1,7})\s*/\s*(second|minute|hour|day)s?\s*", text)
        if match is None:
            raise ValueError("must be like 20/minute (second, minute, hour or day)")
        return cls(count=int(match[1]), seconds={"second": 1, "minute": 60, "hour": 3600, "day": 86400}[match[2]])


def _named(name: str) -> AliasChoices:
    """The environment name of a setting, beside its Python name."""
    return AliasChoices(name, name.lower())


class Settings(BaseSettings):
    """The product's settings: environment variables and `.env`."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_file=".env",
        extra="ignore",
        frozen=True,
        populate_by_name=True,
        env_ignore_empty=True,
    )

    database_url: SecretStr | None = Field(None, validation_alias=_named("DATABASE_URL"))
    """PostgreSQL with pgvector ≥ 0.8.4. Absent: the embedded server under `data_dir`."""

    prefect_api_url: str | None = Field(None, validation_alias=_named("PREFECT_API_URL"))
    """A Prefect server's API, ending in `/api`. Absent: the embedded server."""

    openai_api_key: SecretStr | None = Field(None, validation_alias=_named("OPENAI_API_KEY"))
    """With a key, `embedding_provider=auto` means OpenAI."""

    openai_base_url: str = Field("https://api.openai.com/v1", validation_alias=_named("OPENAI_BASE_URL"))
    """Any server that speaks OpenAI's protocol."""

    data_dir: Path = Path(".data")
    """Where the embedded services keep their data and logs."""

    host: str = "127.0.0.1"
    """Address the API listens on."""

    port: int = Field(8080, ge=1, le=65535)
    """Port the API listens on; `up` takes the next free one if it is in use."""

    public_url: str | None = None
    """The API's address as browsers see it, for snippets and previews. Absent: host and port."""

    browser_path: Path | None = None
    """A Chromium or Chrome to use. Absent: the first one found on the machine."""

    render: RenderMode = RenderMode.auto
    """`always`: browser at depth 0 and 1; `never`: HTTP only; `auto`: the browser where it matters."""

    browser_extract_workers: int = Field(3, ge=1, le=64)
    """Most browser tabs a build reads with at once."""

    http_extract_workers: int = Field(15, ge=1, le=256)
    """Most HTTP lanes that follow links at once."""

    scrape_workers: int = Field(10, ge=1, le=256)
    """Most pages turned into content at once."""

    embed_workers: int = Field(5, ge=1, le=64)
    """Most embedding batches under way at once."""

    store_workers: int = Field(3, ge=1, le=64)
    """Most store transactions under way at once."""

    adaptive: bool = True
    """Open a stage's lanes as work comes and close idle ones, from 1 up to the stage's `max_…_workers`; off: all of
    `…_workers` from the start."""

    max_browser_extract_workers: int | None = Field(None, ge=1, le=64)
    """Most browser lanes while `adaptive`. Absent, as for the others: `browser_extract_workers`."""

    max_http_extract_workers: int | None = Field(None, ge=1, le=256)
    """Most HTTP lanes while `adaptive`."""

    max_scrape_workers: int | None = Field(None, ge=1, le=256)
    """Most scrape lanes while `adaptive`."""

    max_embed_workers: int | None = Field(None, ge=1, le=64)
    """Most embed lanes while `adaptive`."""

    max_store_workers: int | None = Field(None, ge=1, le=64)
    """Most store lanes while `adaptive`."""

    max_depth: int = Field(5, ge=0, le=20)
    """Largest `depth` a build may ask for."""

    max_pages: int = Field(1000, ge=1, le=1_000_000)
    """Largest `max_pages` a build may ask for, and the default."""

    page_timeout_s: float = Field(30, gt=0, le=600)
    """Seconds one page may take, everything included."""

    max_page_bytes: int = Field(10_000_000, ge=1_000)
    """Largest page read, in bytes after decompression."""

    crawl_delay_s: float = Field(0, ge=0, le=60)
    """Least seconds between two requests to one host."""

    host_concurrency: int | None = Field(None, ge=1, le=512)
    """Most requests under way at once to one host. Absent: as many as there are lanes that fetch."""

    obey_robots: bool = True
    """Leave out what robots.txt forbids (RFC 9309)."""

    subdomains: bool = False
    """Read the other hosts of the site's domain too: `docs.example.com` when `example.com` is asked for."""

    include: Annotated[tuple[str, ...], NoDecode] = ()
    """Paths, comma-separated, with `*` and `?`: only these are read, besides the start page. Empty: all."""

    exclude: Annotated[tuple[str, ...], NoDecode] = ()
    """Paths, comma-separated, with `*` and `?`, that are left out."""

    languages: Annotated[tuple[str, ...], NoDecode] = ()
    """Languages, comma-separated (`de,fr`), read beside the start page's where a site has them; `*`: all."""

    build_rate: Annotated[Rate, NoDecode] = Rate(count=300, seconds=3600)
    """Builds one client's address may start, e.g. `300/hour`; joining one that is under way is free."""

    client_builds: int = Field(50, ge=1)
    """Most builds of one client's address at once, waiting ones included."""

    site_builds: int = Field(10, ge=1)
    """Most builds of one site at once; who asks for one that is under way joins it."""

    open_builds: int = Field(200, ge=1)
    """Most builds at once in all, waiting ones included: more would starve each other."""

    embedding_provider: EmbeddingProvider = EmbeddingProvider.auto
    """`auto`: openai with a key, else the local model."""

    embedding_model: str = "text-embedding-3-small"
    """OpenAI's embedding model; at most 1536 dimensions."""

    chunk_tokens: int = Field(190, ge=50, le=2_000)
    """About how many of the embedding model's tokens a passage has; tables and code of up to 512 stay whole."""

    chat_model: str = Field("gpt-4.1-mini", min_length=1)
    """OpenAI's model that words the answers, with a key; any model that the server at `openai_base_url` has."""

    chat_rate: Annotated[Rate, NoDecode] = Rate(count=20, seconds=60)
    """Questions one visitor's address may ask, e.g. `20/minute`."""

    chat_client_tokens: int = Field(100_000, ge=1)
    """Tokens of the chat model that one visitor's address may use up a day."""

    chat_widget_tokens: int = Field(2_000_000, ge=1)
    """Tokens of the chat model that one widget may use up a day."""

    chat_tokens: int = Field(10_000_000, ge=1)
    """Tokens of the chat model that all widgets together may use up a day."""

    retention_days: int = Field(30, ge=1, le=3650)
    """Days after which conversations are deleted, with their feedback."""

    admin_token: SecretStr | None = Field(None, min_length=16)
    """Opens every widget as its owner's token does; absent: there is no such token."""

    egress_allow: Annotated[tuple[Network, ...], NoDecode] = ()
    """CIDRs, comma-separated, that may be fetched although they are not public."""

    performance_metrics: bool = True
    """Add seconds, pages/s, bytes and tokens of each stage to the statistics."""

    @field_validator("egress_allow", mode="before")
    @classmethod
    def _split_networks(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(ip_network(part.strip()) for part in value.split(",") if part.strip())
        return value

    @field_validator("include", "exclude", "languages", mode="before")
    @classmethod
    def _split_list(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("include", "exclude")
    @classmethod
    def _are_paths(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if any(not path.startswith(("/", "*")) for path in value):
            raise ValueError("paths begin with / or *")
        return value

    @field_validator("build_rate", "chat_rate", mode="before")
    @classmethod
    def _read_rate(cls, value: object) -> object:
        return Rate.parse(value) if isinstance(value, str) else value

    @field_validator("prefect_api_url", "openai_base_url", "public_url")
    @classmethod
    def _is_http(cls, value: str | None) -> str | None:
        if value is not None and not value.startswith(("http://", "https://")):
            raise ValueError("must start with http:// or https://")
        return value.rstrip("/") if value else value

    @property
    def uses_openai(self) -> bool:
        """Whether embeddings come from OpenAI's protocol rather than from the local model."""
        if self.embedding_provider is EmbeddingProvider.auto:
            return self.openai_api_key is not None
        return self.embedding_provider is EmbeddingProvider.openai

    @property
    def max_lanes(self) -> dict[str, int]:
        """Most lanes of each kind, by the name of their limit in Prefect."""
        kinds = {
            "extract-browser": (self.browser_extract_workers, self.max_browser_extract_workers),
            "extract-http": (self.http_extract_workers, self.max_http_extract_workers),
            "scrape": (self.scrape_workers, self.max_scrape_workers),
            "embed": (self.embed_workers, self.max_embed_workers),
            "store": (self.store_workers, self.max_store_workers),
        }
        return {name: most if most and self.adaptive else workers for name, (workers, most) in kinds.items()}

    @property
    def max_fetch_lanes(self) -> int:
        """Most lanes that fetch at once."""
        return sum(self.max_lanes[name] for name in ("extract-browser", "extract-http", "scrape"))

    @property
    def origin(self) -> str:
        """Scheme, host and port under which browsers reach the API, without a trailing slash."""
        return self.public_url or f"http://{self.host}:{self.port}"

    @property
    def user_agent(self) -> str:
        """What we call ourselves: robots.txt knows us by our name, and a site's owner can find who runs us."""
        contact = f"; +{self.public_url}" if self.public_url else ""
        return f"Mozilla/5.0 (compatible; {PRODUCT}/0.1{contact})"


def load_settings(**overrides: object) -> Settings:
    """The settings of this process.

    Raises:
        InvalidSetting: a value is wrong; names the environment variable.
    """
    try:
        settings = Settings(**overrides)  # type: ignore[arg-type]
    except ValidationError as error:
        first = error.errors()[0]
        field = str(first["loc"][0])
        name = field if field.isupper() else PREFIX + field.upper()
        raise InvalidSetting(name, first["msg"]) from error
    if settings.embedding_provider is EmbeddingProvider.openai and settings.openai_api_key is None:
        raise InvalidSetting("OPENAI_API_KEY", "is needed while WIDGET_BUILDER_EMBEDDING_PROVIDER is openai")
    return settings
