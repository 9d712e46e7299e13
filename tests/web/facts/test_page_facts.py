"""Facts that a business tells its customers are found wherever they stand on the page."""

import pytest

from tasks.core.facts import Fact, FactKind
from tasks.web.facts.page_facts import facts_of


def facts(body: str, *, lang: str = "en", url: str = "https://www.harbour.example/", head: str = "") -> list[Fact]:
    """Return the facts of a page with this body."""
    html = f"<!doctype html><html lang={lang}><head><title>Harbour</title>{head}</head><body>{body}</body></html>"
    return list(facts_of(html, url))


def values(found: list[Fact], kind: FactKind) -> list[str]:
    """Return the values of the facts of one kind."""
    return [fact.value for fact in found if fact.kind is kind]


def normals(found: list[Fact], kind: FactKind) -> list[str]:
    """Return the normal forms of the facts of one kind."""
    return [fact.normal for fact in found if fact.kind is kind]


PROTECTED = "422b2c242d022a23302027306c272f232b2e"
"""`info@harber.email`, each byte XOR 0x42."""


@pytest.mark.parametrize(
    ("body", "address"),
    [
        ('<footer>Write to <a href="mailto:Sales@Harbour.example?subject=Hi">us</a></footer>', "sales@harbour.example"),
        (
            '<a href="mailto:info@harbour.example" title="Mail us"><i class="fa fa-envelope"></i></a>',
            "info@harbour.example",
        ),
        ("<aside>yard@harbour.example, always</aside>", "yard@harbour.example"),
        ("<p>info [at] harbour [dot] example</p>", "info@harbour.example"),
        ("<p>kontakt(at)hafen.example</p>", "kontakt@hafen.example"),
        (f'<a class="__cf_email__" data-cfemail="{PROTECTED}">[email&#160;protected]</a>', "info@harber.email"),
        (f'<a href="/cdn-cgi/l/email-protection#{PROTECTED}"><i></i></a>', "info@harber.email"),
        ("<p>info<b>@</b>harbour.example</p>", "info@harbour.example"),
    ],
)
def test_an_email_address_is_found(body: str, address: str) -> None:
    """In links without text, in text, disguised, or encoded by Cloudflare."""
    assert normals(facts(body), FactKind.email) == [address]


@pytest.mark.parametrize(
    ("body", "lang", "written", "e164"),
    [
        ('<a href="tel:+441234567890" aria-label="Call us"><svg/></a>', "en", "+441234567890", "+441234567890"),
        ("<footer>Phone 01234 555 777</footer>", "en-GB", "01234 555 777", "+441234555777"),
        ("<footer><p>Tel.: 030 / 427 26 27</p></footer>", "de", "030 / 427 26 27", "+49304272627"),
        ("<header><i class='bi bi-telephone'></i> 03 87 52 78 22</header>", "fr", "03 87 52 78 22", "+33387527822"),
        ("<p>+44 (0)20 7946 0958</p>", "en", "+44 (0)20 7946 0958", "+442079460958"),
        ("<h4>Call us</h4><div>(123) 456-7890</div>", "en", "(123) 456-7890", "1234567890"),
        ('<a href="https://wa.me/393471396520">WhatsApp</a>', "it", "+393471396520", "+393471396520"),
        ("<footer>Free: 1-800-HARBOUR</footer>", "en", "1-800-HARBOUR", "+18004272687"),
    ],
)
def test_a_telephone_number_is_found(body: str, lang: str, written: str, e164: str) -> None:
    """As written, and in E.164 where it is a number of the page's country."""
    assert [(fact.value, fact.normal) for fact in facts(body, lang=lang) if fact.kind is FactKind.phone] == [
        (written, e164)
    ]


@pytest.mark.parametrize(
    "body",
    [
        "<p>Founded 1987-2025, rebuilt on 2024-05-17 and 17.05.2024.</p>",
        "<footer>P.IVA 04013720968 · IBAN DE89 3704 0044 0532 0130 00</footer>",
        "<p>Order number 4711 0815 2342, ISBN 978-3-16-148410-0</p>",
        "<p>Sold 1 250 000 winches for 1.250.000 €.</p>",
    ],
)
def test_other_numbers_are_no_telephone_numbers(body: str) -> None:
    """Dates, accounts, registrations and amounts."""
    assert values(facts(body), FactKind.phone) == []


