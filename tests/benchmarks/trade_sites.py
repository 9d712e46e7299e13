"""Sites of many trades with everyday questions, written for the benchmarks: `small_sites/trades`.

A line `? question | question` is answered by the line above it, `! question` by nothing on its site. The first line has
the language, the name, and the contact data, which stand in each page's footer. Questions for those (`everywhere.json`;
if they were found as facts) and three of other sites are asked of every site. All of them are for development;
`business_sites` reports.
"""

import gzip
import json
import random
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

from markdown_it import MarkdownIt

from tasks.core.errors import PageSkipped
from tasks.core.facts import Fact
from tasks.core.models import BuildRequest, ChunkedPage, FetchedPage, FetchMethod, Job, Target
from tasks.knowledge.answering.evidence.statements import split_sentences
from tasks.knowledge.embedding.tokens import LOCAL_MODEL, load_tokenizer
from tasks.knowledge.facts.fact_passages import fact_chunks
from tasks.knowledge.facts.fact_phrases import fact_phrases
from tasks.knowledge.facts.site_facts import SiteFacts, is_stated_for_site
from tasks.reading import ReadOptions, read_in_chunks
from tests.benchmarks.everyday_sites import HIDDEN, SHARED, AskedQuestion, EverydaySite
from tests.benchmarks.knowledge import SITE
from tests.benchmarks.stack import ROOT

FOLDER = Path(__file__).with_name("small_sites")
SHOP = ("4795", "2981", "2982", "3022", "4050", "0586", "0594")
"""Pages of WCXB's sample that `small-business.json` asks about."""
LEARNING = FOLDER / "learning"
"""Sites that the cross-encoder is learned from."""
OTHERS = 3
"""Questions of other sites asked of each."""
_HOURS = re.compile(r"\d\s?(?:[ap]m\b|Uhr|uur|h\b)|\d[:.]\d\d|(?:from|to|de|bis) \d+\b")
_PHONE = re.compile(r"\+?\d[\d ]{7,}\d")
_STREET = re.compile(
    r"\d+ (?:[A-Z]\w+ )*(?:Street|Road|Row|Place|Lane|Court)|\d+ rue [\w ]+"
    r"|(?:\w+ )*(?:Lane|Road|\w+(?:straße|weg|gatan|gracht)|del Colle|Mayor) \d+"
)
_EMAIL = re.compile(r"[\w.]+@[\w.-]+\w")


def load_trades() -> list[EverydaySite]:
    """Return the sites, read from HTML as in a build, with passages of their facts."""
    return list(load_sites(FOLDER / "trades"))


def load_sites(folder: Path, *, everywhere: int | None = None) -> Iterator[EverydaySite]:
    """Yield the folder's sites; with `everywhere`, at most so many of the questions that are asked of every site."""
    parsed = {file.stem: _Site(file.read_text("utf-8")) for file in sorted(folder.glob("*.md"))}
    listed = json.loads((FOLDER / "everywhere.json").read_text("utf-8"))
    chance = random.Random(7)
    for name, site in parsed.items():
        foreign = [
            AskedQuestion(asked.text, None)
            for other, each in parsed.items()
            if other != name and each.language == site.language
            for asked in each.row_questions
        ]
        pages = read_site(site.pages)
        known = "\n".join(chunk.text for page in pages for chunk in page.chunks)
        shared = list(_ask_everywhere(site, listed.get(site.language, {}), known))
        asked = [
            *site.questions,
            *(shared if everywhere is None else chance.sample(shared, min(everywhere, len(shared)))),
            *chance.sample(foreign, min(OTHERS, len(foreign))),
        ]
        yield EverydaySite(name, site.language, pages, asked)


def read_site(pages: Sequence[tuple[str, str]]) -> list[ChunkedPage]:
    """Return pages of `(path, html)` as a build reads them, with passages of the site's facts."""
    request = BuildRequest(url=f"{SITE}/", depth=3, max_pages=len(pages))
    facts = SiteFacts(Job(build_id=uuid4(), widget_id=uuid4(), request=request, attempt=1), {}, {})
    read: list[ChunkedPage] = []
    for at, (path, html) in enumerate(pages):
        url = SITE + path
        html = HIDDEN.sub("", html)
        target = Target(url=url, depth=min(at, 1))
        page = FetchedPage(target=target, final_url=url, method=FetchMethod.http, html=html, byte_count=len(html))
        with suppress(PageSkipped):
            read.append(read_in_chunks(page, ReadOptions(LOCAL_MODEL, 30)))
            facts.add(url, read[-1].page.facts)
    told = facts.assign({each.page.url for each in read})
    return [_with_facts(each, told.get(each.page.url, [])) for each in read]


