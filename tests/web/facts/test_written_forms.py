"""Forms in which businesses of many countries write hours, prices, addresses and numbers."""

import pytest

from tasks.core.facts import FactKind
from tests.web.facts.test_page_facts import facts, normals, values


@pytest.mark.parametrize(
    ("text", "lang", "normal"),
    [
        ("Mo–Fr 9–12 & 14–18 Uhr", "de", "Mo-Fr 09:00-12:00,14:00-18:00"),
        ("Die Küche ist von Mittwoch bis Sonntag von 11:30 bis 21 Uhr geöffnet.", "de", "We-Su 11:30-21:00"),
        ("Die 9–12 Uhr, Don 14–18 Uhr", "de", "Tu 09:00-12:00; Th 14:00-18:00"),
        ("Ma boutique est ouverte du mercredi au samedi de 9h à 12h", "fr", "We-Sa 09:00-12:00"),
        ("Fri 08:00 – 03.00", "en", "Fr 08:00-27:00"),
        ("Mon 09:00 – 05:00", "en", "Mo 09:00-17:00"),
        ("Fermé le dimanche et le lundi", "fr", "Mo,Su off"),
        ("Täglich ab 17 Uhr, Dienstag Ruhetag", "de", "Mo-Su 17:00+; Tu off"),
        ("Open: Tues thru Sat, 5pm til late", "en", "Tu-Sa 17:00+"),
        ("周一至周五 9:00-18:00，周六 10:00-16:00", "zh", "Mo-Fr 09:00-18:00; Sa 10:00-16:00"),
        ("星期一至五 9:00-18:00", "zh", "Mo-Fr 09:00-18:00"),
        ("月〜金 10:00〜19:00", "ja", "Mo-Fr 10:00-19:00"),
        ("Δευτέρα - Παρασκευή: 09:00 - 17:00", "el", "Mo-Fr 09:00-17:00"),
        ("Пн–Пт: 9:00–18:00, Вс: выходной", "ru", "Mo-Fr 09:00-18:00; Su off"),
        ("Hétfő - Péntek: 8:00 - 16:00", "hu", "Mo-Fr 08:00-16:00"),
        ("Luni - Vineri: 8:00 - 16:00", "ro", "Mo-Fr 08:00-16:00"),
        ("Pondelok - Piatok: 8:00 - 16:00", "sk", "Mo-Fr 08:00-16:00"),
        ("Ponedjeljak - petak: 8:00 - 16:00", "hr", "Mo-Fr 08:00-16:00"),
    ],
)
def test_hours_are_read_as_meant(text: str, lang: str, normal: str) -> None:
    """Over midnight, with an open end, closed days first, and without spaces."""
    title = "<h3>Öffnungszeiten / Opening hours</h3>"
    assert normals(facts(f"{title}<p>{text}</p>", lang=lang), FactKind.hours) == [normal]


def test_the_town_below_a_house_with_a_name_belongs_to_its_address() -> None:
    """With its postal code; other lines below it do not."""
    found = facts("<footer><h4>Find us</h4><p>Willow Farm, Moor Lane<br>Easingwold, York YO61 9ZZ</p></footer>")
    assert values(found, FactKind.address) == ["Willow Farm, Moor Lane, Easingwold, York YO61 9ZZ"]
    found = facts("<footer><p>The Old Mill, High Street<br>Opening hours</p></footer>")
    assert values(found, FactKind.address) == ["The Old Mill, High Street"]


def test_hours_by_appointment_are_told() -> None:
    """A business without hours says so."""
    found = facts("<h3>Sprechzeiten</h3><p>Termine nur nach Vereinbarung</p>", lang="de")
    assert values(found, FactKind.hours) == ["Termine nur nach Vereinbarung"]
    sentence = "We talk about it by appointment with our tax adviser, who knows the rules of all three countries well"
    assert values(facts(f"<p>{sentence} and has since 1987.</p>"), FactKind.hours) == []


