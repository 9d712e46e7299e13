"""From bytes to text: declared, undeclared, and declared wrongly."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.web.fetching.decoding import decode_html

TEXTS = {
    "ru": "Привет, дорогой читатель! На этой странице написано, как мы работаем и когда открыты.",
    "de": "Grüße aus München: schöne Straßen, Bücher für alle und ein großes Frühstück.",
    "ja": "こんにちは、これは日本語のページです。お問い合わせはこちらまでお願いします。",
    "ko": "안녕하세요, 이것은 한국어 페이지입니다. 문의는 여기로 해 주십시오.",
    "zh": "你好，这是一个中文页面。请在这里联系我们，谢谢大家的支持。",
    "el": "Καλημέρα κόσμε, αυτή είναι μια σελίδα στα ελληνικά για όλους.",
    "pl": "Zażółć gęślą jaźń. Wszystkie książki są dostępne, proszę bardzo.",
    "he": "שלום עולם, זהו דף בעברית עם מידע לכל הקוראים שלנו.",
    "ar": "مرحبا بالعالم، هذه صفحة باللغة العربية لجميع القراء.",
    "th": "สวัสดีชาวโลก นี่คือหน้าภาษาไทยสำหรับทุกคน",
}
ENCODINGS = [
    ("ru", "windows-1251"), ("ru", "koi8-r"), ("ru", "iso-8859-5"), ("de", "windows-1252"), ("ja", "shift_jis"),
    ("ja", "euc-jp"), ("ja", "iso-2022-jp"), ("ko", "euc-kr"), ("zh", "gb18030"), ("el", "windows-1253"),
    ("pl", "windows-1250"), ("pl", "iso-8859-2"), ("he", "windows-1255"), ("ar", "windows-1256"), ("th", "tis-620"),
]  # fmt: skip
FOREIGN = [(language, encoding) for language, encoding in ENCODINGS if language not in ("de", "pl")]


def page(language: str, head: str = "") -> str:
    """A document in the language."""
    return f"<html><head>{head}<title>Page</title></head><body><p class='text'>{TEXTS[language]}</p></body></html>"


@pytest.mark.parametrize(("language", "encoding"), [*ENCODINGS, *((language, "utf-8") for language in TEXTS)])
@pytest.mark.parametrize("where", ["header", "meta", "http-equiv", "xml", "nowhere"])
def test_text_is_read_wherever_its_encoding_is_declared(language: str, encoding: str, where: str) -> None:
    """In the header, in the document, or not at all."""
    head = {
        "meta": f"<meta charset='{encoding}'>",
        "http-equiv": f"<META content='text/html; charset={encoding}' http-equiv='Content-Type'>",
    }.get(where, "")
    text = (f"<?xml version='1.0' encoding='{encoding}'?>" if where == "xml" else "") + page(language, head)
    content_type = f"text/html; charset={encoding}" if where == "header" else "text/html"
    assert decode_html(text.encode(encoding), content_type) == text


@pytest.mark.parametrize(("language", "encoding"), ENCODINGS)
def test_what_is_declared_as_utf_8_and_is_not_is_read_as_what_it_is(language: str, encoding: str) -> None:
    """Servers declare UTF-8 for all their files; the document may declare another encoding, or none."""
    for head in ("", f"<meta charset={encoding}>"):
        text = page(language, head)
        assert decode_html(text.encode(encoding), "text/html; charset=utf-8") == text


@pytest.mark.parametrize(("language", "encoding"), FOREIGN)
def test_what_is_declared_as_latin_1_by_default_is_read_as_what_it_is(language: str, encoding: str) -> None:
    """No Western text has such bytes; with or without the right declaration in the document."""
    for head in ("", f"<meta charset={encoding}>"):
        text = page(language, head)
        assert decode_html(text.encode(encoding), "text/html; charset=ISO-8859-1") == text


@pytest.mark.parametrize("declared", ["iso-8859-1", "windows-1251", "gb2312", "shift_jis", "nonsense", "utf-7", "x y"])
@pytest.mark.parametrize("language", TEXTS)
def test_utf_8_is_utf_8_whatever_is_declared(language: str, declared: str) -> None:
    """The bytes prove it; a few broken ones do not disprove it."""
    text = page(language, f"<meta charset='{declared}'>")
    assert decode_html(text.encode(), f"text/html; charset={declared}") == text
    broken = text.encode().replace(b"Page", b"\xff")
    if declared in ("nonsense", "utf-7", "x y"):
        assert decode_html(broken, "text/html; charset=utf-8") == text.replace("Page", "\ufffd")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_a_byte_order_mark_wins(encoding: str) -> None:
    """Over the header and the document; it is not part of the text."""
    text = page("ru", "<meta charset=koi8-r>")
    assert decode_html(text.encode(encoding), "text/html; charset=windows-1251") == text


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_a_mark_is_recognised(encoding: str) -> None:
    """By its zero bytes; the text has no NUL."""
    assert decode_html(page("de").encode(encoding), "text/html; charset=utf-8") == page("de")


def test_nuls_are_dropped() -> None:
    """Databases reject them."""
    assert decode_html(b"<p>a\0b</p>\0") == "<p>ab</p>"


@given(st.binary(max_size=300), st.text(max_size=30))
def test_any_bytes_become_text(body: bytes, charset: str) -> None:
    """Without an error and without a NUL, whatever is declared."""
    assert "\0" not in decode_html(body, f"text/html; charset={charset}")
    assert "\0" not in decode_html(b"<meta charset='" + charset.encode() + b"'>" + body)


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=200))
def test_utf_8_comes_back_as_it_was(text: str) -> None:
    """Undeclared, or declared as a default that it is not."""
    for content_type in ("", "text/html; charset=utf-8", "text/html; charset=iso-8859-1"):
        assert decode_html(b"<p>" + text.encode(), content_type) == "<p>" + text
