"""The state of a configured model, for its operator: failures of its requests, and the date of its shutdown."""

import logging
from collections import Counter
from datetime import UTC, date, datetime

logger = logging.getLogger("widget_builder.models")

OK = "ok"
MANY_FAILURES = 3
"""Failures in a row that make a problem out of what may pass by itself."""
NOTICE_DAYS = 90
"""Days before a model's shutdown from which on it is announced."""

_LASTING = {"account", "key", "missing", "quota"}
"""Outcomes that will not pass by themselves."""
_EXPLAINED = {
    "account": ("the service refuses the account", "check OPENAI_API_KEY and {setting}"),
    "key": ("the service refuses the key", "correct OPENAI_API_KEY"),
    "missing": (
        "the service does not have the model, or not for this key",
        "correct {setting}, or OPENAI_BASE_URL",
    ),
    "quota": ("the account has no credit", "add credit to the account"),
    "busy": ("the service is over its rate limit", "raise the account's limit, or wait"),
    "timeout": ("the model does not answer in time", "use a faster model, or a lower WIDGET_BUILDER_REASONING_EFFORT"),
    "unreachable": ("the service does not answer", "check OPENAI_BASE_URL and the connection to it"),
    "refused": ("the service refuses the requests", "check OPENAI_BASE_URL and {setting}"),
    "empty": ("the answers have no text", "set WIDGET_BUILDER_REASONING_EFFORT to none, or use another model"),
    "broken": ("the service's answers break off or are not of OpenAI's protocol", "check OPENAI_BASE_URL"),
}


class ModelStatus:
    """The state of one model in this process."""

    def __init__(self, role: str, name: str, setting: str) -> None:
        self.role = role
        """`chat` or `embedding`."""
        self.name = name
        self.setting = setting
        """The environment variable that chooses the model."""
        self.outcomes: Counter[str] = Counter()
        """Number of requests by outcome: `ok`, or the reason of the failure."""
        self.problem = ""
        """The failure that lasts, with its remedy; empty while requests succeed."""
        self.shutdown: date | None = None
        self._failures = 0

    def record(self, outcome: str) -> None:
        """Record the outcome of a request."""
        self.outcomes[outcome] += 1
        if outcome == OK:
            if self.problem:
                logger.info("the %s model %s works again", self.role, self.name)
            self._failures, self.problem = 0, ""
            return
        self._failures += 1
        if outcome in _LASTING or self._failures >= MANY_FAILURES:
            found = "{}: {}".format(*explain_outcome(outcome, self.setting))
            if found != self.problem:
                logger.error("the %s model %s: %s", self.role, self.name, found)
            self.problem = found

    def warnings(self) -> list[str]:
        """Return the problem and the coming shutdown as sentences for the operator."""
        found = [f"{self.role} model {self.name}: {self.problem}"] if self.problem else []
        if notice := shutdown_notice(self.shutdown):
            found.append(f"{self.role} model {self.name} {notice}: set {self.setting} to its replacement")
        return found


def explain_outcome(outcome: str, setting: str) -> tuple[str, str]:
    """Return the problem behind a failure's reason, and its remedy."""
    problem, remedy = _EXPLAINED[outcome]
    return problem, remedy.format(setting=setting)


def days_until(day: date) -> int:
    """Return the days until the date; negative if it is past."""
    return (day - datetime.now(UTC).date()).days


def shutdown_notice(day: date | None) -> str:
    """Return when the model will be or was shut down; empty if that is far away or not announced."""
    if day is None or (days := days_until(day)) > NOTICE_DAYS:
        return ""
    return f"was shut down on {day}" if days < 0 else f"will be shut down on {day}, in {days} days"
