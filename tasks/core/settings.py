"""The product's settings, read once at the edge and passed in.

Settings the ecosystem knows keep their names (`DATABASE_URL`, `PREFECT_API_URL`, `OPENAI_*`); all others are
`WIDGET_BUILDER_…`. A wrong value stops the process; the error names the setting and the values it allows.
"""

from collections.abc import Iterator
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated
from urllib.parse import SplitResult, urlsplit

from pydantic import AliasChoices, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from tasks.core.choices import EmbeddingProvider, LogFormat, ReasoningEffort, RenderMode
from tasks.core.errors import InvalidSetting
from tasks.core.rates import Rate
from tasks.core.setting_errors import allowed_values

PREFIX = "WIDGET_BUILDER_"
PRODUCT = "AIWidgetBuilder"
"""Product token (RFC 9309 §2.2.1): the name of our crawler in robots.txt."""

Network = IPv4Network | IPv6Network

_LOOPBACK_NAMES = ("127.0.0.1", "localhost", "[::1]")
_LOCAL_HOSTS = ("127.0.0.1", "localhost", "::1", "0.0.0.0", "::")
"""Hosts behind which loopback's names lead to the API as well."""


def _named(name: str) -> AliasChoices:
    """Accept the environment variable's name beside the Python name."""
    return AliasChoices(name, name.lower())


