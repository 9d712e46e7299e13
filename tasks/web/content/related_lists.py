"""Drops lists of other pages below the text: related articles, most read, "you may also like", in several languages."""

import re
from collections.abc import Sequence

from tasks.web.content.boxes import Box, Outline, Run
from tasks.web.content.run_features import heading_text

MAX_TITLE_WORDS = 8
MIN_LINKS = 3
"""Links from which the block below the title is a list of pages."""
MIN_WORDS_BEFORE = 80
"""Words of content above: a page that begins with such a list is about it."""
_TITLES = (
    *(
        "related (?:articles?|posts?|stories|news|content|products?|reading|links|coverage)",
        "(?:you|we) (?:may|might) (?:also )?(?:like|enjoy)",
        "(?:customers|people|others) (?:also|who)",
        "recommended (?:for you|articles|reading|posts)",
        "most (?:read|popular|viewed)",
        "trending(?: (?:now|news|stories))?$",
        "don['’]t miss$",
        "popular (?:posts|articles|stories|now)",
        "more (?:from|stories|articles|posts)",
        "read next",
        "keep reading",
    ),
    *(
        "(?:das )?könnte (?:sie|dich|ihnen|dir)",
        "das könnte",
        "(?:ähnliche|verwandte|weitere) (?:artikel|beiträge|themen|produkte|nachrichten)",
        "meist ?gelesen",
        "mehr zum thema",
        "lesen sie auch",
        "auch interessant",
    ),
    *(
        "(?:à lire|lire) aussi",
        "articles (?:similaires|liés|associés)",
        "sur le même (?:sujet|thème)",
        "(?:ça|cela) (?:pourrait|peut) vous",
        "vous aimerez",
        "les plus lus",
    ),
    *(
        "(?:artículos|noticias) relacionad[oa]s",
        "(?:también )?(?:te|le) puede",
        "lo más (?:leído|visto)",
        "articoli (?:correlati|simili)",
        "potrebbe(?:ro)? (?:anche )?interessart",
        "leggi anche",
        "i più letti",
    ),
    *(
        "leia (?:também|mais)",
        "(?:artigos|posts|notícias) relacionad",
        "mais lid",
        "lees ook",
        "gerelateerde",
        "meest gelezen",
    ),
    *(
        "(?:zobacz|czytaj) (?:także|też|również)",
        "powiązane",
        "najczęściej czytane",
        "läs (?:mer|också)",
        "relaterade",
        "mest (?:läst|lest|læst)",
        "læs også",
        "les også",
    ),
    *(
        "lue myös",
        "читайте также",
        "похожие",
        "související",
        "přečtěte si",
        "benzer",
        "関連記事",
        "相关(?:文章|阅读)",
        "おすすめ記事",
    ),
)
"""Beginnings of titles of such lists, in lower case."""
_TITLE = re.compile(rf"\W*(?:{'|'.join(_TITLES)})")


def drop_related(outline: Outline, kept: list[bool]) -> None:
    """Drop the block below a title of related pages, and the title, if it is a list of links."""
    runs, before = outline.runs, 0
    for index, run in enumerate(runs):
        if run.words <= MAX_TITLE_WORDS and before >= MIN_WORDS_BEFORE:
            title = heading_text(run)
            if title is not None and _TITLE.match(title.lower()) and (block := _block_below(runs, index)) is not None:
                for at in range(index, block.last):
                    kept[at] = False
        before += run.words if kept[index] else 0


def _block_below(runs: Sequence[Run], index: int) -> Box | None:
    """Return the largest box that begins below the title beside it, if it is a list of links to other pages."""
    title, holder = runs[index].box, runs[index].box
    while holder.parent is not None and holder.last == title.last and holder.first == title.first:
        holder = holder.parent
    if index + 1 >= min(len(runs), holder.last):
        return None
    block = runs[index + 1].box
    while block.parent is not None and block.parent is not holder:
        block = block.parent
    linked = sum(run.link_words > 0 for run in runs[block.first : block.last])
    return block if block.first == index + 1 and linked >= MIN_LINKS else None
