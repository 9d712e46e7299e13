"""Generated sentences beside what a site says: supported or not, in two halves.

The thresholds of the support check were chosen on the first half; the second half was only measured.
"""

from typing import NamedTuple


class Case(NamedTuple):
    """A sentence that a model wrote from a passage."""

    says: str
    """The passage."""
    asked: str
    sentence: str
    holds: bool
    """Whether the passage supports the sentence."""
    language: str = "en"


DELIVERY = "Delivery takes 2–4 working days. Returns are accepted within 30 days of purchase."
HOURS = "We are open Monday to Friday, 9:00–17:30. On Saturdays we close at 13:00."
SHOP = "We do not ship to Norway. We ship to Sweden and Denmark for €9."
PRICES = "| Plan | Price | Users |\n|---|---|---|\n| Basic | £12 | 3 |\n| Team | £45 | 20 |"
LIEFERUNG = "Die Lieferung dauert 2–4 Werktage. Rückgabe ist innerhalb von 30 Tagen möglich."
LIVRAISON = "La livraison prend 2 à 4 jours ouvrés. Les retours sont gratuits pendant 30 jours."

CHOSEN_ON = (
    Case(DELIVERY, "How long does delivery take?", "Delivery takes between two and four business days.", True),
    Case(DELIVERY, "How long does delivery take?", "Your order arrives in two to four working days.", True),
    Case(DELIVERY, "How long does delivery take?", "Delivery takes 3–5 working days.", False),
    Case(DELIVERY, "How long does delivery take?", "Delivery takes 30 days.", False),
    Case(DELIVERY, "How long does delivery take?", "Delivery does not take 2–4 working days.", False),
    Case(DELIVERY, "Can I return it?", "You can return your purchase within thirty days.", True),
    Case(DELIVERY, "Can I return it?", "Returns are not accepted within 30 days of purchase.", False),
    Case(DELIVERY, "Can I return it?", "Returns are accepted within two weeks of purchase.", False),
    Case(DELIVERY, "Can I return it?", "Delivery is free for orders over fifty euros.", False),
    Case(HOURS, "When are you open?", "On weekdays we open at 9 am and close at 5:30 pm.", True),
    Case(HOURS, "When are you open?", "We are open Monday to Friday from 9 to 17:30.", True),
    Case(HOURS, "When are you open?", "We are open Monday to Friday from 8 to 17:30.", False),
    Case(HOURS, "Are you open on Saturday?", "Yes, on Saturdays we close at 1 pm.", True),
    Case(HOURS, "Are you open on Saturday?", "On Saturdays we close at 5:30 pm.", False),
    Case(HOURS, "Are you open on Saturday?", "No, we are not open on Saturdays.", False),
    Case(SHOP, "Do you ship to Norway?", "No, we don't ship to Norway.", True),
    Case(SHOP, "Do you ship to Norway?", "Yes, we ship to Norway.", False),
    Case(SHOP, "Do you ship to Sweden?", "Shipping to Sweden and Denmark costs nine euros.", True),
    Case(SHOP, "Do you ship to Sweden?", "We do not ship to Sweden and Denmark.", False),
    Case(SHOP, "Do you ship to Sweden?", "We ship to Sweden, Denmark and Japan for €9.", False),
    Case(SHOP, "Do you ship to Sweden?", "The passages say that we ship to Sweden.", False),
    Case(PRICES, "What does the team plan cost?", "The Team plan costs £45 for 20 users.", True),
    Case(PRICES, "What does the team plan cost?", "The Team plan costs £12.", False),
    Case(PRICES, "What does the team plan cost?", "The Team plan is priced at forty-five pounds.", True),
    Case(LIEFERUNG, "Wie lange dauert die Lieferung?", "Die Lieferung dauert zwei bis vier Werktage.", True, "de"),
    Case(LIEFERUNG, "Wie lange dauert die Lieferung?", "Die Lieferung dauert fünf Werktage.", False, "de"),
    Case(LIEFERUNG, "Kann ich etwas zurückgeben?", "Rückgabe ist nicht innerhalb von 30 Tagen möglich.", False, "de"),
    Case(LIEFERUNG, "Kann ich etwas zurückgeben?", "Die Rückgabe ist dreißig Tage lang möglich.", True, "de"),
    Case(LIVRAISON, "Combien de temps ?", "La livraison prend de deux à quatre jours ouvrés.", True, "fr"),
    Case(LIVRAISON, "Combien de temps ?", "Les retours ne sont pas gratuits pendant 30 jours.", False, "fr"),
    Case(DELIVERY, "How long does delivery take?", "As an AI model I suggest asking the support team.", False),
    Case(HOURS, "When are you open?", "We are closed on public holidays and in August.", False),
)
"""Cases in view when the thresholds were chosen."""

