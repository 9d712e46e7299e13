"""Facts of a site: each once, with its pages, its conflicts, and its owner's edits, which outlive builds."""

import pytest

from tasks.core.database import Pool
from tasks.core.errors import NotFound
from tasks.core.facts import FactEdit, FactKind
from tasks.knowledge.answering.answerer import Answerer
from tasks.knowledge.answering.reply import AnsweringSite
from tasks.knowledge.facts.fact_edits import edit_fact
from tasks.knowledge.facts.fact_passages import FACT_POSITION
from tasks.knowledge.facts.site_facts import find_conflicts, open_site_facts
from tasks.records.fact_records import FactRecord, read_site_facts
from tasks.records.page_references import read_chunk_hashes
from tasks.records.publication import activate_build
from tests.knowledge.answer_material import EMBEDDER, ask
from tests.knowledge.facts.fact_sites import build_site, read_html, store_site
from tests.knowledge.facts.test_fact_answers import ENGLISH, FOOTER, PROSE, page
from tests.knowledge.material import SITE, new_job

PHONE = "What is your phone number?"


async def phones(pool: Pool, widget_id: object) -> list[FactRecord]:
    """The telephone numbers of the widget."""
    return [fact for fact in await read_site_facts(pool, widget_id) if fact.kind is FactKind.phone]  # type: ignore[arg-type]


async def answer(pool: Pool, widget_id: object, question: str = PHONE) -> str:
    """The widget's answer."""
    site = AnsweringSite(widget_id=widget_id, name="Harbour Tools", url=f"{SITE}/", language="en")
    return (await ask(Answerer(pool, EMBEDDER, None), site, question)).text


async def test_a_fact_of_all_pages_is_kept_once(pool: Pool) -> None:
    """With the pages that state it, the first one first."""
    job = await build_site(pool, EMBEDDER, ENGLISH)
    (phone,) = await phones(pool, job.widget_id)
    assert (phone.value, phone.normal) == ("01234 555 777", "+441234555777")
    assert phone.pages == tuple(SITE + path for path in ENGLISH)
    assert phone.page_count == len(ENGLISH)


async def test_an_edit_is_told_at_once_and_outlives_a_rebuild(pool: Pool) -> None:
    """In the owner's words as long as the site states the fact."""
    job = await build_site(pool, EMBEDDER, ENGLISH)
    (phone,) = await phones(pool, job.widget_id)
    await edit_fact(pool, EMBEDDER, job.widget_id, phone.id, FactEdit(value="01234 555 999"))
    assert "01234 555 999" in await answer(pool, job.widget_id)
    assert "01234 555 777" not in await answer(pool, job.widget_id)

    await build_site(pool, EMBEDDER, ENGLISH, await new_job(pool, job.widget_id))
    assert "01234 555 999" in await answer(pool, job.widget_id)
    (again,) = await phones(pool, job.widget_id)
    assert (again.id, again.value, again.edit) == (phone.id, "01234 555 777", FactEdit(value="01234 555 999"))


async def test_a_hidden_fact_is_not_told(pool: Pool) -> None:
    """Until its edit is taken back."""
    job = await build_site(pool, EMBEDDER, ENGLISH)
    (phone,) = await phones(pool, job.widget_id)
    await edit_fact(pool, EMBEDDER, job.widget_id, phone.id, FactEdit(is_hidden=True))
    assert "555" not in await answer(pool, job.widget_id)
    await build_site(pool, EMBEDDER, ENGLISH, await new_job(pool, job.widget_id))
    assert "555" not in await answer(pool, job.widget_id)
    await edit_fact(pool, EMBEDDER, job.widget_id, phone.id, FactEdit())
    assert "01234 555 777" in await answer(pool, job.widget_id)


async def test_an_edit_of_an_unknown_fact_is_refused(pool: Pool) -> None:
    """Another widget's facts are unknown."""
    job, other = await build_site(pool, EMBEDDER, ENGLISH), await new_job(pool)
    (phone,) = await phones(pool, job.widget_id)
    with pytest.raises(NotFound):
        await edit_fact(pool, EMBEDDER, other.widget_id, phone.id, FactEdit(is_hidden=True))


async def test_a_rebuild_replaces_what_the_site_no_longer_states(pool: Pool) -> None:
    """The old number goes with the old build."""
    job = await build_site(pool, EMBEDDER, ENGLISH)
    moved = {path: html.replace("555 777", "555 888").replace("555777", "555888") for path, html in ENGLISH.items()}
    await build_site(pool, EMBEDDER, moved, await new_job(pool, job.widget_id))
    assert [phone.value for phone in await phones(pool, job.widget_id)] == ["01234 555 888"]
    assert "01234 555 888" in await answer(pool, job.widget_id)


async def test_facts_are_told_alike_whichever_page_is_read_first(pool: Pool) -> None:
    """A re-crawl that reads another page first embeds nothing anew."""
    yard, office = (f"<p>{name}@harbour.example</p>" for name in ("yard", "office"))
    pages = {
        "/": ENGLISH["/"].replace(yard, yard + office),
        "/history": ENGLISH["/history"].replace(yard, office + yard).replace("Call us", "Archive"),
    }
    assert all(html not in ENGLISH.values() for html in pages.values())
    job = await build_site(pool, EMBEDDER, pages)
    told = await read_chunk_hashes(pool, job, least=FACT_POSITION)
    known = [fact.model_dump(exclude={"pages"}) for fact in await read_site_facts(pool, job.widget_id)]
    assert told[f"{SITE}/"]

    again = await new_job(pool, job.widget_id)
    facts = await open_site_facts(pool, again)
    for path, html in reversed(pages.items()):
        facts.add(SITE + path, read_html(path, html, EMBEDDER.model).page.facts)
    await store_site(pool, EMBEDDER, pages, again, facts)
    assert await activate_build(pool, again, replace=True)
    assert await read_chunk_hashes(pool, again, least=FACT_POSITION) == told
    assert [fact.model_dump(exclude={"pages"}) for fact in await read_site_facts(pool, job.widget_id)] == known


async def test_contradicting_facts_are_shown_as_conflicts(pool: Pool) -> None:
    """An old number on one page; two branches with their own hours are none."""
    branches = "<h3>Yard</h3><p>Opening hours: Mon–Fri 8–16</p><h3>Shop</h3><p>Opening hours: Mon–Sat 10–18</p>"
    pages = {
        "/": page("Welcome", PROSE),
        "/contact": page("Contact", branches + PROSE, FOOTER.replace("555 777", "555 111").replace("555777", "555111")),
    }
    job = await build_site(pool, EMBEDDER, pages)
    facts = await read_site_facts(pool, job.widget_id)
    conflicts = find_conflicts(facts)
    old, new = (fact for fact in facts if fact.kind is FactKind.phone)
    assert conflicts[old.id] == [new.id]
    assert {fact.label for fact in facts if fact.kind is FactKind.hours and fact.id not in conflicts} >= {
        "Yard",
        "Shop",
    }


async def test_a_resumed_build_knows_the_facts_of_stored_pages(pool: Pool) -> None:
    """A footer that an earlier attempt has stored is not stored again."""
    job = await new_job(pool)
    facts = await open_site_facts(pool, job)
    await store_site(pool, EMBEDDER, {"/": ENGLISH["/"]}, job, facts)
    resumed = await open_site_facts(pool, job)
    assert {fact.key for fact in resumed} == {fact.key for fact in facts}
    assert all(fact.pages == (f"{SITE}/",) for fact in resumed)
