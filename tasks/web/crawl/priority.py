"""Priority of URLs: pages that the site itself puts forward come first, then shallow paths; boilerplate last."""

import re
from enum import IntEnum
from urllib.parse import parse_qsl, urlsplit

from tasks.core.models import Link


class Worth(IntEnum):
    """Classes of URLs, the most useful first."""

    content = 0
    listing = 1
    """Lists of pages that are linked elsewhere too: tags, archives, authors, later pages of a list."""
    boilerplate = 2
    """Pages that answer no visitor's question: login, cart, print views, searches, share links."""


_LISTINGS = frozenset(
    """
    tag tags tagged topic topics category categories kategorie kategorien schlagwort stichwort etiquette etiqueta
    archive archives archiv author authors autor auteur feed feeds rss calendar kalender calendrier events-calendar
    genindex py-modindex modindex sitemap
    """.split()  # noqa: SIM905
)
_BOILERPLATE = frozenset(
    """
    login log-in signin sign-in logout log-out signout sign-out signup sign-up register registration anmelden
    registrieren connexion inscription inloggen accedi acceder konto account accounts my-account mein-konto profile
    password lost-password forgot-password reset-password cart basket warenkorb panier carrito carrello winkelwagen
    checkout kasse wishlist wunschliste merkliste compare vergleich search suche recherche buscar print drucken
    imprimer share teilen subscribe unsubscribe newsletter wp-login wp-admin wp-json xmlrpc admin cgi-bin cookie-policy
    cookies cookie-settings trackback replytocom _sources
    """.split()  # noqa: SIM905
)
_BOILERPLATE_PARAMETERS = frozenset(
    """
    print printable replytocom share add-to-cart login redirect redirect_to return returnurl return_to returnto next
    sort sortby sort_by order orderby order_by dir direction view display format s search q query action rev oldid diff
    limit per_page pagesize
    """.split()  # noqa: SIM905
)
_PAGES = frozenset(("page", "paged", "p", "pg", "seite", "offset", "start", "from"))
_NUMBER = re.compile(r"\d+")
_EXTENSION = re.compile(r"\.\w{2,5}$")

Rank = tuple[int, int, float, int, int, str]


def worth_of(url: str) -> Worth:
    """Return the class of a URL, by the names that sites give to such pages."""
    if boilerplate_word(url):
        return Worth.boilerplate
    parts = urlsplit(url)
    names = _names(parts.path)
    parameters = parse_qsl(parts.query, keep_blank_values=True) if parts.query else []
    if not _LISTINGS.isdisjoint(names) or _is_later_page(parts.path, parameters) or _is_date_archive(parts.path):
        return Worth.listing
    return Worth.content


def boilerplate_word(url: str) -> str:
    """Return the path segment or parameter that makes the URL boilerplate; empty if there is none."""
    parts = urlsplit(url)
    for name in _names(parts.path):
        if name in _BOILERPLATE:
            return f"/{name}"
    for name, _ in parse_qsl(parts.query, keep_blank_values=True) if parts.query else ():
        if name.lower() in _BOILERPLATE_PARAMETERS:
            return f"?{name.lower()}="
    return ""


def _names(path: str) -> list[str]:
    return [_EXTENSION.sub("", segment.lower()) for segment in path.split("/") if segment]


def _is_later_page(path: str, parameters: list[tuple[str, str]]) -> bool:
    if any(name.lower() in _PAGES and _NUMBER.fullmatch(value) and name != "p" for name, value in parameters):
        return True
    segments = path.lower().strip("/").split("/")
    return len(segments) > 1 and segments[-2] in _PAGES and _NUMBER.fullmatch(segments[-1]) is not None


def _is_date_archive(path: str) -> bool:
    """Whether the path ends in a year with nothing but numbers after it: `/2024/05/`."""
    segments = path.strip("/").split("/")
    years = [index for index, segment in enumerate(segments) if re.fullmatch(r"(19|20)\d\d", segment)]
    return bool(years) and all(_NUMBER.fullmatch(segment) for segment in segments[years[0] :])


def rank_of(link: Link, *, on_home: bool, in_links: int) -> Rank:
    """Return the sort key of a URL, smallest first.

    It compares class, the home page's navigation, the sitemap's priority, the number of links, path depth and
    last the date of change, newest first.
    """
    segments = [segment for segment in urlsplit(link.url).path.split("/") if segment]
    is_put_forward = (on_home and link.region in ("nav", "header")) or link.region == "llms"
    return (
        worth_of(link.url),
        0 if is_put_forward else 1,
        -(0.5 if link.priority is None else link.priority),
        # Logarithmic: between 20 and 25 links there is no difference.
        -in_links.bit_length(),
        len(segments),
        # Digits are complemented so that later dates sort first.
        link.modified.translate(_COMPLEMENTS) or "~",
    )


_COMPLEMENTS = str.maketrans("0123456789", "9876543210")