@pytest.mark.parametrize(
    "price",
    ["450,-", "450:-", "4,400円", "88元", "R 250", "₦5,000", "KSh 1,500", "₱350", "Rp 150.000", "RM45", "Fr. 120.–"],
)
def test_prices_of_other_countries_are_found(price: str) -> None:
    """Without a currency where a country writes none."""
    assert any(price in value for value in values(facts(f"<h3>Haircut</h3><p>{price}</p>"), FactKind.offer))


@pytest.mark.parametrize("text", ["Open 1.–5. May", "Room R2, door 3", "Version 4.-beta", "Job R01551435"])
def test_other_numbers_with_dashes_are_no_prices(text: str) -> None:
    """Dates, rooms and versions."""
    assert values(facts(f"<p>{text}</p>"), FactKind.offer) == []


@pytest.mark.parametrize("text", ["Children under 6: free", "Kinder bis 6 – kostenlos", "Enfants : gratuit"])
def test_free_things_are_offers(text: str) -> None:
    """Zero is a price."""
    assert values(facts(f"<ul><li>{text}</li></ul>"), FactKind.offer) == [text]


def test_raised_cents_in_elements_of_their_own_are_decimals() -> None:
    """49 euros and 99 cents."""
    found = facts("<div><h4>Pump</h4><span>$</span><span>49</span><sup>99</sup></div>")
    assert values(found, FactKind.offer) == ["$49.99"]


@pytest.mark.parametrize(
    ("text", "lang"),
    [
        ("Am Markt 3 · A-5020 Salzburg", "de"),
        ("Karlova 5, 110 00 Praha 1", "cs"),
        ("Keizersgracht 12, 1015 CN Amsterdam", "nl"),
        ("〒100-0001 東京都千代田区千代田1-1", "ja"),
        ("Unit 4, Harbour Business Park, Cork, T12 X8XX, Ireland", "en-IE"),
        ("ул. Тверская, д. 5, Москва, 125009", "ru"),
    ],
)
def test_addresses_without_a_word_for_street_are_found(text: str, lang: str) -> None:
    """By the postal code after the number."""
    assert values(facts(f"<p>{text}</p>", lang=lang), FactKind.address) == [text]


@pytest.mark.parametrize("text", ["Lot 3, 2024 Report", "Page 12, 1998 Edition", "Call 512-974-3100 today"])
def test_other_numbers_are_no_postal_codes(text: str) -> None:
    """Years of publications, telephone numbers."""
    assert values(facts(f"<p>{text}</p>"), FactKind.address) == []


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("ATU12345678", "ATU12345678"),
        ("CHE-123.456.789 MWST", "CHE123456789"),
        ("TVA intracommunautaire FR 12 345678901", "FR12345678901"),
    ],
)
def test_registrations_are_known_by_their_form(text: str, normal: str) -> None:
    """Some have no label."""
    assert normals(facts(f"<p>{text}</p>"), FactKind.registration) == [normal]


def test_two_registrations_on_a_line_are_two() -> None:
    """The label of the second ends the first."""
    found = facts("<p>KvK 12345678 BTW NL123456789B01</p>")
    assert normals(found, FactKind.registration) == ["12345678", "NL123456789B01"]


@pytest.mark.parametrize(
    "text",
    [
        *("info [at] birke . example", "info ät birke.example", "info (snabel-a) birke.example"),
        *("info at birke dot example", "info＠birke.example", "info [æt] birke.example"),
    ],
)
def test_disguised_addresses_are_read(text: str) -> None:
    """In the words of several languages."""
    assert normals(facts(f"<p>{text}</p>"), FactKind.email) == ["info@birke.example"]


def test_words_with_at_are_no_addresses() -> None:
    """Only with a dot written out."""
    assert values(facts("<p>Meet us at harbour.example today, or look at birke.</p>"), FactKind.email) == []


