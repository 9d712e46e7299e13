"""Facts that a business tells its customers: contact data, opening hours, prices, terms."""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict


class FactKind(StrEnum):
    """The kinds of facts, in the order in which they are shown."""

    name = "name"
    legal_name = "legal_name"
    address = "address"
    phone = "phone"
    fax = "fax"
    email = "email"
    hours = "hours"
    social = "social"
    registration = "registration"
    """VAT and company numbers."""
    payment = "payment"
    shipping = "shipping"
    offer = "offer"
    """A price with the thing it buys."""
    event = "event"
    notice = "notice"
    """A line beside the content that tells something: an announcement, a guarantee."""


class Fact(BaseModel):
    """One fact as a page states it."""

    model_config = ConfigDict(frozen=True)

    kind: FactKind
    value: str
    """As written; several lines for opening hours."""
    normal: str = ""
    """Normal form, by which facts are compared: E.164, `Mo-Fr 08:30-17:00; Su off`, a lower-case address."""
    label: str = ""
    """The thing or place it belongs to, as written: "Sales", "Workshop", a product."""
    place: str = ""
    """Where on the page: `header`, `nav`, `main`, `aside`, `footer`, `head`, `json-ld`, `microdata`, `link`."""

    @property
    def key(self) -> tuple[FactKind, str]:
        """Identity of the fact on its site."""
        return self.kind, self.normal or " ".join(self.value.lower().split())


class SiteFact(Fact):
    """A fact of a site, with the pages that state it."""

    pages: tuple[str, ...]
    """URLs of the pages, in the order they were read; not all of very many."""
    page_count: int = 1


class FactEdit(BaseModel):
    """An owner's word on a fact: another value, or that it is not to be told."""

    model_config = ConfigDict(frozen=True)

    value: str | None = None
    is_hidden: bool = False
