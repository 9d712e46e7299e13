"""What can be seen of each run of text without understanding it: the named traits that a scorecard weighs."""

import re
from bisect import bisect_right

from tasks.web.boxes import LANDMARKS, Box, Outline, Run
from tasks.web.vocabulary import BITS, groups_of

_LOWER = re.compile(r"\b[a-zà-ÿа-яα-ω]")
_INITIAL = re.compile(r"\b\w")
_SENTENCE = re.compile(r"[a-zà-ÿа-я\d)\"”’][.!?…。！？](?:\s|$)")
_LEXICON: dict[str, re.Pattern[str]] = {
    "copyright": re.compile(r"©|\(c\) ?\d{4}|all rights reserved|copyright|privacy policy|terms of (?:use|service)", re.I),
    "price": re.compile(r"[$€£¥₹]\s?\d|\d\s?(?:€|£|kr|zł|usd|eur)\b", re.I),
    "date": re.compile(
        r"\b(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.? \d{1,2}\b|\b\d{1,2}[./-]\d{1,2}[./-]\d{2,4}\b"
        r"|\b\d{4}-\d\d-\d\d\b|\b(?:minutes?|hours?|days?|weeks?|months?|years?) ago\b|\bmin read\b", re.I),
    "call": re.compile(
        r"^(?:read|learn|see|view|show|load|find out|discover|shop|explore|browse|continue)\b.{0,20}$|\b(?:add to|sign up|log ?in|"
        r"subscribe|get started|buy now|book now|contact us|download|click here|apply now|try (?:it )?(?:for )?free|request)\b", re.I),
    "share": re.compile(r"^(?:share|tweet|pin|email|print|copy link|follow|like|save|reply|report|quote|upvote|downvote)\b", re.I),
    "account": re.compile(r"\b(?:log in|sign in|sign up|register|your (?:email|cart|account|privacy)|newsletter|password|cookies?)\b", re.I),
    "question": re.compile(r"\?\s*$"),
    "by": re.compile(r"^(?:by|written by|author|posted|published|updated|last updated|filed under|tags?|categor)", re.I),
    "count": re.compile(r"^\W*\d[\d,.]*\W*$|^\d+ (?:comments?|replies|views|likes|items?|results?|products?|reviews?|ratings?)", re.I),
}
_TOPICS: dict[str, re.Pattern[str]] = {
    "related": re.compile(
        r"related|you (?:may|might)|recommend|more (?:from|in|like|stories|articles|posts|products|on)|similar|popular|trending|"
        r"latest|recent|also (?:like|bought|viewed)|featured|editor|read next|keep reading|further reading|don't miss|see also|top stories|explore", re.I),
    "comments": re.compile(r"\bcomments?\b|leave a (?:reply|comment)|responses?\b|discussion|replies|join the", re.I),
    "subscribe": re.compile(r"newsletter|subscri|sign up|stay (?:up|in)|follow us|join (?:our|us)|get (?:the|our|in touch)|contact", re.I),
    "reviews": re.compile(r"reviews?\b|ratings?\b|customers? say|testimonial", re.I),
    "share": re.compile(r"\bshare\b|follow", re.I),
    "about": re.compile(r"about the author|author|company|quick links|information|resources|customer (?:care|service)|help|support|legal|categories|tags|archives", re.I),
    "filter": re.compile(r"filter|refine|sort|narrow|shop by|brand$|price$|size$|colou?r$", re.I),
    "question": re.compile(r"faq|frequently asked|questions|q\s?&\s?a", re.I),
}
_WORDS = (2, 3, 5, 9, 16, 31, 61, 121)
_SHARES = (0.01, 0.3, 0.7, 0.95)
_REPEATS = (2, 3, 5, 9, 17, 41)
_ITEM = (3, 6, 12, 25, 60, 150)
_BOX = (10, 30, 80, 200, 500, 1500)
_PLACE = (0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 0.95, 0.98)
_GROUP_LIST = tuple(BITS.items())
_MARKS = tuple(LANDMARKS.items())
_HEADINGS = frozenset(("h1", "h2", "h3", "h4", "h5", "h6"))


def _bins(name: str, edges: tuple[float, ...]) -> tuple[str, ...]:
    return tuple(f"{name} <{edge:g}" for edge in edges) + (f"{name} more",)


_N_WORDS, _N_LINK = _bins("words", _WORDS), _bins("linked", _SHARES)
_N_LOWER, _N_PLACE = _bins("lower", (0.2, 0.5, 0.7, 0.85)), _bins("place", _PLACE)
_N_REP, _N_ITEM, _N_ITEML = _bins("alike", _REPEATS), _bins("item words", _ITEM), _bins("item linked", _SHARES)
_N_UP = tuple((_bins(f"box {up} words", _BOX), _bins(f"box {up} linked", _SHARES)) for up in (1, 2, 3, 5))
_N_COMMA = _bins("commas", (1, 3, 6))
_N_AFTER = _bins("after heading", (1, 2, 3, 6, 12, 30))
_SELF = tuple((bit, f"own {name}") for name, bit in _GROUP_LIST)
_NEAR = tuple((bit, f"near {name}") for name, bit in _GROUP_LIST)
_FAR = tuple((bit, f"far {name}") for name, bit in _GROUP_LIST)
_IN = tuple((bit, f"in {name}") for name, bit in _MARKS)


