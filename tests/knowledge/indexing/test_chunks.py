"""Chunks: nothing lost, nothing too large, cut where a reader would cut."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.core.models import ChunkedPage, ReadPage, Target
from tasks.knowledge.embedding.tokens import LOCAL_MODEL, load_tokenizer
from tasks.knowledge.indexing.chunks import (
    CHUNK_TOKENS,
    MAX_INFLATION,
    ChunkSizes,
    chunk_page,
    embedding_text,
    overview_text,
    text_hash,
)

OPENAI_MODEL = "text-embedding-3-small"
MOST = ChunkSizes(CHUNK_TOKENS).maximum
MODELS = [LOCAL_MODEL, OPENAI_MODEL]

WORDS = st.text(alphabet=st.characters(codec="utf-8", exclude_categories=["Cs", "Cc", "Z"]), min_size=1, max_size=12)
PARAGRAPHS = st.lists(WORDS, min_size=1, max_size=60).map(" ".join)
HEADINGS = st.builds(lambda level, words: "#" * level + " " + " ".join(words), st.integers(1, 6), st.lists(WORDS))
LISTS = st.lists(PARAGRAPHS, min_size=1, max_size=20).map(lambda items: "\n".join(f"- {item}" for item in items))
CODE = st.lists(PARAGRAPHS, max_size=30).map(lambda lines: "```\n" + "\n".join(lines) + "\n```")
MARKDOWN = st.lists(PARAGRAPHS | HEADINGS | LISTS | CODE | st.text(max_size=400), max_size=12).map("\n\n".join)


def chunk(markdown: str, model: str = LOCAL_MODEL, title: str = "Page") -> ChunkedPage:
    """The Markdown as chunks of a page."""
    target = Target(url="https://example.com/", depth=0)
    page = ReadPage(target=target, url=target.url, title=title, markdown=markdown)
    return chunk_page(page, load_tokenizer(model))


def most_of(text: str) -> float:
    """The largest number of tokens of a passage; scripts that take more of them get more."""
    return MOST if text.isascii() else 2 * CHUNK_TOKENS * MAX_INFLATION


def prose(count: int, word: str = "word") -> str:
    """Sentences of ten words, `count` of them."""
    return " ".join(f"{' '.join([word] * 9)} number{index}." for index in range(count))


def letters(text: str) -> str:
    """The text without white space."""
    return "".join(text.split())


@pytest.mark.parametrize("model", MODELS)
@given(markdown=MARKDOWN)
def test_no_chunk_is_too_large_and_there_is_at_least_one(model: str, markdown: str) -> None:
    """Whatever the Markdown, each chunk's count is true and within the maximum."""
    page = chunk(markdown, model)
    assert page.chunks
    for part in page.chunks:
        assert part.token_count == load_tokenizer(model).count(part.text) <= most_of(markdown)
    assert [part.position for part in page.chunks] == list(range(len(page.chunks)))


@given(blocks=st.lists(PARAGRAPHS.filter(lambda text: not re.search(r"[\[`~|]", text)) | HEADINGS, max_size=30))
def test_all_words_are_there_in_order(blocks: list[str]) -> None:
    """Joined, the chunks say what the page says."""
    markdown = "\n\n".join(re.sub(r"[\[`~|]", "", block) for block in blocks)
    assert letters("".join(part.text for part in chunk(markdown).chunks)) == letters(markdown)


def test_chunks_follow_headings_and_know_the_path_to_them() -> None:
    """Sections of some length become chunks of their own, with all headings above them."""
    markdown = f"# Guide\n\n## Install\n\n{prose(12)}\n\n## Use\n\n### Alone\n\n{prose(12)}"
    page = chunk(markdown)
    assert [part.heading_path for part in page.chunks] == [("Guide", "Install"), ("Guide", "Use", "Alone")]
    assert page.chunks[1].text.startswith("## Use\n\n### Alone\n\nword")


def test_short_sections_share_a_chunk() -> None:
    """A list of tiny sections is not a list of tiny chunks."""
    markdown = "\n\n".join(f"## Term {index}\n\nIts meaning." for index in range(10))
    assert len(chunk(markdown).chunks) == 1


def test_a_short_end_joins_the_chunk_before() -> None:
    """A page does not end in a chunk of one line."""
    page = chunk(f"## A\n\n{prose(14)}\n\n## B\n\nShort.")
    assert len(page.chunks) == 1
    assert page.chunks[0].text.endswith("## B\n\nShort.")


def test_a_heading_goes_with_its_text() -> None:
    """No chunk ends in a heading whose text is in the next."""
    page = chunk(f"Few words.\n\n## Next\n\n{prose(28)}")
    assert [part.text.splitlines()[-1].startswith("#") for part in page.chunks] == [False, False]
    assert page.chunks[1].heading_path == ("Next",)


def test_code_that_fits_is_not_cut() -> None:
    """A block of code stays whole, blank lines and `#` comments included."""
    code = "```python\n# not a heading\n\n" + "\n\n".join(f"call_{index}(value)" for index in range(40)) + "\n```"
    page = chunk(f"{prose(14)}\n\n{code}\n\n{prose(14)}")
    assert sum(code in part.text for part in page.chunks) == 1
    assert all(part.heading_path == () for part in page.chunks)