def _with_facts(page: ChunkedPage, facts: Sequence[Fact]) -> ChunkedPage:
    stated = [fact for fact in facts if is_stated_for_site(fact, page.page)]
    language = str(page.page.metadata.get("language") or "")
    chunks = fact_chunks(stated, page.page.title, language, load_tokenizer(LOCAL_MODEL))
    return page.model_copy(update={"chunks": (*page.chunks, *chunks)})


def load_shared() -> list[EverydaySite]:
    """Return the sites of `small-business.json`; none if it is not beside the repository."""
    file = SHARED / "answers" / "small-business.json"
    if not file.is_file():
        return []
    folder = ROOT / "tests" / "sites" / "company"
    company = sorted(folder.rglob("*.html"), key=lambda each: len(each.parts))
    shop = [SHARED / "wcxb" / "html" / f"{number}.html.gz" for number in SHOP]
    html = {
        "company": [(f"/{each.relative_to(folder)}", each.read_text("utf-8")) for each in company],
        "smb_shop": [(f"/{each.name}", gzip.decompress(each.read_bytes()).decode()) for each in shop],
    }
    return [
        EverydaySite(name, "en", read_site(html[name]), [AskedQuestion(*pair) for pair in asked])
        for name, asked in json.loads(file.read_text("utf-8")).items()
    ]


class _Site:
    """A site's file, parsed."""

    def __init__(self, text: str) -> None:
        head, *parts = re.split(r"(?m)^(?:~~~|===) ", text)[1:]
        self.language, self.name, self.contact = (part.strip() for part in head.split(" | ", 2))
        self.questions: list[AskedQuestion] = []
        self.row_questions: list[AskedQuestion] = []
        """Those that a row of a table answers."""
        bodies = {}
        for part in parts:
            first, _, body = part.partition("\n")
            path, title = first.split(" | ")
            bodies[path, title] = "\n".join(self._read_lines(body.strip().splitlines()))
        links = "".join(f'<li><a href="{path}">{title}</a></li>' for path, title in bodies)
        self.pages = [(path, self._html(title, links, body)) for (path, title), body in bodies.items()]

    def _read_lines(self, lines: Sequence[str]) -> Iterator[str]:
        said = ""
        for line in lines:
            if line.startswith(("? ", "! ")):
                for text in line[2:].split(" | "):
                    answer = answer_pattern(said, self.language) if line[0] == "?" else None
                    self.questions.append(AskedQuestion(text.strip(), answer))
                    if line[0] == "?" and said.startswith("|"):
                        self.row_questions.append(self.questions[-1])
                continue
            if line.startswith("|") != said.startswith("|"):
                yield ""  # A table ends at an empty line only.
            yield line
            said = line or said

    def _html(self, title: str, links: str, body: str) -> str:
        main = MarkdownIt("commonmark").enable("table").render(body)
        return (
            f'<!doctype html><html lang="{self.language}"><head><title>{title}</title></head><body>'
            f"<header><nav><ul>{links}</ul></nav></header><main>{main}</main>"
            f"<footer><p>{self.contact.replace(' · ', '<br>')}</p></footer></body></html>"
        )


def answer_pattern(line: str, language: str) -> str:
    """Return the pattern of an answer that has the line, or one of its sentences."""
    if line.startswith("|"):
        cells = [cell for cell in line.strip("| ").split(" | ") if cell.strip()]
        return r"(?s)" + ".{0,60}?".join(_words(cell) for cell in cells)
    said = [_words(sentence) for sentence in split_sentences(line.lstrip("- "))]
    if _HOURS.search(line):
        phrases = fact_phrases(language)
        said.append(rf"(?:{'|'.join(phrases.days)}): (?:{phrases.open}|{phrases.closed})")
    return "|".join(said)


def _words(text: str) -> str:
    # Answers are Markdown: characters between the words may be escaped.
    return r"\W+".join(re.escape(word) for word in re.findall(r"\w+", text))


def _ask_everywhere(site: _Site, listed: dict[str, list[str]], known: str) -> Iterator[AskedQuestion]:
    """Yield the questions for what the site's passages have; those for nothing have no answer."""
    said = {
        "phone": _PHONE.search(site.contact),
        "email": _EMAIL.search(site.contact),
        "address": _STREET.search(site.contact),
    }
    for kind, texts in listed.items():
        answer = _words(found.group()) if (found := said.get(kind)) else ""
        if kind == "none" or (answer and re.search(answer, known)):
            yield from (AskedQuestion(text, answer or None) for text in texts)
