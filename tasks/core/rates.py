"""Rate limits as settings write them."""

import re

from pydantic import BaseModel, ConfigDict, Field

MAX_RATE = 1_000_000


class Rate(BaseModel):
    """A rate limit: `count` per `seconds`."""

    model_config = ConfigDict(frozen=True)

    count: int = Field(ge=1, le=MAX_RATE)
    seconds: int = Field(ge=1)

    @classmethod
    def parse(cls, text: str) -> "Rate":
        """Parse a rate written as `20/minute`.

        Raises:
            ValueError: the text has another form.
        """
        match = re.fullmatch(r"\s*(\d{1,7})\s*/\s*(second|minute|hour|day)s?\s*", text)
        if match is None or not 1 <= int(match[1]) <= MAX_RATE:
            raise ValueError(f"must be like 20/minute: 1 to {MAX_RATE} per second, minute, hour or day")
        return cls(count=int(match[1]), seconds={"second": 1, "minute": 60, "hour": 3600, "day": 86400}[match[2]])
