"""Pages of a made-up company in any Bootstrap theme, with the noise of real ones around the brand's colour.

Six templates: three for tuning (`TUNE`), three held out for measuring (`HELD_OUT`).
Every page has a cookie bar, a pale section, status colours, a wall of badges and customers' logos, all in
colours that are not the brand's. `hashed` gives the same page with meaningless class names, `shuffled` with
its declarations and head in another order: it renders the same.
"""

import hashlib
import random
import re
from collections.abc import Callable
from dataclasses import dataclass

NAME = "Quillfern"
TUNE = ("landing", "shop", "dark_hero")
HELD_OUT = ("coloured_hero", "outline", "portal")

_CLASS = re.compile(r"\.(-?[A-Za-z_][\w-]*)")
_COPY = "Careful tools for people who press, dry and label plants, made to last for generations of herbaria. "
_BADGES = ("build passing #4c1", "coverage 97% #97ca00", "version 4.2 #007ec6", "license MIT #dfb317", "chat #e05d44")
_CUSTOMERS = ("#e4002b", "#00a1de", "#ff6a13", "#78be20", "#582c83", "#00857c")


@dataclass(frozen=True)
class Page:
    """A page with its style sheets."""

    html: str
    css: dict[str, str]
    """Name → text."""


def make_page(template: str, bootstrap: str, theme: str) -> Page:
    """The template's page in a theme; same arguments, same page."""
    pick = random.Random(f"{template} {theme}")
    body = _TEMPLATES[template](pick)
    noise = _status(pick) + _pale() + _badges() + _customers(pick)
    blocks = [body, noise] if "{noise}" not in body else [body.replace("{noise}", noise)]
    html = (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{NAME} – tools for plant presses</title>\n'
        '<meta name="viewport" content="width=device-width">\n<link rel="stylesheet" href="bootstrap.css">\n'
        '<link rel="stylesheet" href="site.css">\n</head><body>' + "".join(blocks) + _footer() + _cookies(pick)
    )
    return Page(html=html + "</body></html>", css={"bootstrap.css": bootstrap, "site.css": _OWN_CSS})


def hashed(page: Page) -> Page:
    """The page with every class renamed, as builders of style sheets do."""

    def rename(name: str) -> str:
        return f"c{hashlib.sha256(name.encode()).hexdigest()[:7]}"

    def rename_selector(match: re.Match[str]) -> str:
        return _CLASS.sub(lambda found: f".{rename(found[1])}", match[0])

    css = {name: re.sub(r"[^{}]+\{", rename_selector, text) for name, text in page.css.items()}
    html = re.sub(r'class="([^"]*)"', lambda found: f'class="{" ".join(map(rename, found[1].split()))}"', page.html)
    return Page(html=html, css=css)


def shuffled(page: Page) -> Page:
    """The page with its variables, its own rules and its head in another order."""
    shuffle = random.Random(page.html).shuffle

    def reorder(match: re.Match[str]) -> str:
        declarations = [text for text in re.split(r";(?![^\"(]*[\")])", match[2]) if text.strip()]
        if not all(text.strip().startswith("--") for text in declarations):
            return match[0]
        shuffle(declarations)
        return match[1] + ";".join(declarations) + "}"

    rules = re.findall(r"[^{}]+\{[^{}]*\}", page.css["site.css"])
    shuffle(rules)
    css = {"bootstrap.css": re.sub(r"(\{)([^{}]*)\}", reorder, page.css["bootstrap.css"]), "site.css": "".join(rules)}
    head, rest = page.html.split("</head>", 1)
    first, *elements = head.split("\n")
    sheets = [text for text in elements if "stylesheet" in text]
    others = [text for text in elements if "stylesheet" not in text]
    shuffle(others)
    return Page(html="\n".join([first, *others, *sheets]) + "</head>" + rest, css=css)