@pytest.mark.parametrize(
    ("body", "number"),
    [
        ("<a href='viber://chat?number=%2B380441234567'>V</a>", "+380441234567"),
        ("<a href='//api.whatsapp.com/send?phone=491711234567'>W</a>", "+491711234567"),
        ("<p>Text us: 07700 900123</p>", "07700900123"),
        ("<p>Telefon 040-123 456 78</p>", "04012345678"),
    ],
)
def test_numbers_of_messengers_are_telephone_numbers(body: str, number: str) -> None:
    """Whole, as written."""
    assert normals(facts(body, lang="en"), FactKind.phone) == [number]


def test_a_link_without_its_scheme_is_a_profile() -> None:
    """It has the page's."""
    found = facts("<a href='//www.facebook.com/birkehof'><i></i></a>")
    assert values(found, FactKind.social) == ["https://www.facebook.com/birkehof"]


@pytest.mark.parametrize(
    ("text", "lang"),
    [
        ("Oakridge Farm, Stow Road", "en"),
        ("3rd floor, 18 Tannery Yard", "en"),
        ("Plot No. 42, 2nd Main Road, Indiranagar, Bengaluru 560038, Karnataka", "en"),
        ("Rosemead, CA 91770", "en"),
        ("Bäckerei Krume · Am Alten Markt 3 · 18055 Rostock", "de"),
        ("Ερμού 25, 105 63 Αθήνα", "el"),
        ("Karlova 123/4, 110 00 Praha 1", "cs"),
    ],
)
def test_addresses_in_a_footer_are_found(text: str, lang: str) -> None:
    """Houses with names, yards, plots, towns alone."""
    assert values(facts(f"<footer><p>{text}</p></footer>", lang=lang), FactKind.address) == [text]


@pytest.mark.parametrize(
    ("body", "address"),
    [
        ("<h5>Address</h5><p>The Old Bakery<br>High Street<br>Ludlow</p>", "The Old Bakery, High Street, Ludlow"),
        ("<p>Địa chỉ: 123 Nguyễn Huệ, Quận 1</p>", "123 Nguyễn Huệ, Quận 1"),
        ("<p>العنوان: شارع الملك فهد، حي العليا، الرياض 12214</p>", "شارع الملك فهد، حي العليا، الرياض 12214"),
        (
            "<address>Shop 12, Laxmi Complex,<br>M.G. Road,<br>Pune – 411 001</address>",
            "Shop 12, Laxmi Complex, M.G. Road, Pune – 411 001",
        ),
        (
            "<a href='https://maps.google.com/?q=x' aria-label='12 Harbour Road, Bristol, BS1 4XJ'><i></i></a>",
            "12 Harbour Road, Bristol, BS1 4XJ",
        ),
    ],
)
def test_addresses_with_a_title_or_a_map_are_found(body: str, address: str) -> None:
    """Without a number in them, in other scripts, over several lines."""
    assert values(facts(f"<footer>{body}</footer>"), FactKind.address) == [address]


@pytest.mark.parametrize(
    "text", ["The Mill, High Street shops and more", "Turn into Stow Road", "Find Park Lane on the map"]
)
def test_streets_in_sentences_are_no_addresses(text: str) -> None:
    """Only a house and its street alone."""
    assert values(facts(f"<p>{text} when you come from the town.</p>"), FactKind.address) == []


def test_a_postal_code_is_no_telephone_number() -> None:
    """Though a letter that means a telephone ends its label."""
    found = facts("<footer><p>Col. Juárez, C.P. 06600, México</p><p>Tel. 55 1234 5678</p></footer>", lang="es-MX")
    assert values(found, FactKind.phone) == ["55 1234 5678"]


@pytest.mark.parametrize(
    ("text", "lang", "numbers"),
    [
        ("Call 1-800-GO-BLOOM", "en-US", ["1-800-GO-BLOOM"]),
        ("tel. 12 345 67 89, kom. 601 234 567", "pl", ["12 345 67 89", "601 234 567"]),
        ("[88] 657 524 332", "en", ["[88] 657 524 332"]),
    ],
)
def test_numbers_in_odd_groups_are_found(text: str, lang: str, numbers: list[str]) -> None:
    """Words, mobile telephones, brackets."""
    assert values(facts(f"<footer><p>{text}</p></footer>", lang=lang), FactKind.phone) == numbers


