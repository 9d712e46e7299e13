"""Habits of chat models, played by the protocol server: what a visitor sees of each."""

from collections.abc import AsyncIterator
from typing import NamedTuple

import pytest
from pydantic import SecretStr

from tasks.core.database import Pool
from tasks.core.settings import Settings
from tasks.knowledge.answering.answerer import Answerer
from tasks.knowledge.answering.generation.openai_chat_model import OpenAIChatModel, open_openai_chat_model
from tasks.knowledge.answering.generation.visible_text import ThinkingHabit, VisibleText
from tasks.knowledge.answering.reply import AnsweringSite, AnswerKind
from tests.knowledge.answer_material import EMBEDDER, SHOP, Seen, ask, build_site
from tests.sites.openai_server import OpenAIServer, serve_openai

QUESTION = "What does shipping to Norway cost?"
COSTS = "Shipping to Norway costs €14. [1]"
GENERATED, EXTRACTIVE, REFUSAL = AnswerKind.generated, AnswerKind.extractive, AnswerKind.refusal


class Habit(NamedTuple):
    """A model's text, and the answer that a visitor sees."""

    name: str
    writes: str
    shows: str | None
    """The whole answer; None: the site is quoted instead."""
    kind: AnswerKind = GENERATED
    question: str = QUESTION


HABITS = (
    Habit("plain", "Shipping to Norway costs €14 [1].", COSTS),
    Habit("no reference", "Shipping to Norway costs €14.", COSTS),
    Habit("reference after the stop", "Shipping to Norway costs €14. [1]", COSTS),
    Habit("reference as a footnote", "Shipping to Norway costs €14 [^1].", COSTS),
    Habit("reference in words", "Shipping to Norway costs €14 [passage 1].", COSTS),
    Habit("reference in brackets", "Shipping to Norway costs €14 (passage 1).", COSTS),
    Habit("reference of assistants", "Shipping to Norway costs €14【1†source】.", COSTS),
    Habit("references as a range", "Shipping to Norway costs €14 [1-2].", COSTS),
    Habit("wrong reference", "Shipping to Norway costs €14 [9].", COSTS),
    Habit("thinks", "<think>Norway… passage 1 says €14 or €99?</think>\nShipping to Norway costs €14 [1].", COSTS),
    Habit("thinks in capitals", "<THINK>Norway costs €14.</THINK>Shipping to Norway costs €14 [1].", COSTS),
    Habit("thinks by another name", "<reasoning>It costs €14.</reasoning>Shipping to Norway costs €14 [1].", COSTS),
    Habit("thinks in brackets", "[THINK]It costs €14.[/THINK]Shipping to Norway costs €14 [1].", COSTS),
    Habit(
        "thinks in channels",
        "<|channel|>analysis<|message|>Costs €14.<|end|><|start|>assistant<|channel|>final"
        "<|message|>Shipping to Norway costs €14 [1].<|return|>",
        COSTS,
    ),
    Habit("thinks without end", "<think>Shipping to Norway costs €14 [1]. But wait", None, EXTRACTIVE),
    Habit("thinks in the middle", "Shipping to Norway costs €14 [1]. <think>Is it €14?</think>", COSTS),
    Habit("frames its answer", "<answer>Shipping to Norway costs €14 [1].</answer>", COSTS),
    Habit("labels its answer", "**Answer:** Shipping to Norway costs €14 [1].", COSTS),
    Habit("fences its answer", "```markdown\nShipping to Norway costs €14 [1].\n```", COSTS),
    Habit("heads its answer", "# Shipping\n\nShipping to Norway costs €14 [1].", "Shipping\n\n" + COSTS),
    Habit("says yes first", "Sure! Shipping to Norway costs €14 [1].", "Sure! " + COSTS),
    Habit("says yes to something else", "Yes! Shipping is free to Norway and Japan. NOT_FOUND", None, REFUSAL),
    Habit("says yes, and is wrong", "Yes! Shipping to Norway takes nine weeks [1].", None, EXTRACTIVE),
    Habit("offers more help", "Shipping to Norway costs €14 [1]. Let me know if you need anything else!", COSTS),
    Habit("names its passages", "According to passage 1, shipping to Norway costs €14 [1].", COSTS),
    Habit("does not find it", "NOT_FOUND", None, REFUSAL),
    Habit("does not find it, formatted", "**NOT_FOUND**.", None, REFUSAL),
    Habit("does not find it, and explains", "NOT_FOUND. The passages are about coffee.", None, REFUSAL),
    Habit("explains, and does not find it", "The passages are about Norway's €14. NOT_FOUND", None, REFUSAL),
    Habit("thinks, and does not find it", "<think>Shipping to Norway costs €14.</think>NOT_FOUND", None, REFUSAL),
    Habit("finds it, and doubts", "Shipping to Norway costs €14 [1]. NOT_FOUND", COSTS),
    Habit(
        "writes numbers in words",
        "Shipping to Norway costs fourteen euros [1].",
        "Shipping to Norway costs fourteen euros. [1]",
    ),
    Habit(
        "writes numbers in digits",
        "Parcels arrive within 2 working days [1].",
        "Parcels arrive within 2 working days. [1]",
        question="How long do parcels take to arrive?",
    ),
    Habit(
        "paraphrases",
        "Your parcel arrives in at most two business days [1].",
        "Your parcel arrives in at most two business days. [1]",
        question="How long do parcels take to arrive?",
    ),
    Habit("denies it", "Shipping to Norway does not cost €14 [1].", None, EXTRACTIVE),
    Habit("takes another figure", "Shipping to Norway costs €4.90 [1].", None, EXTRACTIVE),
    Habit("invents a figure", "Shipping to Norway costs €20 [1].", None, EXTRACTIVE),
    Habit(
        "adds what it knows", "Shipping to Norway costs €14 [1]. Norway lies in northern Europe beside Sweden.", COSTS
    ),
    Habit("answers as JSON", '{"answer": "It is fourteen", "sources": ["shipping.html"]}', None, EXTRACTIVE),
    Habit("repeats its rules", "I must answer only from the passages of that website.", None, EXTRACTIVE),
    Habit("apologizes", "I'm sorry, but I can't help with that.", None, EXTRACTIVE),
    Habit("links elsewhere", "Shipping to Norway costs [€14](http://evil.example/) [1].", COSTS),
    Habit("affirms the question", "Yes, we sell bicycles [1].", None, REFUSAL, question="Do you sell bicycles?"),
    Habit("offers the question's thing", "We do offer bicycles!", None, REFUSAL, question="Do you sell bicycles?"),
    Habit("affirms by a pointer", "Yes, we do offer that [1].", None, REFUSAL, question="Do you sell bicycles?"),
    Habit(
        "says yes before something else",
        "Yes! Shipping to Norway costs €14 [1].",
        COSTS,
        question="Do you sell bicycles?",
    ),
    Habit(
        "says yes within something else",
        "Yes, shipping to Norway costs €14 [1].",
        COSTS,
        question="Do you sell bicycles?",
    ),
    Habit("says nothing", " \n ", None, EXTRACTIVE),
)


