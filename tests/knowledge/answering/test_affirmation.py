"""Affirmations: a generated sentence may repeat the question, but not affirm things that the site never names."""

import pytest

from tasks.core.models import Passage
from tasks.knowledge.answering.generation.affirmation import without_yes
from tasks.knowledge.answering.generation.grounding import Grounding

BAKERY = "We bake bread and cakes in Bath. We sell gift cards."
BIKES = "We hire out bikes for £12 a day."
DELIVERY = "Delivery: 2–4 business days after ordering."
BATTERIES = "Batteries are excluded from the guarantee."
CARDS = "We accept Visa, Mastercard and cash."
DOGS = "Dogs are welcome in all rooms."
PARKING = "There is a car park behind the house."
WIFI = "WiFi reaches the lower meadow."
BOATS = "Electric boats may be steered by anyone over 18; no licence is needed."

FALSE = (
    ("en", BAKERY, "Do you sell bicycles?", "Yes, we sell bicycles."),
    ("en", BAKERY, "Do you sell bicycles?", "We do offer bicycles in Bath."),
    ("en", BAKERY, "do you have tea", "Yes, we sell tea."),
    ("en", BAKERY, "Do you sell bicycles?", "Yes, bicycles are available."),
    ("en", BAKERY, "Do you sell bicycles?", "Yes, we do offer that."),
    ("en", BAKERY, "bicycles?", "We sell bicycles."),
    ("en", BAKERY, "Which bicycles do you sell?", "We sell bicycles."),
    ("en", CARDS, "Do you take bitcoin?", "Yes, we accept bitcoin."),
    ("en", PARKING, "Is there a swimming pool?", "Yes, there is a swimming pool behind the house."),
    (
        "de",
        "Wir backen Brot und Kuchen. Gutscheine verkaufen wir an der Kasse.",
        "Verkaufen Sie Fahrräder?",
        "Ja, wir verkaufen Fahrräder.",
    ),
    ("fr", "Nous vendons du pain et des gâteaux à Nantes.", "Vendez-vous des vélos ?", "Oui, nous vendons des vélos."),
    ("es", "Vendemos pan y pasteles.", "¿Venden bicicletas?", "Sí, vendemos bicicletas."),
    ("it", "Vendiamo pane e torte.", "Vendete biciclette?", "Sì, vendiamo biciclette."),
    ("nl", "Wij verkopen brood en taart.", "Verkopen jullie fietsen?", "Ja, wij verkopen fietsen."),
    ("pl", "Sprzedajemy chleb i ciasta.", "Czy sprzedajecie rowery?", "Tak, sprzedajemy rowery."),
    ("ru", "Мы продаём хлеб и торты.", "Вы продаёте велосипеды?", "Да, мы продаём велосипеды."),
    ("tr", "Ekmek ve pasta satıyoruz.", "Bisiklet satıyor musunuz?", "Evet, bisiklet satıyoruz."),
    ("pt", "Vendemos pão e bolos.", "Vocês vendem bicicletas?", "Sim, vendemos bicicletas."),
    ("sv", "Vi säljer bröd och tårtor.", "Säljer ni cyklar?", "Ja, vi säljer cyklar."),
    ("da", "Vi sælger brød og kager.", "Sælger I cykler?", "Ja, vi sælger cykler."),
    ("no", "Vi selger brød og kaker.", "Selger dere sykler?", "Ja, vi selger sykler."),
    ("fi", "Myymme leipää ja kakkuja.", "Myyttekö polkupyöriä?", "Kyllä, myymme polkupyöriä."),
    ("cs", "Prodáváme chléb a dorty.", "Prodáváte kola?", "Ano, prodáváme kola."),
    ("hu", "Kenyeret és süteményt árulunk.", "Árulnak kerékpárt?", "Igen, árulunk kerékpárt."),
    ("uk", "Ми продаємо хліб і торти.", "Ви продаєте велосипеди?", "Так, ми продаємо велосипеди."),
    ("el", "Πουλάμε ψωμί και γλυκά.", "Πουλάτε ποδήλατα;", "Ναι, πουλάμε ποδήλατα."),
    ("he", "אנחנו מוכרים לחם ועוגות.", "אתם מוכרים אופניים?", "כן, אנחנו מוכרים אופניים."),
    ("ar", "نبيع الخبز والكعك.", "هل تبيعون الدراجات؟", "نعم، نبيع الدراجات."),
    ("hi", "हम रोटी और केक बेचते हैं।", "क्या आप साइकिल बेचते हैं?", "हाँ, हम साइकिल बेचते हैं।"),
    ("ro", "Vindem pâine și prăjituri.", "Vindeți biciclete?", "Da, vindem biciclete."),
    ("id", "Kami menjual roti dan kue.", "Apakah Anda menjual sepeda?", "Ya, kami menjual sepeda."),
    ("vi", "Chúng tôi bán bánh mì và bánh ngọt.", "Bạn có bán xe đạp không?", "Có, chúng tôi bán xe đạp."),
    ("ja", "パンとケーキを販売しています。", "自転車を販売していますか？", "はい、自転車を販売しています。"),
    ("zh", "我们出售面包和蛋糕。", "你们卖自行车吗？", "是的，我们出售自行车。"),
    ("ko", "빵과 케이크를 판매합니다.", "자전거를 판매하나요?", "네, 자전거를 판매합니다."),
    ("th", "เราขายขนมปังและเค้ก", "คุณขายจักรยานไหม", "ใช่ เราขายจักรยาน"),
)
"""Language, text of the site, question, and an affirmation that the site does not give."""