_OWN_CSS = """
.qf-pale { background: #fef6e4; padding: 3rem 1rem; color: #443 }
.qf-cookie { position: fixed; left: 0; right: 0; bottom: 0; padding: 28px; z-index: 9 }
.qf-cookie { background: #10243e; color: #fff }
.qf-cookie button { background: #00c853; color: #fff; border: 0; padding: 16px 60px; font-size: 20px }
.qf-shield { display: inline-block; color: #fff; font: 11px sans-serif; padding: 4px 6px; margin: 2px }
.qf-customers { display: flex; gap: 40px; justify-content: center; padding: 2rem }
.qf-dark { background: #14171c; color: #f2f2f2; padding: 7rem 2rem }
.qf-card { border: 1px solid #8883; padding: 1.5rem; height: 100% }
"""


def _nav(style: str, action: str) -> str:
    links = "".join(
        f'<a class="nav-link" href="/{word.lower()}">{word}</a>' for word in ("Products", "Guides", "About")
    )
    return (
        f'<nav class="navbar navbar-expand-lg {style}"><div class="container">'
        f'<a class="navbar-brand" href="/">{NAME}</a>'
        f'<div class="navbar-nav me-auto flex-row gap-3">{links}</div>{action}</div></nav>'
    )


def _landing(pick: random.Random) -> str:
    second = pick.choice(("btn-secondary", "btn-outline-secondary", "btn-link"))
    return (
        _nav("bg-body-tertiary", '<a class="btn btn-primary" href="/buy">Order now</a>')
        + '<main><section class="container py-5 text-center"><h1 class="display-4">Press plants that last</h1>'
        f'<p class="lead">{_COPY}</p><a class="btn btn-primary btn-lg" href="/buy">See the presses</a> '
        f'<a class="btn {second} btn-lg" href="/how">How it works</a></section>{{noise}}'
        f'<section class="container py-4"><h2>Why {NAME}</h2><p>{_COPY * 3} <a href="/more">Read more about it</a>.</p>'
        "</section></main>"
    )


def _shop(pick: random.Random) -> str:
    cards = "".join(
        f'<div class="col-3"><div class="qf-card">'
        f'<span class="badge bg-{pick.choice(("danger", "warning", "success"))}">Sale</span>'
        f'<h3 class="h5">Press {size}</h3><p>{_COPY}</p><p><del>€49</del> <span class="text-danger">€39</span></p>'
        '<button class="btn btn-primary">Add to cart</button></div></div>'
        for size in ("A3", "A4", "A5", "Postcard")
    )
    return (
        '<div class="bg-warning text-dark text-center py-1">Free shipping this week</div>'
        + _nav("bg-primary", '<a class="btn btn-light btn-sm" href="/cart">Cart</a>').replace(
            "<nav ", '<nav data-bs-theme="dark" '
        )
        + f'<main class="container py-4"><h1>Presses</h1><div class="row">{cards}</div>{{noise}}'
        f'<h2>Buying guide</h2><p>{_COPY * 4} <a href="/guide">Open the guide</a></p></main>'
    )


def _dark_hero(pick: random.Random) -> str:
    return (
        _nav("navbar-dark bg-dark", '<a class="btn btn-outline-light" href="/login">Log in</a>')
        + '<main><section class="qf-dark text-center"><h1>Herbaria, digitised</h1>'
        f'<p>{_COPY}</p><a class="btn btn-primary btn-lg" href="/start">Start scanning</a></section>{{noise}}'
        f'<section class="container py-5"><h2>From drawer to database</h2><p>{_COPY * 5}</p>'
        f'<p>{_COPY} <a href="/api">See the API</a> and <a href="/docs">the guides</a>.</p></section></main>'
    )


