"""Names, registration numbers and social profiles of a site's owner."""

import re
from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

from tasks.core.facts import Fact, FactKind
from tasks.web.facts.page_lines import PageText

MAX_NAME = 80
_SOCIAL = re.compile(
    r"^(?:https?:)?//(?:[\w-]+\.)?(?P<site>facebook\.com|fb\.com|fb\.me|instagram\.com|twitter\.com|x\.com"
    r"|linkedin\.com|youtube\.com|youtu\.be|tiktok\.com"
    r"|pinterest\.[a-z.]{2,6}|vimeo\.com|xing\.com|t\.me|telegram\.me|vk\.com|ok\.ru|snapchat\.com"
    r"|threads\.net|bsky\.app|yelp\.[a-z.]{2,6}"
    r"|tripadvisor\.[a-z.]{2,6}|github\.com|dribbble\.com|behance\.net|flickr\.com|plus\.google\.com"
    r"|mastodon\.\w+|weibo\.com|line\.me|whatsapp\.com|discord\.gg|twitch\.tv|soundcloud\.com|threads\.com)/(?P<path>.+)$",
    re.IGNORECASE,
)
_MAY_PROFILE = re.compile(
    r"//(?:[\w-]+\.)?(?:facebook|fb|instagram|twitter|x|linkedin|youtu|tiktok|pinterest|vimeo|xing|t\.me|telegram|vk\.|ok\.ru"
    r"|snapchat|threads|bsky|yelp|tripadvisor|github|dribbble|behance|flickr|plus\.google|mastodon|weibo|line\.me|whatsapp"
    r"|discord|twitch|soundcloud)"
)
_SHARING = re.compile(
    r"^(?:sharer|share|intent/|dialog/|shareArticle|pin/create|cws/share|home\?status|submit|watch|embed|tr\?"
    r"|plugins|widgets|p/|reel/|status/|hashtag/|search|login)"
    r"|[?&](?:url|u|text|title)=|/status/|/posts?/",
    re.IGNORECASE,
)
_LEGAL_FORM = (
    r"(?:Ltd\.?|Limited|LLC|L\.L\.C\.|Inc\.?|Corp\.?|Corporation|PLC|LLP|GmbH(?:\s?&\s?Co\.?\s?KG)?|gGmbH|mbH"
    r"|AG|KG|OHG|GbR|UG(?:\s?\(haftungsbeschränkt\))?|e\.\s?K\.|e\.\s?V\.|eG"
    r"|S\.?A\.?R\.?L\.?|SAS|SASU|EURL|S\.A\.|SNC|S\.?r\.?l\.?s?|S\.?p\.?A\.?|S\.n\.c\.|S\.L\.U?\.?|SL"
    r"|B\.?V\.?|N\.?V\.?|VOF|BVBA|Sp\.\s?z\s?o\.?\s?o\.?|sp\. j\.|s\.r\.o\.|a\.s\."
    r"|Oyj?|AB|A/S|ApS|AS|Pty\.?\sLtd\.?|Lda\.?|Ltda\.?|ООО|ТОВ|Kft\.?|d\.o\.o\.|株式会社|有限公司)"
)
_LEGAL_NAME = re.compile(
    rf"((?:[A-ZÀ-ÞĀ-ŽА-Я0-9][\w'’&.+-]*|&|\+|and|und|et|e|y|of|de|für"
    rf"|zu)(?:[ ,]{{1,2}}(?:[A-ZÀ-ÞĀ-ŽА-Я0-9&+][\w'’&.+-]*|and|und|et|of|de|für"
    rf"|zu)){{0,6}}?),?\s{_LEGAL_FORM}(?![\w])"
)
_COPYRIGHT = re.compile(
    r"(?:©|\(c\)|copyright)(?:\s|©|\(c\)|copyright|by|\d{4}|[-–—,.|:])*(?P<name>[^©|.•·]{2,80}?)\s*(?:[|•·–—]"
    r"|\.\s|\.$|-\s|all rights|alle rechte|tous droits|todos los|tutti i diritti|designed|powered|$)",
    re.IGNORECASE,
)
_MAY_NAME = re.compile(rf"©|\([cC]\)|[cC]opyright|COPYRIGHT|(?<!\w){_LEGAL_FORM}(?!\w)")
_MAY_REGISTER = re.compile(r"\d(?:[\s./-]?\d){4}")
_NOT_NAME = re.compile(
    r"\b(?:your|company ?name|domain|website|rights|reserved|template|design|powered|yoursite|name)\b|\d{4}|^\W*$",
    re.IGNORECASE,
)
_REGISTRATION = re.compile(
    r"(?<![^\W\d_])(?P<label>(?:VAT|GST|Tax)(?:[ -]?(?:reg(?:istration)?)?\.?\s?(?:no|number|id|nr|#)?\.?)?"
    r"|USt\.?-?\s?Id(?:ent)?\.?-?(?:\s?Nr\.?|nummer)?"
    r"|Umsatzsteuer-?(?:ID|Identifikationsnummer)[\w\s]{0,12}|Steuer-?(?:nummer|nr\.?)|N°\s?TVA"
    r"|TVA(?:\s\w{0,20})?|P\.?\s?I\.?V\.?A\.?|Partita IVA|Codice Fiscale"
    r"|C\.F\.|C\.I\.F\.|N\.I\.F\.|KvK(?:-?(?:nummer|nr\.?))?|BTW(?:-?(?:nummer|nr\.?|id))?|Org\.?\s?(?:nr"
    r"|nummer)\.?|CVR(?:-?nr\.?)?|Y-tunnus"
    r"|(?:company|registration|registered|charity|reg)\.?\s?(?:in\s\w+\s)?(?:no|number|nr|reg\.?\s?no)\.?"
    r"|Handelsregister(?:nummer)?|Registernummer|Firmenbuchnummer"
    r"|(?-i:UID(?:-?Nr\.?|-Nummer)?|SIRET|SIREN|RCS(?:\s[A-Z][\w-]+)?|REA|CIF|NIF|NIPC|CNPJ|NIP|REGON|KRS"
    r"|IČO?|DIČ|ABN|ACN|EIN|ИНН|ОГРН|КПП|ЄДРПОУ|HR[AB]|FN|GSTIN|EORI))"
    r"(?![^\W\d_])\s*[:.#]?\s*(?P<value>(?-i:(?:HR[AB]\s?)?(?:[A-Z]{2,3}[-\s]?)?[A-Z]?\d(?:[\d./-]|\s(?![A-Z]{3})"
    r"|[A-Z](?![a-z])){4,20}))|(?<!\w)(?P<bare>(?-i:ATU\s?\d{8}|CHE-\d{3}\.\d{3}\.\d{3})(?!\d))",
    re.IGNORECASE,
)