def box_traits(box: Box, total: int) -> list[str]:
    """What a run has from where it stands; the same for all runs right in the box."""
    found = [f"tag {box.tag}" if box.tag in _KNOWN_TAGS else "tag other"]
    parent = box.parent
    own = box.groups | (parent.groups if parent else 0)
    near, far, up = 0, 0, parent.parent if parent else None
    for _ in range(3):
        if up is None:
            break
        near |= up.groups
        up = up.parent
    if up is not None:
        far = up.groups | up.inherited
    found += [name for bit, name in _SELF if own & bit]
    found += [name for bit, name in _NEAR if near & bit]
    found += [name for bit, name in _FAR if far & bit]
    found += [name for bit, name in _IN if box.tags & bit]
    if box.is_hidden:
        found.append("hidden")
    step, at = box, 1
    for (up_words, up_linked), level in zip(_N_UP, (1, 2, 3, 5), strict=True):
        while at < level and step.parent is not None:
            step, at = step.parent, at + 1
        found.append(up_words[bisect_right(_BOX, step.words)])
        found.append(up_linked[bisect_right(_SHARES, step.link_words / step.words if step.words else 0)])
    item, repeats = None, 1
    step_: Box | None = box
    for _ in range(7):
        if step_ is None or step_.parent is None:
            break
        n = step_.parent.children[step_.signature]
        if n > repeats and step_.tag not in ("p", "br", "td", "th"):
            item, repeats = step_, n
        step_ = step_.parent
    found.append(_N_REP[bisect_right(_REPEATS, repeats)])
    if item is not None and repeats >= 3:
        found.append(_N_ITEM[bisect_right(_ITEM, item.words)])
        found.append(_N_ITEML[bisect_right(_SHARES, item.link_words / item.words if item.words else 0)])
    return found


_KNOWN_TAGS = frozenset(
    "p h1 h2 h3 h4 h5 h6 li td th dt dd pre blockquote figcaption label button summary div section a span article main"
    " aside header footer legend caption address form".split()
)


def run_traits(run: Run) -> list[str]:
    """What a run has from its own text."""
    text, n = run.text, run.words
    found = [
        _N_WORDS[bisect_right(_WORDS, n)],
        _N_LINK[bisect_right(_SHARES, run.link_words / n)],
        _N_COMMA[bisect_right((1, 3, 6), text.count(",") + text.count("、") + text.count("，"))],
    ]
    head = text if n < 60 else text[:300]
    initials = len(_INITIAL.findall(head))
    found.append(_N_LOWER[bisect_right((0.2, 0.5, 0.7, 0.85), len(_LOWER.findall(head)) / initials if initials else 0)])
    if _SENTENCE.search(head):
        found.append("sentence")
    last = text[-1]
    found.append("ends ." if last in ".!…。" else "ends :" if last == ":" else "ends other" if not last.isalnum() else "ends word")
    if n <= 40:
        found += [f"says {name}" for name, pattern in _LEXICON.items() if pattern.search(text)]
    if any(c.isdigit() for c in head):
        digits = sum(c.isdigit() for c in head) / len(head)
        found.append("digits many" if digits > 0.2 else "digits some")
    return found


def find_traits(outline: Outline, title: str) -> list[list[str]]:
    """The traits of each run, in order."""
    runs = outline.runs
    total = sum(run.words for run in runs) or 1
    core = core_box(outline, 0.5)
    core80 = core_box(outline, 0.8)
    seen: set[str] = set()
    of_box: dict[int, list[str]] = {}
    traits: list[list[str]] = []
    before = 0
    topic: list[str] = []
    since = 0
    past_h1 = False
    h1 = any(run.box.tag == "h1" for run in runs)
    lowered_title = title.lower()
    for index, run in enumerate(runs):
        box = run.box
        key = id(box)
        if key not in of_box:
            of_box[key] = box_traits(box, total)
        found = of_box[key] + run_traits(run)
        found.append(_N_PLACE[bisect_right(_PLACE, before / total)])
        before += run.words
        if box.tag in _HEADINGS or (box.groups & BITS["title"] and run.words < 12):
            topic = [f"under {name}" for name, pattern in _TOPICS.items() if run.words <= 12 and pattern.search(run.text)]
            if box.tag == "h1":
                past_h1 = True
            since = 0
        else:
            since += 1
        found += topic
        found.append(_N_AFTER[bisect_right((1, 2, 3, 6, 12, 30), since)])
        found.append("past h1" if past_h1 else "before h1" if h1 else "no h1")
        if run.text in seen:
            found.append("said before")
        seen.add(run.text)
        if run.text.lower() == lowered_title:
            found.append("is title")
        for name, kernel in (("core", core), ("wide core", core80)):
            if kernel is not None:
                found.append(f"{name} in" if kernel.first <= index < kernel.last else f"{name} before" if index < kernel.first else f"{name} after")
        traits.append(found)
    return traits


def core_box(outline: Outline, share: float) -> Box | None:
    """The innermost box with this share of the page's prose: sentences without many links."""
    prose = [0]
    for run in outline.runs:
        is_prose = run.words >= 9 and run.link_words * 3 <= run.words and run.box.tag not in ("li", "a")
        prose.append(prose[-1] + (run.words if is_prose else 0))
    if prose[-1] < 30:
        return None
    best = None
    for box in outline.boxes:
        if prose[box.last] - prose[box.first] >= share * prose[-1] and (best is None or box.depth >= best.depth):
            best = box
    return best