def test_code_that_does_not_fit_is_fenced_in_every_piece() -> None:
    """Long code is cut between lines, and each piece is code again."""
    lines = [f"call_{index}(some_value, other_value)" for index in range(300)]
    page = chunk("```python\n" + "\n".join(lines) + "\n```")
    assert len(page.chunks) > 3
    assert all(part.text.startswith("```python\n") and part.text.endswith("\n```") for part in page.chunks)
    assert [line for part in page.chunks for line in part.text.splitlines() if line.startswith("call")] == lines


def test_a_long_table_keeps_its_head_in_every_piece() -> None:
    """Rows in a later chunk still say what their columns are."""
    rows = [f"| plan {index} | {index} EUR | {index} users |" for index in range(150)]
    page = chunk("| Plan | Price | Users |\n| --- | --- | --- |\n" + "\n".join(rows))
    assert len(page.chunks) > 3
    assert all(part.text.startswith("| Plan | Price | Users |\n| --- |") for part in page.chunks)
    assert [line for part in page.chunks for line in part.text.splitlines() if line.startswith("| plan")] == rows


def test_long_paragraphs_are_cut_between_sentences() -> None:
    """Each piece of a long paragraph begins and ends with a sentence."""
    page = chunk(prose(200))
    assert len(page.chunks) > 3
    assert all(part.text.startswith("word") and part.text.endswith(".") for part in page.chunks)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("piece", ["x", "漢字", "😀", "[", "`", "a b "])
def test_text_without_places_to_cut_is_cut_all_the_same(model: str, piece: str) -> None:
    """Endless words, other scripts and brackets: in pieces within the maximum, nothing lost."""
    text = piece * 9_000
    page = chunk(text, model)
    assert all(part.token_count <= most_of(text) for part in page.chunks)
    assert letters("".join(part.text for part in page.chunks)) == letters(text)


def test_links_are_read_as_their_text() -> None:
    """Addresses are left out of chunks, those in code are not."""
    page = chunk("See [the *guide*](https://example.com/a_(b)) and `handlers[name](request)`.\n\n```\nx[0](y)\n```")
    assert page.chunks[0].text == "See the *guide* and `handlers[name](request)`.\n\n```\nx[0](y)\n```"


def test_equal_text_in_another_place_has_another_hash() -> None:
    """The hash is of what is embedded: title and headings belong to it."""
    first, again, other = chunk("Text."), chunk("Text."), chunk("Text.", title="Other")
    assert first.chunks[0].content_hash == again.chunks[0].content_hash != other.chunks[0].content_hash
    assert first.content_hash == other.content_hash
    assert first.chunks[0].content_hash == text_hash(embedding_text("Page", (), "Text."))


def test_an_empty_page_has_one_empty_chunk() -> None:
    """There is at least one chunk, so that a page is never without."""
    assert [part.text for part in chunk("").chunks] == [""]


def test_a_page_is_known_by_its_headings_else_by_its_first_words() -> None:
    """Never by nothing, which no model has a vector for."""
    assert overview_text(chunk("# One\n\nText.\n\n## Two\n\n" + prose(40), title="Page")).startswith("Page\nOne")
    assert overview_text(chunk("Only a few words.", title="")) == "Only a few words."
    assert 0 < len(overview_text(chunk(prose(400), title=" "))) <= 300


def test_a_passage_says_as_much_in_any_language() -> None:
    """Thai takes four times as many tokens: by tokens alone a passage would be a sentence."""
    sentence = {"English": "The pump is covered for five years. ", "Thai": "ปั๊มมีการรับประกันเป็นเวลาห้าปี "}
    lengths = {name: len(chunk(text * 60, MODELS[0]).chunks) for name, text in sentence.items()}
    assert lengths["Thai"] <= lengths["English"] + 1


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize(
    "markdown",
    ["|a\n" + " " * 50_000 + "x", "# a" + " " * 50_000 + "x", "# a" + "#" * 50_000 + "x", "|a\n" + "|" * 50_000 + "x"],
    ids=["table of spaces", "heading of spaces", "heading of marks", "table of bars"],
)
def test_a_text_made_to_take_long_is_cut_at_once(model: str, markdown: str) -> None:
    """Backtracking in cubic time took 30 s for 4,000 spaces, which are 50,000 here: half a day."""
    assert letters("".join(part.text for part in chunk(markdown, model).chunks)) == letters(markdown)


@pytest.mark.parametrize("model", MODELS)
def test_a_passage_of_spaces_is_no_larger_than_others(model: str) -> None:
    """They are few tokens, whatever their number; a visitor's search would walk over all of them."""
    page = chunk("a" + " " * 30_000 + "b", model)
    assert max(len(part.text) for part in page.chunks) <= 16 * MOST


def test_a_long_heading_is_not_repeated_in_each_passage() -> None:
    """A page of small passages below it would be stored and embedded a hundred times over."""
    page = chunk("# " + "long " * 90 + "\n\n" + prose(200))
    assert len(page.chunks) > 5
    assert {len("".join(part.heading_path)) for part in page.chunks} == {300}