TRUE = (
    ("en", BAKERY, "Do you sell bread?", "Yes, we sell bread."),
    ("en", BIKES, "Can I rent a bike?", "Yes, you can rent a bike for £12 a day."),
    ("en", DELIVERY, "When will my parcel arrive?", "Your parcel arrives within 2–4 business days."),
    ("en", BATTERIES, "Are batteries covered?", "No, batteries are not covered by the guarantee."),
    ("en", CARDS, "Can I pay by card?", "Yes, you can pay by Visa or Mastercard."),
    ("en", DOGS, "Can I bring my dog?", "Yes, dogs are welcome in all rooms."),
    ("en", DOGS, "May I bring my dog to your hotel?", "Yes, you may bring your dog; dogs are welcome in all rooms."),
    ("en", PARKING, "Is there parking?", "Yes, there is a car park behind the house."),
    ("en", PARKING, "Is there parking?", "Yes, parking is available behind the house."),
    ("en", WIFI, "Do you have internet?", "Yes, WiFi reaches the lower meadow."),
    ("en", BOATS, "Do I need a licence?", "No, you don't need a licence."),
    (
        "de",
        "Wir backen Brot und Kuchen. Gutscheine verkaufen wir an der Kasse.",
        "Verkaufen Sie Gutscheine?",
        "Ja, Gutscheine verkaufen wir an der Kasse.",
    ),
    ("fr", "Nous vendons du pain et des gâteaux à Nantes.", "Vendez-vous du pain ?", "Oui, nous vendons du pain."),
    ("ru", "Мы продаём хлеб и торты.", "Вы продаёте хлеб?", "Да, мы продаём хлеб."),
    ("ja", "パンとケーキを販売しています。", "パンを販売していますか？", "はい、パンを販売しています。"),
    ("zh", "我们出售面包和蛋糕。", "你们卖面包吗？", "是的，我们出售面包。"),
)
"""Language, text of the site, question, and an answer in other words."""


def ground(says: str, asked: str, language: str) -> Grounding:
    """The check with one passage."""
    passage = Passage(url="https://example.com/", title="", heading="", text=says, similarity=1, deep_link="")
    return Grounding([passage], asked, language, same_language=True)


@pytest.mark.parametrize(("language", "says", "asked", "sentence"), FALSE, ids=[case[3] for case in FALSE])
def test_an_affirmation_made_of_the_question_is_not_supported(
    language: str, says: str, asked: str, sentence: str
) -> None:
    """In every language whose denials are known."""
    assert ground(says, asked, language).supporting_passages(sentence) == []


@pytest.mark.parametrize(("language", "says", "asked", "sentence"), TRUE, ids=[case[3] for case in TRUE])
def test_an_answer_that_repeats_the_question_is_supported_by_the_passage(
    language: str, says: str, asked: str, sentence: str
) -> None:
    """By the same things, their synonyms, or something new about what the question presumes."""
    assert ground(says, asked, language).supporting_passages(sentence) == [1]


@pytest.mark.parametrize(
    ("sentence", "language", "rest"),
    [
        ("Yes, our shop is in Bath.", "en", "Our shop is in Bath."),
        ("- Ja, natürlich – wir sind in Bath.", "de", "- Natürlich – wir sind in Bath."),
        ("はい、店は京都にあります。", "ja", "店は京都にあります。"),
        ("Yesterday we opened.", "en", "Yesterday we opened."),
        ("Yes.", "en", "Yes."),
    ],
)
def test_a_yes_that_nothing_backs_is_taken_from_the_sentence(sentence: str, language: str, rest: str) -> None:
    """The rest of the sentence is supported by itself."""
    assert without_yes(sentence, language) == rest
