"""What a page tells machines and not (or not in its text) its readers: facts of a product, answers to questions."""

import re

from tasks.web.content.markdown import convert_html
from tasks.web.content.page_type import PageType
from tasks.web.content.structured import Product, Structured

MIN_DESCRIPTION_WORDS = 8
MAX_SHOWN_WORDS = 100
"""A page that shows more describes its product itself."""
_FACTS = ("brand", "price", "availability")


def supplement(markdown: str, structured: Structured, page_type: PageType | None) -> str:
    """The Markdown with what it lacks of the page's product and of its questions and answers."""
    if structured.product is None and not structured.questions:
        return markdown
    said = _plain(markdown)
    parts = [markdown]
    if structured.product is not None and page_type in (PageType.product, None):
        parts = [_product_facts(structured.product, said), markdown, _description(structured.product, said)]
    if page_type is not PageType.forum:
        # The accepted answer of a thread is one of its posts.
        parts.append(_questions(structured, said))
    return "\n\n".join(part for part in parts if part)


def _plain(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.lower()))


def _product_facts(product: Product, said: str) -> str:
    facts = [(name, value) for name in _FACTS if (value := getattr(product, name)) and not _is_said(value, said)]
    lines = [f"- {name.capitalize()}: {value}" for name, value in facts]
    heading = f"# {product.name}" if product.name and not _is_said(product.name, said) else ""
    return "\n\n".join(part for part in (heading, "\n".join(lines)) if part)


def _is_said(value: str, said: str) -> bool:
    """Whether the words, or the amount without its currency, are in the text."""
    words = _plain(re.sub(r"\s[A-Z]{3}$", "", value))
    return f" {words} " in f" {said} "


def _description(product: Product, said: str) -> str:
    text = convert_html(product.description)
    words = _plain(text).split()
    if (
        len(said.split()) > MAX_SHOWN_WORDS
        or len(words) < MIN_DESCRIPTION_WORDS
        or " ".join(words[:MIN_DESCRIPTION_WORDS]) in said
    ):
        return ""
    return text


def _questions(structured: Structured, said: str) -> str:
    """Those whose answers the text does not give."""
    missing = [
        f"### {question}\n\n{text}"
        for question, answer in structured.questions
        if (text := convert_html(answer)) and " ".join(_plain(text).split()[:MIN_DESCRIPTION_WORDS]) not in said
    ]
    return "\n\n".join(missing)