class Settings(BaseSettings):
    """The product's settings, from environment variables and `.env`."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_file=".env",
        extra="ignore",
        frozen=True,
        populate_by_name=True,
        # Compose passes unset variables on as empty ones.
        env_ignore_empty=True,
    )

    database_url: SecretStr | None = Field(None, validation_alias=_named("DATABASE_URL"))
    """URL of a PostgreSQL database with pgvector ≥ 0.8.4. Absent: the embedded server under `data_dir`."""

    prefect_api_url: str | None = Field(None, validation_alias=_named("PREFECT_API_URL"))
    """URL of a Prefect server's API, ending in `/api`. Absent: the embedded server."""

    prefect_api_auth_string: SecretStr | None = Field(None, validation_alias=_named("PREFECT_API_AUTH_STRING"))
    """Login at that server, `user:password`. The embedded server has one of its own."""

    prefect_api_key: SecretStr | None = Field(None, validation_alias=_named("PREFECT_API_KEY"))
    """API key at that server, if it takes keys, as Prefect Cloud does."""

    openai_api_key: SecretStr | None = Field(None, validation_alias=_named("OPENAI_API_KEY"))
    """API key for OpenAI or a compatible server. With a key, `embedding_provider=auto` means OpenAI."""

    openai_base_url: str = Field("https://api.openai.com/v1", validation_alias=_named("OPENAI_BASE_URL"))
    """Base URL of OpenAI's API or of any compatible server."""

    data_dir: Path = Path(".data")
    """Folder for the data and logs of the embedded services."""

    host: str = "127.0.0.1"
    """Address the API listens on. Default: this machine only."""

    port: int = Field(8080, ge=1, le=65535)
    """Port the API listens on; `up` uses the next free one if it is taken."""

    worker_metrics_port: int | None = Field(None, ge=1, le=65535)
    """Port on `host` under which a worker shows its metrics. Absent: none."""

    public_url: str | None = None
    """URL of the API as browsers see it, for snippets and previews. Absent: `http://HOST:PORT`."""

    browser_path: Path | None = None
    """Chromium or Chrome executable. Absent: the first one found on the machine."""

    render: RenderMode = RenderMode.auto
    """`auto`: browser only for pages that need it; `always`: browser at depth 0 and 1; `never`: plain HTTP only."""

    browser_extract_workers: int = Field(3, ge=1, le=64)
    """Browser tabs a build may use at once."""

    http_extract_workers: int = Field(15, ge=1, le=256)
    """HTTP fetches a build may run at once to follow links."""

    scrape_workers: int = Field(10, ge=1, le=256)
    """Pages a build may turn into content at once."""

    embed_workers: int = Field(5, ge=1, le=64)
    """Embedding batches a build may have in flight at once."""

    store_workers: int = Field(3, ge=1, le=64)
    """Store transactions a build may have open at once."""

    adaptive: bool = True
    """Open and close a stage's lanes with its load, from 1 up to its `max_…_workers`. Off: `…_workers` lanes from the
    start."""

    max_browser_extract_workers: int | None = Field(None, ge=1, le=64)
    """Upper bound of browser lanes while `adaptive`. Absent: `browser_extract_workers`."""

    max_http_extract_workers: int | None = Field(None, ge=1, le=256)
    """Upper bound of HTTP lanes while `adaptive`. Absent: `http_extract_workers`."""

    max_scrape_workers: int | None = Field(None, ge=1, le=256)
    """Upper bound of scrape lanes while `adaptive`. Absent: `scrape_workers`."""

    max_embed_workers: int | None = Field(None, ge=1, le=64)
    """Upper bound of embed lanes while `adaptive`. Absent: `embed_workers`."""

    max_store_workers: int | None = Field(None, ge=1, le=64)
    """Upper bound of store lanes while `adaptive`. Absent: `store_workers`."""

    max_depth: int = Field(5, ge=0, le=20)
    """Largest `depth`, in links from the start page, that a build request may have."""

    max_pages: int = Field(1000, ge=1, le=1_000_000)
    """Largest `max_pages` that a build request may have, and its default."""

    page_timeout_s: float = Field(30, gt=0, le=600)
    """Seconds one page may take in total."""

    build_timeout_s: float | None = Field(None, gt=0)
    """Seconds after which a build admits no more pages and completes with what it has. Absent: 5 a page of `max_pages`,
    at least 900."""

    build_bytes: int | None = Field(None, ge=1)
    """Bytes of pages after which a build admits no more. Absent: 1,000,000 a page of `max_pages`, at least 100 MB."""

    build_requests: int | None = Field(None, ge=1)
    """Requests for pages, hints and pictures, and loads in the browser, after which a build admits no more pages.
    Absent: 5 a page of `max_pages`, at least 500."""

    max_page_bytes: int = Field(10_000_000, ge=1_000)
    """Largest page that is read, in bytes after decompression."""

    crawl_delay_s: float = Field(0, ge=0, le=60)
    """Least seconds between two requests to the same host. Default: no delay."""

    host_concurrency: int | None = Field(None, ge=1, le=512)
    """Concurrent requests to one host. Absent: one per lane that fetches."""

    obey_robots: bool = True
    """Whether to skip the pages that robots.txt disallows (RFC 9309)."""

    read_noindex: bool = True
    """Whether to read pages that the start page links to although they ask search engines not to index them.

    Pages on refunds, terms and privacy often do. Robots.txt, `noai`, `Content-Signal: ai-input=no` and directives for
    our robot's name are respected either way.
    """

    subdomains: bool = False
    """Whether to read the other hosts of the site's domain: `docs.example.com` for `example.com`."""

    include: Annotated[tuple[str, ...], NoDecode] = ()
    """Comma-separated path patterns with `*` and `?`: besides the start page only these are read. Empty: all."""

    exclude: Annotated[tuple[str, ...], NoDecode] = ()
    """Comma-separated path patterns with `*` and `?` that are not read. Empty: none."""

    languages: Annotated[tuple[str, ...], NoDecode] = ()
    """Comma-separated languages (`de,fr`) to read in addition to the start page's; `*`: all the site has."""

    build_rate: Annotated[Rate, NoDecode] = Rate(count=300, seconds=3600)
    """Builds one client address may start, e.g. `300/hour`. Joining a running build does not count."""

    client_connections: int = Field(256, ge=1)
    """Open connections of one public client address to one API process."""

    client_builds: int = Field(50, ge=1)
    """Unfinished builds of one client address, waiting ones included."""

    site_builds: int = Field(10, ge=1)
    """Unfinished builds of one site. Requests that join a running build do not count."""

    open_builds: int = Field(200, ge=1)
    """Unfinished builds in total, waiting ones included. Default: with more, builds would starve each other."""

    keep_jobs: int = Field(2, ge=1, le=100)
    """Complete builds kept of each widget, the one it answers from included: `rollback` returns to the one before."""

    answer_loss: float = Field(0.2, ge=0, le=1)
    """Share of right answers that a re-crawl may lose, asked the widget's test questions and suggested ones, before it
    is published; with more the old knowledge stays. Two at least must be lost. 1: it is always published."""

    recrawls: int = Field(2, ge=1, le=1_000)
    """Scheduled re-crawls that run at once on all workers together; builds that people wait for come first."""

    recrawl_interval_s: int = Field(3_600, ge=1, le=31_536_000)
    """Least seconds between two re-crawls that a widget's own schedule may have."""

    recrawl_window_s: float = Field(14_400, ge=0, le=86_400)
    """Seconds over which the starts of a nightly re-crawl are spread, at most 30 a widget."""

    embedding_provider: EmbeddingProvider = EmbeddingProvider.auto
    """`auto`: OpenAI with a key, else the local model; `openai`; `local`."""

    embedding_model: str = "text-embedding-3-small"
    """OpenAI's embedding model; at most 1536 dimensions, the width of the stored vectors."""

    chunk_tokens: int = Field(190, ge=50, le=2_000)
    """Target size of a passage in the embedding model's tokens. Tables and code of up to 512 tokens stay whole."""

    chat_model: str = Field("gpt-6-luna", min_length=1)
    """Chat model that writes the answers, if there is a key; any model of the server at `openai_base_url`."""

    reasoning_effort: ReasoningEffort = ReasoningEffort.none
    """Effort of the chat model's reasoning before an answer; `default`: the model's own. Visitors wait for it."""

    chat_timeout_s: float = Field(60, gt=0, le=600)
    """Seconds the chat model may take until its first word; then the answer quotes the site. Default: enough for a slow
    local model."""

    sentence_model: str = Field("all-MiniLM-L6-v2", min_length=1)
    """Model that rates sentences for a question: the packaged one (English), a folder with `model.onnx` and
    `tokenizer.json`, a name at the Hugging Face Hub such as `intfloat/multilingual-e5-small`, or `none`."""

    request_rate: Annotated[Rate, NoDecode] = Rate(count=6_000, seconds=60)
    """Requests one visitor address may make for configurations, pictures, and the state and events of builds."""

    search_rate: Annotated[Rate, NoDecode] = Rate(count=60, seconds=60)
    """Searches one visitor address may make, e.g. `60/minute`."""

    chat_rate: Annotated[Rate, NoDecode] = Rate(count=20, seconds=60)
    """Questions one visitor address may ask, e.g. `20/minute`."""

    chat_client_tokens: int = Field(100_000, ge=1)
    """Tokens of chat and embedding models per day for one visitor address."""

    chat_widget_tokens: int = Field(2_000_000, ge=1)
    """Tokens of chat and embedding models per day for the visitors of one widget."""

    chat_tokens: int = Field(10_000_000, ge=1)
    """Tokens of chat and embedding models per day for the visitors of all widgets."""

    retention_days: int = Field(30, ge=1, le=3650)
    """Days until conversations are deleted, with feedback, e-mail addresses left and webhook deliveries."""

    leads_a_day: int = Field(200, ge=1)
    """E-mail addresses that the visitors of one widget may leave in a day."""

    smtp_url: SecretStr | None = None
    """Mail server for events sent by e-mail: `smtps://user:password@host`, or `smtp://` with STARTTLS. Absent: none."""

    mail_from: str | None = Field(None, pattern=r"^[^@\s]+@[^@\s]+$")
    """Sender of these e-mails; needed with `smtp_url`."""

    admin_token: SecretStr | None = Field(None, min_length=16)
    """Token that opens every widget like its owner's token; at least 16 characters. Absent: there is none."""

    egress_allow: Annotated[tuple[Network, ...], NoDecode] = ()
    """Comma-separated CIDRs that may be fetched although they are not public; the stack's own services in them stay
    closed. Empty: public addresses only."""

    egress_proxy: str | None = Field(None, pattern=r"^http://[^\s/?#@]+:\d+$")
    """Gate of `widget-builder egress`, as http://egress:3128, by which pages are fetched; it judges addresses. Absent:
    they are fetched directly."""

    trusted_proxies: Annotated[tuple[Network, ...], NoDecode] = ()
    """Comma-separated CIDRs of reverse proxies whose `X-Forwarded-For` names the client. Empty: there is none."""

    log_format: LogFormat = LogFormat.text
    """Format of the logs of API, workers and flows: `text`, or `json` with one object a line."""

    otlp_endpoint: str | None = Field(None, pattern=r"^https?://[^\s/?#]+(/[^\s?#]*)?$")
    """OpenTelemetry collector that gets a trace of each build, as http://collector:4318 (OTLP/HTTP). Absent: none."""

    performance_metrics: bool = True
    """Whether the statistics include seconds, pages/s, bytes and tokens of each stage."""

    @field_validator("egress_allow", "trusted_proxies", mode="before")
    @classmethod
    def _split_networks(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        try:
            return tuple(ip_network(part.strip()) for part in value.split(",") if part.strip())
        except ValueError as error:
            raise ValueError(f"must be comma-separated CIDRs like 10.0.0.0/8, but {error}") from error

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
            raise ValueError("must be comma-separated paths that begin with / or *")
        return value

    @field_validator("build_rate", "request_rate", "search_rate", "chat_rate", mode="before")
    @classmethod
    def _read_rate(cls, value: object) -> object:
        return Rate.parse(value) if isinstance(value, str) else value

    @field_validator("prefect_api_url", "openai_base_url", "public_url")
    @classmethod
    def _is_http(cls, value: str | None) -> str | None:
        if value is not None and not value.startswith(("http://", "https://")):
            raise ValueError("must start with http:// or https://")
        return value.rstrip("/") if value else value

    @field_validator("smtp_url")
    @classmethod
    def _is_mail_server(cls, value: SecretStr | None) -> SecretStr | None:
        parts = urlsplit(value.get_secret_value() if value else "smtp://absent")
        if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
            raise ValueError("must be like smtps://user:password@host or smtp://host:587")
        return value

    @property
    def uses_openai(self) -> bool:
        """Whether embeddings come from OpenAI's API rather than from the local model."""
        if self.embedding_provider is EmbeddingProvider.auto:
            return self.openai_api_key is not None
        return self.embedding_provider is EmbeddingProvider.openai

    @property
    def max_lanes(self) -> dict[str, int]:
        """Upper bound of lanes by the name of their concurrency limit in Prefect."""
        kinds = {
            "extract-browser": (self.browser_extract_workers, self.max_browser_extract_workers),
            "extract-http": (self.http_extract_workers, self.max_http_extract_workers),
            "scrape": (self.scrape_workers, self.max_scrape_workers),
            "embed": (self.embed_workers, self.max_embed_workers),
            "store": (self.store_workers, self.max_store_workers),
        }
        return {name: most if most and self.adaptive else workers for name, (workers, most) in kinds.items()}

    def sets_lanes(self, limit: str) -> bool:
        """Whether a setting says how many lanes the limit allows; if none does, the number is a default."""
        kind = {"extract-browser": "browser_extract", "extract-http": "http_extract"}.get(limit, limit)
        return not self.model_fields_set.isdisjoint((f"{kind}_workers", f"max_{kind}_workers", "adaptive"))

    @property
    def build_budget(self) -> tuple[float, int, int]:
        """The seconds, the bytes and the requests of a build."""
        seconds = self.build_timeout_s or max(5.0 * self.max_pages, 900.0)
        most_bytes = self.build_bytes or max(1_000_000 * self.max_pages, 100_000_000)
        return seconds, most_bytes, self.build_requests or max(5 * self.max_pages, 500)

    @property
    def max_fetch_lanes(self) -> int:
        """Upper bound of lanes that fetch pages."""
        return sum(self.max_lanes[name] for name in ("extract-browser", "extract-http", "scrape"))

    @property
    def origin(self) -> str:
        """Scheme, host and port of the API for browsers, without a trailing slash."""
        return self.public_url or f"http://{self.host}:{self.port}"

    @property
    def own_origins(self) -> frozenset[str]:
        """Origins of the API's own pages; on this machine, under each name of loopback."""
        return frozenset(
            own for url in (self.origin, f"http://{self.host}:{self.port}") for own in _origins_of(urlsplit(url))
        )

    @property
    def user_agent(self) -> str:
        """The crawler's User-Agent: the product token for robots.txt, and a contact address for the site's owner."""
        contact = f"; +{self.public_url}" if self.public_url else ""
        return f"Mozilla/5.0 (compatible; {PRODUCT}/0.1{contact})"


def _origins_of(url: SplitResult) -> Iterator[str]:
    yield f"{url.scheme}://{url.netloc.lower()}"
    if url.hostname in _LOCAL_HOSTS:
        yield from (f"{url.scheme}://{name}{f':{url.port}' if url.port else ''}" for name in _LOOPBACK_NAMES)


def load_settings(**overrides: object) -> Settings:
    """Read the settings of this process.

    Raises:
        InvalidSetting: a value is wrong; the error names the environment variable and the allowed values.
    """
    try:
        settings = Settings(**overrides)  # type: ignore[arg-type]
    except ValidationError as error:
        first = error.errors()[0]
        field = str(first["loc"][0])
        name = field if field.isupper() else PREFIX + field.upper()
        rule = allowed_values(first, Settings.model_fields[field.lower()])
        raise InvalidSetting(name, rule) from error
    if settings.embedding_provider is EmbeddingProvider.openai and settings.openai_api_key is None:
        problem = "must be set while WIDGET_BUILDER_EMBEDDING_PROVIDER is openai; with auto or local it may be absent"
        raise InvalidSetting("OPENAI_API_KEY", problem)
    if (settings.smtp_url is None) is not (settings.mail_from is None):
        problem = "must be set together with WIDGET_BUILDER_SMTP_URL, or both be absent"
        raise InvalidSetting(f"{PREFIX}MAIL_FROM", problem)
    return settings
