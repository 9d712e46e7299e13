"""Adds structured data that the page's text lacks: product facts, answers to questions."""

import re

from tasks.web.content.markdown import convert_html
from tasks.web.content.page_type import PageType
from tasks.web.content.structured import Product, Structured

MIN_DESCRIPTION_WORDS = 8
MAX_SHOWN_WORDS = 100
"""With more words, the page's text describes the product itself."""
_FACTS = ("brand", "price", "availability")


def supplement(markdown: str, structured: Structured, page_type: PageType | None) -> str:
    """Return the Markdown with the product facts and the questions and answers that it lacks."""
    if structured.product is None and not structured.questions:
        return markdown
    text_words = _plain(markdown)
    parts = [markdown]
    if structured.product is not None and page_type in (PageType.product, None):
        parts = [_product_facts(structured.product, text_words), markdown, _description(structured.product, text_words)]
    if page_type is not PageType.forum:
        # In a forum thread the accepted answer is one of the posts.
        parts.append(_questions(structured, text_words))
    return "\n\n".join(part for part in parts if part)


def _plain(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.lower()))


def _product_facts(product: Product, text_words: str) -> str:
    facts = [
        (name, value) for name in _FACTS if (value := getattr(product, name)) and not _is_stated(value, text_words)
    ]
    lines = [f"- {name.capitalize()}: {value}" for name, value in facts]
    heading = f"# {product.name}" if product.name and not _is_stated(product.name, text_words) else ""
    return "\n\n".join(part for part in (heading, "\n".join(lines)) if part)


def _is_stated(value: str, text_words: str) -> bool:
    """Whether the text contains the words, or the amount without its currency."""
    words = _plain(re.sub(r"\s[A-Z]{3}$", "", value))
    return f" {words} " in f" {text_words} "


def _description(product: Product, text_words: str) -> str:
    text = convert_html(product.description)
    words = _plain(text).split()
    if (
        len(text_words.split()) > MAX_SHOWN_WORDS
        or len(words) < MIN_DESCRIPTION_WORDS
        or " ".join(words[:MIN_DESCRIPTION_WORDS]) in text_words
    ):
        return ""
    return text


def _questions(structured: Structured, text_words: str) -> str:
    """The questions whose answers are not in the text."""
    missing = [
        f"### {question}\n\n{text}"
        for question, answer in structured.questions
        if (text := convert_html(answer)) and " ".join(_plain(text).split()[:MIN_DESCRIPTION_WORDS]) not in text_words
    ]
    return "\n\n".join(missing)