CLINIC = "New patients can book online or ring 0131 496 0222. A check-up is £58; children under 12 are treated free."
GYM = "Membership is £29 a month. You can cancel at any time with 14 days' notice. Dogs are not allowed in the gym."
LAWYER = "The first consultation lasts 45 minutes and costs 90 euros. We never share your data with third parties."
BAKERY = "Our bread contains no nuts. Cakes must be ordered three days ahead. We bake 1,200 loaves a day."
WARRANTY = "Every lamp has a five-year guarantee. Batteries are excluded from the guarantee. Repairs take about a week."
HOTEL = (
    "| Room | Price | Beds |\n|---|---|---|\n| Garden | 95 € | 1 |\n| Tower | 140 € | 2 |\n\n"
    "Breakfast is served from 7:30 to 10."
)
TISCHLER = "Ein Termin dauert eine Stunde. Wir arbeiten nicht am Wochenende. Der Tisch kostet 1.250 Euro."
CLINICA = "La consulta cuesta 40 euros. No atendemos los domingos. Puede cancelar hasta 24 horas antes."

REPORTED_ON = (
    Case(CLINIC, "How much is a check-up?", "A check-up costs fifty-eight pounds.", True),
    Case(CLINIC, "How much is a check-up?", "A check-up costs £12.", False),
    Case(
        CLINIC, "How do I make an appointment?", "New patients can book on the web or by phone on 0131 4960222.", True
    ),
    Case(CLINIC, "Is it free for kids?", "Children younger than twelve are treated free of charge.", True),
    Case(CLINIC, "Is it free for kids?", "Children under 12 are not treated free.", False),
    Case(CLINIC, "Is it free for kids?", "Children under 16 are treated free.", False),
    Case(GYM, "What does it cost?", "Membership costs £29 per month.", True),
    Case(GYM, "What does it cost?", "Membership costs £14 a month.", False),
    Case(GYM, "Can I cancel?", "Yes, you may cancel at any time if you give fourteen days' notice.", True),
    Case(GYM, "Can I cancel?", "You cannot cancel at any time.", False),
    Case(GYM, "May I bring my dog?", "No, dogs aren't allowed in the gym.", True),
    Case(GYM, "May I bring my dog?", "Yes, dogs are allowed in the gym.", False),
    Case(LAWYER, "How long is the first talk?", "The first consultation takes three quarters of an hour.", False),
    Case(LAWYER, "How long is the first talk?", "The first consultation lasts forty-five minutes.", True),
    Case(LAWYER, "Do you share data?", "Your data is never shared with third parties.", True),
    Case(LAWYER, "Do you share data?", "We share your data with third parties.", False),
    Case(BAKERY, "Any nuts in the bread?", "There are no nuts in our bread.", True),
    Case(BAKERY, "Any nuts in the bread?", "Our bread contains nuts.", False),
    Case(BAKERY, "When must I order a cake?", "Please order cakes 3 days in advance.", True),
    Case(BAKERY, "How many loaves?", "The bakery bakes 1200 loaves every day.", True),
    Case(BAKERY, "How many loaves?", "The bakery bakes 12,000 loaves every day.", False),
    Case(WARRANTY, "How long is the guarantee?", "All lamps are guaranteed for 5 years.", True),
    Case(WARRANTY, "How long is the guarantee?", "All lamps are guaranteed for 10 years.", False),
    Case(WARRANTY, "Are batteries covered?", "Batteries are not covered by the guarantee.", True),
    Case(WARRANTY, "Are batteries covered?", "Batteries are covered by the guarantee.", False),
    Case(HOTEL, "What does the tower room cost?", "The Tower room costs 140 euros and has two beds.", True),
    Case(HOTEL, "What does the tower room cost?", "The Tower room costs 95 euros.", False),
    Case(HOTEL, "When is breakfast?", "You can have breakfast between half past seven and ten.", False),
    Case(HOTEL, "When is breakfast?", "Breakfast is available between 7.30 and 10 o'clock.", True),
    Case(HOTEL, "Is there parking?", "Parking is available behind the hotel for guests.", False),
    Case(TISCHLER, "Was kostet der Tisch?", "Der Preis des Tisches beträgt 1250 Euro.", True, "de"),
    Case(TISCHLER, "Was kostet der Tisch?", "Der Tisch kostet 1.350 Euro.", False, "de"),
    Case(TISCHLER, "Arbeiten Sie am Wochenende?", "Am Wochenende wird nicht gearbeitet.", True, "de"),
    Case(TISCHLER, "Arbeiten Sie am Wochenende?", "Ja, wir arbeiten am Wochenende.", False, "de"),
    Case(CLINICA, "¿Cuánto cuesta?", "La consulta cuesta cuarenta euros.", True, "es"),
    Case(CLINICA, "¿Abren los domingos?", "Sí, atendemos los domingos.", False, "es"),
)
"""Cases that no threshold was chosen on."""
