"""Facts about the company site: the expected result of a build, and questions its pages answer."""

from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).resolve().parent / "company"
ORIGIN = "https://www.fernwater.example"
"""The site's origin in its own files; the server replaces it by its address."""
DEPTH = 3
"""Links to follow from the home page to reach every page."""

NAME = "Fernwater"
PRIMARY = "#0f6b4f"
"""The brand colour: `--brand`, and the filled calls to action."""
CONSENT_COLOUR = "#2457d6"
"""The consent banner's button; not the brand colour."""
HEADING_FONT = 'Georgia, "Times New Roman", serif'
BODY_FONT = '"Trebuchet MS", Verdana, sans-serif'
LOGO = "/assets/logo.svg"
FAVICON = "/favicon.svg"

STORED = (
    "/",
    "/about/",
    "/blog/",
    "/blog/clay-or-sand/",
    "/blog/mend-it/",
    "/blog/watering-at-dawn/",
    "/contact/",
    "/dealers/",
    "/docs/",
    "/docs/firmware/",
    "/docs/getting-started/",
    "/docs/local-api/",
    "/faq/",
    "/pricing/",
    "/products/",
    "/products/hub/",
    "/products/probe/",
    "/products/starter-kit/",
    "/products/tap/",
)
"""Pages a build of depth 3 stores, in addition to one of the duplicates."""
DUPLICATES = ("/help/warranty/", "/warranty/")
"""One page under two URLs: the first one read is stored, the other is skipped."""
DISALLOWED = "/trade/"
"""Linked from every page, disallowed by robots.txt: never requested."""
MISSING = "/products/rain-gauge/"
"""Linked from a blog post, answered with 404."""
SCRIPTED = "/dealers/"
"""Empty without scripts."""
SLOW = {"/docs/firmware/": 1.5}
"""Delay of the server's answer, in seconds."""
DEEPEST = "/docs/firmware/"
"""Three links away from the home page, and no fewer."""


@dataclass(frozen=True)
class Fact:
    """A question a visitor may ask, with its answer."""

    question: str
    path: str
    """The page with the answer."""
    answer: str
    """Words of the answer, as on the page."""


FACTS = (
    Fact("How deep below the surface does the Probe measure?", "/products/probe/", "12 cm"),
    Fact("What does it cost to have a Probe repaired?", "/products/probe/", "€12"),
    Fact("How far does the radio of the Hub reach in the open?", "/products/hub/", "150 m"),
    Fact("What is the highest water pressure the Tap can take?", "/products/tap/", "8 bar"),
    Fact("What is in the box of the starter kit?", "/products/starter-kit/", "6 wooden bed labels"),
    Fact("How much is the Allotment plan a month?", "/pricing/", "€9"),
    Fact("What does postage within the EU cost?", "/pricing/", "€4.90"),
    Fact("Can probes stay outside in winter?", "/faq/", "−20 °C"),
    Fact("Within how many days can I send something back?", "/faq/", "60 days"),
    Fact("When was Fernwater founded, and by whom?", "/about/", "2016 by Ines Okafor"),
    Fact("What are the opening hours of the shop at the mill?", "/contact/", "Tuesday to Saturday, 10:00 to 17:00"),
    Fact("What is the best time of day to water beans?", "/blog/watering-at-dawn/", "between five and eight"),
    Fact("At which reading should I start watering clay soil?", "/blog/clay-or-sand/", "28 %"),
    Fact("What does a new seal cost?", "/blog/mend-it/", "€1.50"),
    Fact("What mark does a new bed have?", "/docs/", "22 %"),
    Fact("How do I pair another probe?", "/docs/getting-started/", "for 5 seconds"),
    Fact("On which port does the local API answer?", "/docs/local-api/", "port 8642"),
    Fact("How do I reset the Hub to its factory state?", "/docs/firmware/", "for 12 seconds"),
    Fact("Which dealer is in Freiburg?", "/dealers/", "Gärtnerei Vogel"),
)
"""One answer each, together from all kinds of pages."""
WARRANTY = Fact("How long is the warranty?", DUPLICATES[0], "5 years")
"""Answered by the stored one of the duplicates."""