def find_names(page: PageText, metas: Mapping[str, str]) -> Iterator[Fact]:
    """Yield the site's names: declared, in the copyright line, and with its legal form."""
    for key in ("og:site_name", "application-name"):
        if name := metas.get(key, "").strip():
            yield Fact(kind=FactKind.name, value=name, normal=name.casefold(), place="head")
    for index in sorted({*page.beside.matching(_MAY_NAME), *page.joined.containing("©", "opyright")}):
        line = page.lines[index]
        if found := _COPYRIGHT.search(line.text):
            name = re.sub(r"^(?:19|20)\d\d[\s–—-]*", "", found["name"]).strip(" ,.-–—|")
            if 2 <= len(name) <= MAX_NAME and not _NOT_NAME.search(name):
                yield Fact(kind=FactKind.name, value=name, normal=name.casefold(), label="©", place=line.region)
        if len(line.text) <= 200 and (legal := _LEGAL_NAME.search(line.text)):
            name = re.sub(r"^(?:19|20)\d\d\s", "", legal[0]).strip(" ,")
            yield Fact(kind=FactKind.legal_name, value=name, normal=name.casefold(), place=line.region)


def find_registrations(page: PageText) -> Iterator[Fact]:
    """Yield VAT, tax and company numbers with their labels."""
    for index in page.joined.matching(_MAY_REGISTER):
        line = page.lines[index]
        for found in _REGISTRATION.finditer(line.text):
            value = (found["value"] or found["bare"]).strip(" .-/")
            if sum(char.isdigit() for char in value) >= 5:
                normal = re.sub(r"\W", "", value).upper()
                yield Fact(
                    kind=FactKind.registration,
                    value=value,
                    normal=normal,
                    label=(found["label"] or "").strip(" .:"),
                    place=line.region,
                )


def find_profiles(page: PageText) -> Iterator[Fact]:
    """Yield links to profiles in social networks; links that share a page are none."""
    for line in (page.lines[index] for index in page.sources.matching(_MAY_PROFILE)):
        for link in line.links:
            if "//" not in link.href or not (found := _SOCIAL.match(link.href)):
                continue
            path = found["path"].strip("/")
            if path and path != "#" and not _SHARING.search(path):
                parts = urlsplit(link.href)
                normal = f"{parts.netloc.lower().removeprefix('www.')}{parts.path.rstrip('/')}".lower()
                if parts.query and parts.path.endswith(".php"):
                    normal += f"?{parts.query}"
                name = found["site"].split(".")[0].capitalize()
                yield Fact(
                    kind=FactKind.social,
                    value=link.href if ":" in link.href else f"https:{link.href}",
                    normal=normal,
                    label=name,
                    place=line.region,
                )
