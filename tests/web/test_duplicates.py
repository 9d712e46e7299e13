"""Near-duplicates are one page; pages with other data are two, however alike they look."""

import hashlib

import pytest

from tasks.core.models import ChunkedPage, ReadPage, Target
from tasks.web.crawl.duplicates import Duplicates, DuplicateVerdict
from tasks.web.crawl.fingerprints import fingerprint_of
from tests.sites.generated import sentences

SITE = "https://example.com"
TEXT = "\n\n".join(sentences(f"paragraph {number}", 60) for number in range(6))
TEMPLATE = "\n\n".join(sentences(f"terms {number}", 120) for number in range(8))


def page(path: str, markdown: str, *, title: str = "A page", order: int = 0, canonical: str = "") -> ChunkedPage:
    """A page as it was read."""
    metadata = {"canonical": SITE + canonical} if canonical else {}
    target = Target(url=SITE + path, depth=1, order=order)
    read = ReadPage(target=target, url=SITE + path, title=title, markdown=markdown, metadata=metadata)
    content_hash = hashlib.sha256(markdown.encode()).hexdigest()
    return ChunkedPage(page=read, chunks=(), token_count=1, content_hash=content_hash, fingerprint=fingerprint_of(read))


def judge(*pages: ChunkedPage) -> DuplicateVerdict:
    """Return the verdict on the last page, after the others."""
    duplicates = Duplicates()
    return [duplicates.judge(each) for each in pages][-1]


def is_one(one: str, other: str, **titles: str) -> bool:
    """Whether two texts are taken for one page."""
    first = page("/a", one, title=titles.get("first", "A page"), order=1)
    verdict = judge(first, page("/b", other, title=titles.get("second", "A page"), order=2))
    return verdict.same_as is not None


@pytest.mark.parametrize(
    "other",
    [
        TEXT,
        TEXT + "\n\nAnswered on 2026-11-24 at 12:03:22.",
        TEXT + "\n\nPrinted from our site.",
        "[Home](/?sid=8f2c91ab33de0177)\n\n" + TEXT,
        TEXT + "\n\nYour session: 8f2c91ab33de01778f2c91ab33de0177",
        TEXT + "\n\n5 minutes ago",
    ],
)
def test_texts_that_differ_in_a_line_a_date_or_an_id_are_one_page(other: str) -> None:
    """Dates, times, ids and addresses are no part of what a page says."""
    assert is_one(TEXT, other)


@pytest.mark.parametrize("month", ["November", "March", "März", "décembre", "août", "diciembre", "settembre"])
def test_texts_with_dates_of_their_own_are_one_page(month: str) -> None:
    """Both have a line that the other has not, and it says the same."""
    one, other = (TEXT + f"\n\nUpdated on {day} {month} 2026, 1{day}:00" for day in (3, 4))
    assert is_one(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("It costs € 20.99.", "It costs € 24.99."),
        ("Article 4711", "Article 4712"),
        ("Our gardener is Alice Jones.", "Our gardener is Robert Brown."),
        ("# Kettle", "# Teapot"),
        ("Call 030 1234.", "Call 040 1234."),
        ("It costs € 20.99.", ""),
        ("担当者は山田です。", "担当者は佐藤です。"),
    ],
)
def test_pages_of_one_template_with_other_data_are_two(one: str, other: str) -> None:
    """However much of the template there is around a price, a number, a name or a heading."""
    assert not is_one(f"{one}\n\n{TEMPLATE}", f"{other}\n\n{TEMPLATE}")


def test_pages_of_one_text_under_other_titles_are_two_unless_the_text_says_enough() -> None:
    """A short text may stand under many titles: a picture, a video."""
    assert not is_one("A short text.", "A short text.", first="Sunrise", second="Sunset")
    assert is_one("A short text.", "A short text.")
    assert not is_one("A short text.", "A short test.")
    assert is_one(TEXT, TEXT, first="Sunrise", second="Sunset")


def test_one_address_is_one_page_whatever_it_says() -> None:
    """After redirects, however it is written."""
    verdict = judge(page("/a", TEXT, order=1), page("/a/index.html", TEMPLATE, order=2))
    assert verdict.same_as is not None


