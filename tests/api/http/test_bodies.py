"""Request bodies: unreadable and invalid ones are refused with a clear error."""

from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict, Field, field_validator

from api.http.bodies import validate_body
from tasks.core.errors import InvalidRequest
from tests.product import PATH, Product


class Parcel(BaseModel):
    """A body with a nested list and a rule of its own."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(max_length=5)
    weights: tuple[int, ...] = ()

    @field_validator("name")
    @classmethod
    def _has_words(cls, name: str) -> str:
        if not name.strip():
            raise ValueError("is empty")
        return name


def test_a_valid_body_becomes_its_model() -> None:
    """With defaults for the fields it lacks."""
    assert validate_body(Parcel, {"name": "A"}) == Parcel(name="A")


@pytest.mark.parametrize(
    ("sent", "code", "field", "message"),
    [
        ({"name": " "}, "name_invalid", "name", "`name`: is empty."),
        ({}, "name_invalid", "name", "`name`: Field required."),
        ({"name": "A", "more": 1}, "more_invalid", "more", "`more`: Extra inputs are not permitted."),
        ({"name": "A", "weights": [1, "x"]}, "weights_invalid", "weights.1", "`weights.1`: Input should be a valid"),
    ],
)
def test_an_invalid_body_is_refused_with_its_field(sent: dict[str, Any], code: str, field: str, message: str) -> None:
    """The dotted path of the first invalid value, without pydantic's prefix."""
    with pytest.raises(InvalidRequest) as refused:
        validate_body(Parcel, sent)
    assert (refused.value.code, refused.value.field, refused.value.status) == (code, field, 422)
    assert refused.value.message.startswith(message)


@pytest.mark.parametrize(
    ("content", "kind", "status", "code"),
    [
        (b'{"url": ', "application/json", 400, "json_malformed"),
        (b"[1, 2]", "application/json", 400, "json_not_object"),
        (b"[" * 40_000, "application/json", 400, "json_malformed"),
        (b"\xff\xfe", "application/json", 400, "json_malformed"),
        (b'{"url": "http://127.0.0.1/\\ud800"}', "application/json", 400, "json_malformed"),
        (b'{"url": "http://127.0.0.1/", "depth": NaN}', "application/json", 400, "json_malformed"),
        (b"url=https://example.com", "application/x-www-form-urlencoded", 400, "content_type"),
        (b'{"url": "' + b"a" * 10_000_000 + b'"}', "application/json", 413, "body_too_large"),
    ],
)
async def test_a_body_that_cannot_be_read_is_refused(
    product: Product, content: bytes, kind: str, status: int, code: str
) -> None:
    """Malformed, of the wrong type, or 10 MB of it."""
    answer = await product.http.post(PATH, content=content, headers={"Content-Type": kind})
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


async def test_a_method_that_is_not_offered_is_refused(product: Product) -> None:
    """405, as JSON like all errors."""
    answer = await product.http.put(PATH)
    assert (answer.status_code, answer.json()["error"]["code"]) == (405, "method_not_allowed")