def _coloured_hero(pick: random.Random) -> str:
    return (
        _nav("bg-body", '<a class="btn btn-outline-primary" href="/login">Log in</a>')
        + '<main><section class="bg-primary text-white text-center p-5" data-bs-theme="dark">'
        f'<h1 class="display-3">The modern herbarium</h1><p class="lead">{_COPY}</p>'
        f'<a class="btn btn-light btn-lg text-primary" href="/start">Try it free</a></section>{{noise}}'
        f'<section class="container py-5"><h2>Made for collections</h2><p>{_COPY * 4}</p>'
        f'<button class="btn btn-primary">Talk to us</button></section></main>'
    )


def _outline(pick: random.Random) -> str:
    posts = "".join(
        f'<article><h2 class="h4">Notes on pressing {plant}</h2>'
        f'<p>{_COPY * 2} <a href="/{plant}">Continue reading</a></p></article>'
        for plant in ("ferns", "orchids", "mosses", "grasses")
    )
    return (
        _nav("border-bottom", '<a class="btn btn-primary btn-sm" href="/subscribe">Subscribe</a>')
        + f'<main class="container py-4"><h1>The {NAME} journal</h1>{posts}'
        f'<a class="btn btn-outline-primary" href="/all">All articles</a>{{noise}}</main>'
    )


def _portal(pick: random.Random) -> str:
    return (
        _nav("bg-body-secondary", "")
        + '<main class="container py-5"><div class="row"><div class="col-6"><h1>Your collection</h1>'
        f'<p>{_COPY * 3}</p></div><form class="col-5 qf-card"><h2>Sign in</h2>'
        '<label>Mail<input class="form-control"></label>'
        '<div class="form-check"><input type="checkbox" checked class="form-check-input"> Stay signed in</div>'
        '<button class="btn btn-primary w-100">Sign in</button> '
        '<a class="btn btn-danger btn-sm" href="/x">Delete account</a>'
        '<a class="btn w-100 mt-2" style="background:#4285f4;color:#fff" href="/g">Sign in with Google</a></form></div>'
        "{noise}</main>"
    )


_TEMPLATES: dict[str, Callable[[random.Random], str]] = {
    "landing": _landing,
    "shop": _shop,
    "dark_hero": _dark_hero,
    "coloured_hero": _coloured_hero,
    "outline": _outline,
    "portal": _portal,
}


def _cookies(pick: random.Random) -> str:
    said = pick.choice(("We use cookies to improve this site.", "This site stores cookies. Do you agree?"))
    answers = (
        f"<button>{pick.choice(('Accept all', 'Allow cookies', 'I agree'))}</button> <a href='/privacy'>Settings</a>"
    )
    return f'<div class="qf-cookie">{said} {answers}</div>'


def _pale() -> str:
    return f'<section class="qf-pale"><h2>Trusted by botanists</h2><p>{_COPY * 2}</p></section>'


def _status(pick: random.Random) -> str:
    kind, season = pick.choice(("danger", "success", "warning", "info")), pick.choice(("autumn", "spring"))
    return (
        f'<div class="alert alert-{kind} container">New: the {season} catalogue is here.</div><p class="container">'
        '<span class="badge bg-success">Online</span> <span class="badge bg-danger">Beta</span></p>'
    )


def _badges() -> str:
    shields = (text.rsplit(" ", 1) for text in _BADGES)
    return (
        '<p class="container">'
        + "".join(f'<a class="qf-shield" style="background:{c}" href="/s">{words}</a>' for words, c in shields)
        + "</p>"
    )


def _customers(pick: random.Random) -> str:
    colours = pick.sample(_CUSTOMERS, 5)
    logos = "".join(
        f'<svg class="logo" width="120" height="40" role="img" aria-label="Customer"><rect width="120" height="40" '
        f'rx="8" fill="{colour}"/></svg>'
        for colour in colours
    )
    return f'<div class="qf-customers">{logos}</div>'


def _footer() -> str:
    return (
        f'<footer class="bg-body-tertiary p-4 text-center"><p>© {NAME} Ltd. <a href="/imprint">Imprint</a></p></footer>'
    )
