"""Own answers of two owners, paraphrases of their questions, and other questions: written by hand.

Cases at even places chose the weights of `tasks/knowledge/answering/own_answers.py`; those at odd places were only
measured. Nothing of one site's odd places was looked at before the weights were fixed.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class OwnAnswerCase:
    """An owner's question, as it is written in the console, and paraphrases that it must answer."""

    question: str
    paraphrases: tuple[str, str, str]
    answer: str = "Ask us and we will tell you."


@dataclass(frozen=True)
class OwnAnswerSite:
    """The cases of one site, and the questions that none of its own answers is for."""

    name: str
    cases: tuple[OwnAnswerCase, ...]
    others: tuple[str, ...]


ROASTERY = OwnAnswerSite(
    "a coffee roastery",
    (
        OwnAnswerCase(
            "Can I bring my dog?",
            ("are dogs allowed inside", "Is it okay to come with my puppy?", "Do you let pets in?"),
        ),
        OwnAnswerCase(
            "Do you offer gift vouchers?",
            ("can i buy a gift card", "I want to give a voucher to a friend, is that possible?", "gift certificates?"),
        ),
        OwnAnswerCase(
            "Where can I park?",
            ("is there parking nearby", "Do you have a car park?", "where do I leave my car"),
        ),
        OwnAnswerCase(
            "Is there wifi in the café?",
            ("do you have free wifi", "What's the wi-fi like, can I get internet there?", "wifi password"),
        ),
        OwnAnswerCase(
            "Can I cancel my coffee subscription?",
            (
                "how do I stop my subscription",
                "I want to end the monthly coffee subscription",
                "cancelling the subscription",
            ),
        ),
        OwnAnswerCase(
            "Do you ship to the United States?",
            ("can you deliver to the USA", "shipping to america?", "I live in New York in the US, do you send there?"),
        ),
        OwnAnswerCase(
            "What is the minimum order for wholesale?",
            (
                "wholesale minimum order",
                "how much do I have to order as a wholesale customer at least",
                "Is there a minimum quantity for wholesale orders?",
            ),
            "At least €150, about 6 kg of coffee.",
        ),
        OwnAnswerCase(
            "Are your coffee bags recyclable?",
            ("can i recycle the bags", "How do I dispose of the coffee bag?", "is the packaging recyclable"),
        ),
        OwnAnswerCase(
            "Do you have decaf?",
            ("is there decaffeinated coffee", "any decaf beans?", "Do you sell coffee without caffeine?"),
        ),
        OwnAnswerCase(
            "Can I visit the roastery?",
            ("do you offer tours of the roastery", "Could we come and see the roasting?", "roastery visits"),
        ),
        OwnAnswerCase(
            "Which milk alternatives do you have?",
            ("do you have oat milk", "Which plant milks can I choose?", "is there vegan milk"),
        ),
        OwnAnswerCase(
            "Can I rent an espresso machine?",
            (
                "do you rent out coffee machines",
                "I'd like to hire an espresso machine for an event",
                "espresso machine rental",
            ),
        ),
        OwnAnswerCase(
            "How do I become a reseller?",
            (
                "I would like to resell your coffee",
                "What do I need to do to be a reseller?",
                "can my shop sell your beans as a reseller",
            ),
        ),
        OwnAnswerCase(
            "Are you open on public holidays?",
            ("open on bank holidays?", "are you closed on holidays", "What are the hours on Christmas holidays?"),
            "Yes, from 10:00 to 16:00. On 25 and 26 December we are closed.",
        ),
        OwnAnswerCase(
            "Do you grind the beans for me?",
            ("can you grind my coffee", "Can I get ground coffee instead of whole beans?", "is grinding included"),
        ),
        OwnAnswerCase(
            "My parcel arrived damaged. What should I do?",
            ("the package was broken on arrival", "My delivery is damaged", "damaged parcel, how do I get a new one"),
        ),
        OwnAnswerCase(
            "Do you have job openings?",
            ("are you hiring", "I'm looking for a job at your café", "vacancies"),
        ),
        OwnAnswerCase(
            "Is the café wheelchair accessible?",
            (
                "can I get in with a wheelchair",
                "Is there step-free access for wheelchair users?",
                "accessibility of the café",
            ),
        ),
        OwnAnswerCase(
            "Can I pay by invoice?",
            ("is payment by invoice possible", "Do you send an invoice that I can pay later?", "purchase on invoice"),
        ),
        OwnAnswerCase(
            "How should I store the beans?",
            (
                "best way to store coffee",
                "Where do I keep my beans so they stay fresh?",
                "storing coffee beans at home",
            ),
        ),
        OwnAnswerCase(
            "Do you offer barista courses?",
            ("can I learn to be a barista with you", "Are there barista classes?", "barista training dates"),
        ),
        OwnAnswerCase(
            "Can I change my delivery address?",
            (
                "I need to update the address for my delivery",
                "wrong delivery address, can you change it?",
                "how to change where my order is delivered",
            ),
        ),
        OwnAnswerCase(
            "Is there a student discount?",
            ("do students get a discount", "I'm a student, is it cheaper for me?", "discount for students"),
        ),
        OwnAnswerCase(
            "Do you take reservations?",
            ("can I reserve a table", "Do I need to book a table?", "table reservation for six people"),
        ),
        OwnAnswerCase(
            "Which of your coffees are organic?",
            ("do you sell organic coffee", "Is the coffee certified organic?", "organic beans"),
        ),
    ),
    (
        "When do you open on Monday?",
        "How much does shipping to Norway cost?",
        "Who founded the roastery?",
        "How do I return a grinder?",
        "How long does delivery take?",
        "What does the Piccola espresso machine cost?",
        "How often should I descale my machine?",
        "Do you have tea?",
        "Where are you located?",
        "What is your phone number?",
        "Can I pay with PayPal?",
        "How long is the guarantee of the Grande?",
        "When are the beans roasted?",
        "Where do the beans come from?",
        "What is the difference between washed and natural coffee?",
        "How do I brew coffee in a French press?",
        "How many grams per cup should I use?",
        "Do you serve lunch?",
        "Is there a newsletter?",
        "Can I order by phone?",
        "Which grinder do you recommend for espresso?",
        "How strong is the dark roast?",
        "What is single origin?",
        "How much caffeine is in an espresso?",
        "Do you roast on Saturdays?",
        "Can I get my money back?",
        "Do you sell filters for the V60?",
        "How do I clean the milk frother?",
        "Who is Ines Okafor?",
        "What is the price of a kilo of beans?",
        "Is the espresso machine available in red?",
        "Do you ship to Canada?",
        "Which coffee is best for cold brew?",
        "Do you buy directly from farmers?",
        "Are your cakes gluten free?",
        "How do I track my order?",
        "What is in the tasting box?",
        "How do I contact customer service?",
        "Do you have a shop in Glasgow?",
        "What payment methods do you accept?",
        "How much is the coffee subscription?",
        "Which coffees come with the subscription?",
        "What is the maximum weight of a parcel?",
        "Does the machine have a milk system?",
        "Which wholesale prices do you offer?",
        "How do I repair the pump of my espresso machine?",
        "Is your coffee fair trade?",
        "How do I create an account?",
        "How can I reset my password?",
        "Do you plan to open another café?",
    ),
)
LIBRARY = OwnAnswerSite(
    "a software library",
    (
        OwnAnswerCase(
            "Do you offer paid support?",
            ("can I buy support", "Is commercial support available?", "we need a support contract"),
        ),
        OwnAnswerCase(
            "How do I report a security vulnerability?",
            (
                "I found a security hole, whom do I tell?",
                "where to report security issues",
                "Responsible disclosure of a vulnerability",
            ),
        ),
        OwnAnswerCase(
            "May I use the logo on my website?",
            ("can we show your logo on our page", "Is it allowed to use the logo?", "logo usage"),
        ),
        OwnAnswerCase(
            "Is there a certification for developers?",
            ("can I get certified", "Do you offer a developer certificate?", "certification exam"),
        ),
        OwnAnswerCase(
            "Can I sponsor the project?",
            ("how to donate money to the project", "Do you accept sponsors?", "we would like to become a sponsor"),
        ),
        OwnAnswerCase(
            "Is there a Discord server?",
            ("do you have a discord", "Where can I chat with other users on Discord?", "discord invite link"),
        ),
        OwnAnswerCase(
            "When will version 4 be released?",
            ("release date of version 4", "When is v4 coming out?", "is there a date for the version 4 release"),
        ),
        OwnAnswerCase(
            "Does it run on Windows 11 ARM?",
            (
                "windows on arm support",
                "Can I use it on an ARM laptop with Windows 11?",
                "Is Windows 11 on ARM supported?",
            ),
        ),
        OwnAnswerCase(
            "Is there a video course?",
            ("do you have video tutorials", "Can I learn it with videos?", "video lessons"),
        ),
        OwnAnswerCase(
            "How do I migrate from Django?",
            ("moving from django to this", "Is there a migration guide for Django users?", "migrate a Django app"),
        ),
        OwnAnswerCase(
            "Who maintains the project?",
            ("who are the maintainers", "Which people maintain it?", "maintainer of the project"),
        ),
        OwnAnswerCase(
            "Can I get an SBOM?",
            ("do you publish an sbom", "Where is the software bill of materials?", "SBOM download"),
        ),
        OwnAnswerCase(
            "Is the project GDPR compliant?",
            ("gdpr compliance", "Does it comply with the GDPR?", "is it compliant with data protection law (GDPR)"),
        ),
        OwnAnswerCase(
            "How do I translate the documentation?",
            (
                "I want to help translating the docs",
                "Can I translate the documentation into Spanish?",
                "documentation translation",
            ),
        ),
        OwnAnswerCase(
            "Where is the public roadmap?",
            ("is there a roadmap", "What is on the roadmap?", "link to your roadmap"),
        ),
        OwnAnswerCase(
            "Do you sell stickers and T-shirts?",
            ("where can I buy a t-shirt", "Do you have merch like stickers?", "stickers for my laptop"),
        ),
        OwnAnswerCase(
            "Is there a book about it?",
            ("which book do you recommend", "Can I read a book about the framework?", "books"),
        ),
        OwnAnswerCase(
            "When is the next conference?",
            ("date of the next conference", "Is there a conference this year?", "upcoming conferences"),
        ),
        OwnAnswerCase(
            "How do I cite the project in a paper?",
            (
                "citation for academic paper",
                "How should I cite it in my thesis?",
                "bibtex entry to cite the project",
            ),
        ),
        OwnAnswerCase(
            "Can I use it in a closed-source product?",
            (
                "is it allowed in closed source software",
                "May I use it in a proprietary product?",
                "commercial closed-source use",
            ),
        ),
        OwnAnswerCase(
            "Do you offer training for companies?",
            ("company training", "Can you train our team on site?", "Are there trainings for corporate teams?"),
        ),
        OwnAnswerCase(
            "How do I unsubscribe from the mailing list?",
            (
                "stop getting mails from the mailing list",
                "I want to leave the mailing list",
                "mailing list unsubscribe",
            ),
        ),
        OwnAnswerCase(
            "Is there an official Docker image?",
            ("docker image", "Do you publish a Docker image?", "where do I get the official docker container image"),
        ),
        OwnAnswerCase(
            "How many people use it?",
            ("number of users", "How many users do you have?", "how popular is it, how many people use this"),
        ),
        OwnAnswerCase(
            "What are the system requirements?",
            (
                "system requirements",
                "What hardware does my system need?",
                "requirements to run it on my system",
            ),
        ),
    ),
    (
        "How do I turn on debug mode?",
        "What is a blueprint good for?",
        "Can a blueprint be registered with a URL prefix?",
        "Which Python versions are supported?",
        "Which packages are installed automatically?",
        "How do I create a virtual environment on Windows?",
        "How can I show a message to the user on the next page?",
        "How do I limit the size of uploaded files?",
        "How do I run background tasks with Celery?",
        "How do I generate a good secret key?",
        "What is the default of SESSION_COOKIE_NAME?",
        "May I use the development server in production?",
        "How do I run my application with Gunicorn?",
        "How do I tell it that it is behind a proxy?",
        "What do I have to install for async views?",
        "Which library is used for signals?",
        "How do I stream a large CSV file row by row?",
        "How do I return JSON from a view?",
        "What is an application factory?",
        "How do I show a custom page for a 404?",
        "Can errors be mailed to the admins?",
        "How do I register my own Jinja filter?",
        "How long does the application context last?",
        "Which header tells the browser to load resources over HTTPS only?",
        "How do I add a favicon?",
        "How do I open an interactive shell with my app?",
        "How do I write a decorator that requires a login?",
        "How do I run the migrations with manage.py?",
        "How do I deploy with Docker Compose?",
        "How many columns may a table have?",
        "How large can a database be at most?",
        "Under which license may I use the code?",
        "Which well-known companies use it?",
        "How do I add the logo to a template?",
        "How do I use it on Windows?",
        "What is new in version 3?",
        "How do I upgrade from version 2?",
        "How do I report a bug?",
        "Is there a mailing list for announcements?",
        "How do I contribute code?",
        "Where is the source code?",
        "How do I build the documentation?",
        "How do I secure cookies?",
        "How do I send an e-mail?",
        "How do I test the security of my app?",
        "How do I download a file?",
        "How do I show a video on a page?",
        "Which databases are supported?",
        "How do I publish a package?",
        "What does the project layout look like?",
    ),
)
SITES = (ROASTERY, LIBRARY)