def test_a_fax_number_is_not_called_a_telephone_number() -> None:
    """Two numbers on one line keep their own meaning; two joined by a slash have the same."""
    found = facts("<footer>Tel: 030 427 26 27 / 030 42 01 01 10, Fax: 030 42 01 01 11</footer>", lang="de")
    assert values(found, FactKind.phone) == ["030 427 26 27", "030 42 01 01 10"]
    assert values(found, FactKind.fax) == ["030 42 01 01 11"]


TABLE = (
    "<table><tr><th>Montag</th><td>geschlossen</td></tr>"
    "<tr><th>Di–Fr</th><td>9–12 Uhr</td><td>14–18.30 Uhr</td></tr></table>"
)


@pytest.mark.parametrize(
    ("body", "lang", "normal"),
    [
        (
            "<h4>Opening hours</h4><p>Monday to Friday 8:30–17:00<br>Saturday 9:00–12:00</p>",
            "en",
            "Mo-Fr 08:30-17:00; Sa 09:00-12:00",
        ),
        (f"<h2>Öffnungszeiten</h2>{TABLE}", "de", "Mo off; Tu-Fr 09:00-12:00,14:00-18:30"),
        (f"<h2>Öffnungszeiten</h2>{TABLE}", "en", "Mo off; Tu-Fr 09:00-12:00,14:00-18:30"),
        (
            "<ul><li>Dimanche <span>Fermée</span></li><li>Lundi<span>7h00 à 20h00</span></li></ul>",
            "fr",
            "Su off; Mo 07:00-20:00",
        ),
        (
            "<dl><dt>Mon - Fri</dt><dd>9am - 5:30pm</dd><dt>Weekends</dt><dd>Closed</dd></dl>",
            "en",
            "Mo-Fr 09:00-17:30; Sa,Su off",
        ),
        (
            "<footer>Orari <p>Lunedì-Domenica: 12:00 - 15:00, 19:00 - 23:00</p></footer>",
            "it",
            "Mo-Su 12:00-15:00,19:00-23:00",
        ),
        ("<h3>Openingstijden</h3><p>Ma t/m vr 9.00-17.30</p>", "nl", "Mo-Fr 09:00-17:30"),
        (
            "<h3>Godziny otwarcia</h3><p>Pon.: 14 - 22</p><p>Wt - Czw: 12 - 22</p>",
            "pl",
            "Mo 14:00-22:00; Tu-Th 12:00-22:00",
        ),
        ("<p>7:00 - 18:00 -- Monday</p><p>9:00 - 17:00 -- Sunday</p>", "en", "Mo 07:00-18:00; Su 09:00-17:00"),
        ("<p>Open daily from 9 to 5</p>", "en", "Mo-Su 09:00-17:00"),
        ("<p>Bar open: Fri &amp; Sat 6pm – 2am</p>", "en", "Fr,Sa 18:00-26:00"),
        ("<footer>M–F: 8am–5pm</footer>", "en", "Mo-Fr 08:00-17:00"),
        ("<footer>Mon-Fri 0800-1730 hrs</footer>", "en", "Mo-Fr 08:00-17:30"),
        ("<p>Open from Monday to Friday between 9:00 and 17:30</p>", "en", "Mo-Fr 09:00-17:30"),
        (
            "<table><tr><td>Monday<td>09:00<td>17:00<tr><td>Sunday<td>10:00<td>14:00</table>",
            "en",
            "Mo 09:00-17:00; Su 10:00-14:00",
        ),
        ("<p>Dinner Mon – Thu: 5pm–10pm | Fri – Sat: 5pm–11pm</p>", "en", "Mo-Th 17:00-22:00; Fr,Sa 17:00-23:00"),
    ],
)
def test_opening_hours_are_read(body: str, lang: str, normal: str) -> None:
    """From tables, lists and lines, in the page's language or in the one its words show."""
    assert normals(facts(body, lang=lang), FactKind.hours) == [normal]


def test_exceptions_stay_with_the_hours() -> None:
    """A line about holidays below the table belongs to it."""
    (hours,) = values(
        facts("<h4>Hours</h4><p>Mon–Fri 8–16</p><p>Closed on public holidays.</p><p>We love boats.</p>"), FactKind.hours
    )
    assert hours == "Mon–Fri 8–16\nClosed on public holidays."


@pytest.mark.parametrize(
    "body",
    [
        "<p>The concert is on Friday 12 May 2025, 19:00 - 21:00, in the town hall.</p>",
        "<p>On Monday 8-12 boats sailed from the yard to the island and nobody saw them again.</p>",
        "<p>Posted on Friday, 2015-2030 edition.</p>",
        "<h2>Courses</h2><p>Wednesday: Yoga for beginners with Anna 18:00-19:00</p>",
    ],
)
def test_other_days_and_times_are_no_opening_hours(body: str) -> None:
    """Events, stories, timetables."""
    assert values(facts(body), FactKind.hours) == []


