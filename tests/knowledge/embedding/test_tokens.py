"""Tokens: counted as the models count them, without any download."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer as HuggingFaceTokenizer

from tasks.knowledge.embedding.tokens import LOCAL_MODEL, LocalTokenizer, find_package, load_tokenizer
from tests.knowledge.material import ANY_TEXT

TEXTS = st.text(alphabet=st.characters(codec="utf-8")) | st.text(alphabet=" \n\tabB19.,)>ü漢”²", max_size=60)
WHOLE = HuggingFaceTokenizer.from_file(
    str(find_package("wordllama") / "tokenizers" / "l2_supercat_tokenizer_config.json")
)


@pytest.mark.parametrize(
    ("text", "tokens"),
    [("hello world", 2), ("antidisestablishmentarianism", 6), ("お誕生日おめでとう", 9), ("2 + 2 = 4", 7), ("", 0)],
)
def test_openai_models_count_as_cl100k_base(text: str, tokens: int) -> None:
    """Counts published in OpenAI's cookbook ("How to count tokens with tiktoken")."""
    assert load_tokenizer("text-embedding-3-small").count(text) == tokens


@given(text=TEXTS)
def test_the_local_model_counts_as_its_whole_tokenizer(text: str) -> None:
    """Word by word or at once: the same tokens."""
    tokenizer = load_tokenizer(LOCAL_MODEL)
    assert isinstance(tokenizer, LocalTokenizer)
    assert tokenizer.encode(text) == (WHOLE.encode(text, add_special_tokens=False).ids if text else [])


@pytest.mark.parametrize("model", [LOCAL_MODEL, "text-embedding-3-small"])
@given(text=TEXTS, most=st.integers(1, 30))
def test_truncating_keeps_a_beginning(model: str, text: str, most: int) -> None:
    """What is left is how the text begins, whole characters only, and all of it if it was short enough."""
    tokenizer = load_tokenizer(model)
    left = tokenizer.truncate(text, most)
    assert text.startswith(left)
    if tokenizer.count(text) <= most:
        assert left == text


@pytest.mark.parametrize("model", [LOCAL_MODEL, "text-embedding-3-small"])
@given(text=ANY_TEXT.filter(bool), most=st.integers(1, 30))
def test_half_an_emoji_is_text_too(model: str, text: str, most: int) -> None:
    """Lone surrogates, which scripts leave where they cut text, are counted and cut like any other."""
    tokenizer = load_tokenizer(model)
    assert 0 < tokenizer.count(text) <= len(text.encode("utf-16", "surrogatepass")) * 2
    assert len(tokenizer.truncate(text, most)) <= len(text)


@given(text=ANY_TEXT, most=st.integers(1, 30))
def test_what_is_left_for_openai_is_within_its_limit(text: str, most: int) -> None:
    """Counted again, the beginning has no more tokens than asked for: the service counts so."""
    tokenizer = load_tokenizer("text-embedding-3-small")
    assert tokenizer.count(tokenizer.truncate(text, most)) <= most