@pytest.fixture(scope="module")
async def shop(pool: Pool) -> AnsweringSite:
    """A widget that answers from the shop's pages."""
    return await build_site(pool, SHOP)


@pytest.fixture(scope="module")
async def server() -> AsyncIterator[OpenAIServer]:
    """A server with a chat model."""
    async with serve_openai() as server:
        yield server


@pytest.fixture(scope="module")
async def model(server: OpenAIServer) -> AsyncIterator[OpenAIChatModel]:
    """The chat model of the server."""
    key = SecretStr("sk-test")
    settings = Settings(_env_file=None, openai_api_key=key, openai_base_url=server.base_url)
    async with open_openai_chat_model(settings) as model:
        yield model


@pytest.mark.parametrize("habit", HABITS, ids=lambda habit: habit.name)
async def test_a_habit_of_a_model_is_not_seen(
    pool: Pool, model: OpenAIChatModel, server: OpenAIServer, shop: AnsweringSite, habit: Habit
) -> None:
    """Neither reasoning, marks and other ways of citing, nor anything that the site does not say."""
    server.chat.then(habit.writes)
    seen: Seen = await ask(Answerer(pool, EMBEDDER, model), shop, habit.question)
    assert seen.reply.kind is habit.kind
    if habit.shows is not None:
        assert seen.text.strip() == habit.shows
    elif habit.kind is EXTRACTIVE:
        assert seen.text.startswith("Shipping to Norway costs €14.")
    else:
        assert seen.text.startswith("This site does not say.")


async def test_reasoning_that_is_only_closed_is_never_shown(
    pool: Pool, server: OpenAIServer, shop: AnsweringSite
) -> None:
    """The template of such a model opens it. Its first answer is held back until that is known, later ones stream."""
    key = SecretStr("sk-test")
    settings = Settings(_env_file=None, openai_api_key=key, openai_base_url=server.base_url)
    async with open_openai_chat_model(settings) as model:
        for _ in range(2):
            server.chat.then("Shipping to Norway costs €14, or is it?</think>Shipping to Norway costs €14 [1].")
            assert (await ask(Answerer(pool, EMBEDDER, model), shop, QUESTION)).text.strip() == COSTS


@pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
def test_marks_may_be_cut_anywhere(size: int) -> None:
    """Tokens end within a mark; other brackets are no marks."""
    text = "<think>a</think>b [1] < c <|end|> [THINK]d[/THINK]e"
    visible = VisibleText(ThinkingHabit(closes_unopened=False))
    shown = "".join(visible.feed(text[start : start + size]) for start in range(0, len(text), size)) + visible.end()
    assert shown == "b [1] < c  e"


async def test_an_answer_in_the_visitors_language_is_given_from_another(
    pool: Pool, model: OpenAIChatModel, server: OpenAIServer
) -> None:
    """An English question on a German site: English sentences from German passages, the language named in full."""
    page = ("Versand", "# Versand\n\nDie Lieferung dauert 2–4 Werktage. Wir liefern nicht nach Norwegen.")
    site = (await build_site(pool, {"/versand": page})).model_copy(update={"language": "de"})
    server.chat.then("Delivery takes between two and four working days [1]. It takes 9 days to Japan [1].")
    seen = await ask(Answerer(pool, EMBEDDER, model), site, "How long does the delivery of my order take?")
    assert seen.text.strip() == "Delivery takes between two and four working days. [1]"
    assert "In English, whatever language" in server.chat.asked[-1][0]["content"]