@pytest.mark.parametrize("first", [0, 1])
def test_which_page_is_kept_does_not_depend_on_which_comes_first(first: int) -> None:
    """The plainer address, or else the one the build took up first."""
    for better, worse in (
        (page("/a", TEXT, order=9), page("/a/print", TEXT, order=1)),
        (page("/a", TEXT, order=9), page("/a?ref=1", TEXT, order=1)),
        (page("/a", TEXT, order=1), page("/b", TEXT, order=9)),
        (page("/x/y", TEXT, order=9), page("/b", TEXT + "\n\nFor you.", order=1, canonical="/x/y")),
    ):
        verdict = judge(worse, better) if first else judge(better, worse)
        if first:
            assert verdict.replaces is not None
            assert verdict.replaces.url == worse.page.url
        else:
            assert verdict.same_as is not None
            assert verdict.same_as.url == better.page.url


def test_a_canonical_link_is_believed_when_the_pages_have_something_in_common() -> None:
    """A site whose pages all call the home page canonical keeps its pages; another site's word counts nothing."""
    more = TEXT + "\n\n" + sentences("more", 60)
    assert judge(page("/a", TEXT, order=1), page("/a?x=1", more, canonical="/a", order=2)).same_as is not None
    assert judge(page("/a", TEXT, order=1), page("/a?x=1", more, order=2)).same_as is None
    assert judge(page("/", TEXT), page("/b", TEMPLATE, canonical="/", order=2)) == DuplicateVerdict()
    foreign = page("/b", more, order=2).model_copy(deep=True)
    foreign.page.metadata["canonical"] = "https://elsewhere.com/a"
    assert judge(page("/a", TEXT, order=1), foreign) == DuplicateVerdict()


def test_pages_of_one_template_that_name_a_wrong_page_canonical_are_kept() -> None:
    """The home page, which teases them, or an address that does not exist."""
    teasers = [sentences(f"teaser {number}", 30) for number in range(4)]
    home = page("/", "\n\n".join((TEXT, *teasers)))
    for canonical in ("/", "/gone"):
        pages = [
            page(f"/c{number}", f"{TEMPLATE[:900]}.\n\n{text}", title=f"Boat {number}", order=9, canonical=canonical)
            for number, text in enumerate(teasers)
        ]
        duplicates = Duplicates()
        assert [duplicates.judge(each).same_as for each in (home, *pages)] == [None] * 5


def test_the_start_page_is_kept_though_every_address_gives_it() -> None:
    """Other addresses with its text are soft 404s once the probe has shown it."""
    duplicates = Duplicates()
    duplicates.judge(page("/start/here?x=1", TEXT))
    assert duplicates.judge(page("/", TEXT, order=3)).same_as is not None
    probe = page("/8f2c91ab33de0177", TEXT, order=9)
    assert probe.fingerprint is not None
    assert duplicates.add_not_found(probe.fingerprint) == []
    assert duplicates.judge(page("/dead", TEXT, order=4)).is_not_found


def test_a_page_that_was_forgotten_does_not_stand_for_another() -> None:
    """Nothing is a duplicate of a page that could not be stored."""
    duplicates = Duplicates()
    duplicates.judge(page("/a", TEXT, order=1))
    record = duplicates.find_kept(f"{SITE}/a")
    assert record is not None
    duplicates.remove(record)
    assert duplicates.judge(page("/b", TEXT, order=2)) == DuplicateVerdict(looks_alike=True)


def test_a_soft_404_is_no_page() -> None:
    """Also if it names the address, and when it was read before that is known."""
    duplicates = Duplicates()
    for path in ("/old/team", "/old/prices"):
        duplicates.judge(page(path, f"Sorry, {path} is gone. {sentences('sorry', 20)}", order=1))
    assert duplicates.judge(page("/about", TEXT)) == DuplicateVerdict()
    probe = page("/8f2c91ab33de0177", f"Sorry, /8f2c91ab33de0177 is gone. {sentences('sorry', 20)}")
    assert probe.fingerprint is not None
    assert {record.url for record in duplicates.add_not_found(probe.fingerprint)} == {
        f"{SITE}/old/team",
        f"{SITE}/old/prices",
    }
    assert duplicates.judge(page("/old/x1", f"Sorry, /old/x1 is gone. {sentences('sorry', 20)}", order=2)).is_not_found


def test_an_equal_page_of_an_earlier_attempt_is_known() -> None:
    """By its text alone."""
    duplicates = Duplicates()
    stored = page("/a", TEXT)
    duplicates.restore(f"{SITE}/a", 1, stored.content_hash)
    assert duplicates.judge(page("/b", TEXT, order=2)).same_as is not None