@pytest.mark.parametrize(
    ("text", "lang", "normal"),
    [
        ("L-V 9:30 a 14:00 y 17:00 a 20:30 · S 10:00 a 14:00", "es", "Mo-Fr 09:30-14:00,17:00-20:30; Sa 10:00-14:00"),
        ("L a D 9:00 a 21:00", "es", "Mo-Su 09:00-21:00"),
        ("Tuesdays to Saturdays 10am - 6pm, Mondays closed", "en", "Tu-Sa 10:00-18:00; Mo off"),
    ],
)
def test_days_as_single_letters_and_plurals_are_read(text: str, lang: str, normal: str) -> None:
    """As on Spanish doors."""
    assert normals(facts(f"<h3>Opening hours / Horario</h3><p>{text}</p>", lang=lang), FactKind.hours) == [normal]


@pytest.mark.parametrize(
    "text",
    [
        "Oakridge Farm, Stow Road, Bibury GL7 5LX",
        "The Old Barn, Church End, Much Hadham SG10 6DA",
        "Heron Cottage, Tobermory, Isle of Mull PA75 6PR",
        "First floor, The Malt House, Kirkgate, Leeds LS1 4AP",
        "Maple Lodge, Concession 4, Creemore L0M 1G0",
        "Kilbride House, Newtown, Bray, A98 X2Y7",
    ],
)
def test_houses_with_names_are_found_by_their_postal_code(text: str) -> None:
    """In the text of a page too."""
    assert values(facts(f"<main><p>{text}</p></main>"), FactKind.address) == [text]


@pytest.mark.parametrize("place", ["main", "footer"])
@pytest.mark.parametrize("first", ["Oakridge Farm", "The Old Forge", "Weir Works,"])
def test_a_house_with_a_name_may_stand_lines_above_its_postal_code(first: str, place: str) -> None:
    """With its street between them."""
    body = f"<{place}><p>{first}<br>Stow Road<br>Bibury GL7 5LX</p></{place}>"
    assert values(facts(body), FactKind.address) == [f"{first.rstrip(',')}, Stow Road, Bibury GL7 5LX"]


@pytest.mark.parametrize("part", ["3rd floor", "Ground Floor,", "Unit 4", "Suite 12B", "Flat 2"])
def test_a_floor_or_unit_on_its_own_line_belongs_to_the_address_below(part: str) -> None:
    """It is no address of its own."""
    found = facts(f"<footer><p>{part}<br>18 Tannery Yard<br>Leeds</p></footer>")
    assert values(found, FactKind.address) == [f"{part.rstrip(',')}, 18 Tannery Yard, Leeds"]
    assert values(facts(f"<footer><p>{part}</p><p>Menu</p></footer>"), FactKind.address) == []


@pytest.mark.parametrize(
    "text",
    [
        "Mill House, Summer 2024",
        "We stayed at Heron Cottage, which was lovely",
        "The White House, Washington, in 1961",
        "Model GL7 5LX with a mill",
        "© Tidewater Limited, Quay House, Bath BA1 1UA",
    ],
)
def test_houses_without_a_postal_code_are_no_addresses(text: str) -> None:
    """Nor is a code without a house."""
    assert values(facts(f"<main><p>{text}</p></main>"), FactKind.address) == []


@pytest.mark.parametrize(
    ("text", "normal"),
    [("[020] 7946 0018", "+442079460018"), ("[0161] 496 0345", "+441614960345"), ("[01632] 960 123", "01632960123")],
)
def test_square_brackets_around_an_area_code_are_read(text: str, normal: str) -> None:
    """As round ones are."""
    assert normals(facts(f"<h3>Contact</h3><p>{text}</p>", lang="en-GB"), FactKind.phone) == [normal]