def test_two_branches_keep_their_names() -> None:
    """Hours below different headings are different facts, labelled by them."""
    body = "<h3>Yard</h3><p>Opening hours: Mon–Fri 8–16</p><h3>Shop</h3><p>Opening hours: Mon–Sat 10–18</p>"
    found = [fact for fact in facts(body) if fact.kind is FactKind.hours]
    assert [(fact.label, fact.normal) for fact in found] == [
        ("Yard", "Mo-Fr 08:00-16:00"),
        ("Shop", "Mo-Sa 10:00-18:00"),
    ]


@pytest.mark.parametrize(
    ("body", "lang", "address"),
    [
        (
            "<footer><address>12 Quay Street<br>Lowport LP1 2AB</address></footer>",
            "en",
            "12 Quay Street, Lowport LP1 2AB",
        ),
        (
            "<footer><p>Hafenstraße 7</p><p>24103 Kiel</p><p>Tel 0431 123456</p></footer>",
            "de",
            "Hafenstraße 7, 24103 Kiel",
        ),
        ("<p>Adresse : 4 rue du Port, 29200 Brest</p>", "fr", "4 rue du Port, 29200 Brest"),
        ("<footer>Via Roma 1 - 20135 Milano</footer>", "it", "Via Roma 1 - 20135 Milano"),
        ("<footer>Hoofdstraat 15<br>7311 KA Apeldoorn</footer>", "nl", "Hoofdstraat 15, 7311 KA Apeldoorn"),
        ("<h4>Visit us</h4><p>500 Harbor Blvd, Belmont, CA 94002</p>", "en", "500 Harbor Blvd, Belmont, CA 94002"),
    ],
)
def test_an_address_is_found(body: str, lang: str, address: str) -> None:
    """Street and town on one line or on several."""
    assert values(facts(body, lang=lang), FactKind.address) == [address]


@pytest.mark.parametrize("date", ["12 June 2026", "June 12, 2026", "2 April 2026"])
def test_a_list_of_dated_posts_is_no_address(date: str) -> None:
    """A month and a year look like a town and its postal code."""
    posts = "".join(f"<li>Half the way, 12 roots<br>Why we water at dawn {date}</li>" for _ in range(2))
    assert values(facts(f"<footer><h4>From our garden</h4><ul>{posts}</ul></footer>"), FactKind.address) == []


def test_a_price_comes_with_the_thing_it_buys() -> None:
    """From the same line, from the card's heading, with cents in a raised element."""
    body = (
        "<ul><li>Cut &amp; dry <b>from 35 €</b></li></ul><div><h3>Basic</h3><p>$19<sub>/mo</sub></p></div>"
        "<div><h3>Winch</h3><span>€49<sup>99</sup></span></div>"
    )
    offers = [(fact.label, fact.value) for fact in facts(body) if fact.kind is FactKind.offer]
    assert offers == [("", "Cut & dry from 35 €"), ("Basic", "$19/mo"), ("Winch", "€49.99")]


def test_announcements_beside_the_content_are_facts() -> None:
    """Shipping, payment and promises in headers and footers; menus are none."""
    found = facts(
        "<div class='announcement-bar'>Free shipping over 50 €</div><nav><a href=/s>Shipping and delivery</a></nav>"
        "<footer><p>We accept Visa, Mastercard and PayPal.</p><p>Two years of guarantee on every winch.</p></footer>"
    )
    assert values(found, FactKind.shipping) == ["Free shipping over 50 €"]
    assert values(found, FactKind.payment) == ["We accept Visa, Mastercard and PayPal."]
    assert values(found, FactKind.notice) == ["Two years of guarantee on every winch."]


def test_registrations_and_profiles_are_found() -> None:
    """VAT and company numbers with their labels; profiles, not sharing links."""
    found = facts(
        "<footer><p>Harbour Tools Ltd. · VAT No. GB 123 4567 89 · Company No. 01234567</p>"
        "<a href='https://www.facebook.com/harbourtools/'>f</a>"
        "<a href='https://www.facebook.com/sharer/sharer.php?u=x'>share</a></footer>"
    )
    assert normals(found, FactKind.registration) == ["GB123456789", "01234567"]
    assert normals(found, FactKind.social) == ["facebook.com/harbourtools"]
    assert values(found, FactKind.legal_name) == ["Harbour Tools Ltd."]
