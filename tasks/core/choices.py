"""Named values that settings, the rules of a widget and the parameters of a build choose from."""

from enum import StrEnum


class RenderMode(StrEnum):
    """The pages rendered in the browser instead of read over plain HTTP."""

    auto = "auto"
    always = "always"
    never = "never"


class EmbeddingProvider(StrEnum):
    """The provider of text embeddings."""

    auto = "auto"
    openai = "openai"
    local = "local"


class LogFormat(StrEnum):
    """The format of log lines."""

    text = "text"
    json = "json"


class ReasoningEffort(StrEnum):
    """The effort of reasoning before an answer; `default`: the model's own."""

    none = "none"
    minimal = "minimal"
    low = "low"
    medium = "medium"
    high = "high"
    xhigh = "xhigh"
    max = "max"
    default = "default"
