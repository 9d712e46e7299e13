"""Questions on two real sites, written from their pages: some that the pages answer, and some that they do not.

Refusals were tuned on one half of each list (even places); the other half was only measured.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class SiteQuestion:
    """A visitor's question."""

    text: str
    pages: tuple[str, ...] = ()
    """Paths of the pages that answer it, below the site's root; empty: the site does not say."""


@dataclass(frozen=True)
class QuestionSet:
    """The questions for one site."""

    site: str
    """Folder of the site."""
    answered: tuple[SiteQuestion, ...]
    not_answered: tuple[SiteQuestion, ...]


FLASK = QuestionSet(
    "flask",
    answered=(
        SiteQuestion(
            "How do I turn on debug mode?", ("quickstart.html", "debugging.html", "config.html", "server.html")
        ),
        SiteQuestion("What is a blueprint good for?", ("blueprints.html", "tutorial/views.html")),
        SiteQuestion("Can a blueprint be registered with a URL prefix?", ("blueprints.html", "api.html")),
        SiteQuestion("Which Python versions are supported?", ("installation.html",)),
        SiteQuestion("Which packages are installed automatically together with Flask?", ("installation.html",)),
        SiteQuestion("How do I create a virtual environment on Windows?", ("installation.html",)),
        SiteQuestion(
            "How can I show a message to the user on the next page?", ("patterns/flashing.html", "quickstart.html")
        ),
        SiteQuestion("How do I limit the size of uploaded files?", ("patterns/fileuploads.html", "config.html")),
        SiteQuestion("How do I run background tasks with Celery?", ("patterns/celery.html",)),
        SiteQuestion("Why should I use url_for() instead of hard-coding URLs?", ("quickstart.html",)),
        SiteQuestion(
            "How do I generate a good secret key?", ("quickstart.html", "config.html", "tutorial/deploy.html")
        ),
        SiteQuestion("What is the default of SESSION_COOKIE_NAME?", ("config.html",)),
        SiteQuestion(
            "May I use the development server in production?",
            ("server.html", "deploying/index.html", "tutorial/deploy.html", "quickstart.html", "cli.html", "api.html"),
        ),
        SiteQuestion("How do I run my application with Gunicorn?", ("deploying/gunicorn.html",)),
        SiteQuestion("How do I tell Flask that it is behind a proxy?", ("deploying/proxy_fix.html",)),
        SiteQuestion("How do I make requests to the app in a test?", ("testing.html", "tutorial/tests.html")),
        SiteQuestion("What do I have to install for async views?", ("async-await.html",)),
        SiteQuestion("Which library does Flask use for signals?", ("signals.html", "installation.html")),
        SiteQuestion("How do I stream a large CSV file row by row?", ("patterns/streaming.html",)),
        SiteQuestion("How do I return JSON from a view?", ("quickstart.html", "patterns/javascript.html", "api.html")),
        SiteQuestion("What is an application factory?", ("patterns/appfactories.html", "tutorial/factory.html")),
        SiteQuestion("How do I show a custom page for a 404?", ("errorhandling.html", "quickstart.html")),
        SiteQuestion("Can errors be mailed to the admins?", ("logging.html",)),
        SiteQuestion("How do I register my own Jinja filter?", ("templating.html", "api.html")),
        SiteQuestion("How long does the application context last?", ("appcontext.html",)),
        SiteQuestion("Which header tells the browser to load resources over HTTPS only?", ("security.html",)),
        SiteQuestion("How do I add a favicon?", ("patterns/favicon.html",)),
        SiteQuestion("How do I open an interactive shell with my app?", ("shell.html", "cli.html")),
        SiteQuestion("How do I pass arguments to a class-based view?", ("views.html", "api.html")),
        SiteQuestion(
            "How do I write a decorator that requires a login?", ("patterns/viewdecorators.html", "tutorial/views.html")
        ),
    ),
    not_answered=(
        SiteQuestion("What does a support contract cost per year?"),
        SiteQuestion("Which credit cards do you accept?"),
        SiteQuestion("How do I deploy the app to a Kubernetes cluster with Helm?"),
        SiteQuestion("Which version of the Java runtime do I need?"),
        SiteQuestion("Who won the football World Cup in 2018?"),
        SiteQuestion("How do I run the migrations with manage.py?"),
        SiteQuestion("How many employees does the company have?"),
        SiteQuestion("At what phone number can I reach the support team?"),
        SiteQuestion("How do I connect to an Oracle database with cx_Oracle?"),
        SiteQuestion("How do I send push notifications to an iPhone?"),
        SiteQuestion("How do I train a neural network with TensorFlow?"),
        SiteQuestion("What are your opening hours on Sundays?"),
        SiteQuestion("What does a Flask developer earn in Berlin?"),
        SiteQuestion("How do I add a GraphQL subscription endpoint?"),
        SiteQuestion("Is there a discount for students?"),
    ),
)
SQLITE = QuestionSet(
    "sqlite",
    answered=(
        SiteQuestion(
            "How large can a database be at most?", ("limits.html", "whentouse.html", "faq.html", "features.html")
        ),
        SiteQuestion("How many columns may a table have?", ("limits.html",)),
        SiteQuestion("Are foreign keys enforced by default?", ("foreignkeys.html", "quirks.html", "pragma.html")),
        SiteQuestion("How do I turn on WAL mode?", ("wal.html", "pragma.html")),
        SiteQuestion("What are the disadvantages of write-ahead logging?", ("wal.html",)),
        SiteQuestion("How do I create an AUTOINCREMENT column?", ("faq.html", "autoinc.html")),
        SiteQuestion("Which storage classes are there?", ("datatype3.html",)),
        SiteQuestion("Is SQLite threadsafe?", ("faq.html", "threadsafe.html")),
        SiteQuestion(
            "Under which license may I use the code?", ("copyright.html", "about.html", "faq.html", "index.html")
        ),
        SiteQuestion("Can several programs open the same database file at once?", ("faq.html",)),
        SiteQuestion("How do I list all tables in a database?", ("faq.html", "cli.html", "schematab.html")),
        SiteQuestion("How do I export a table as CSV on the command line?", ("cli.html",)),
        SiteQuestion("With which string does every database file begin?", ("fileformat2.html", "fileformat.html")),
        SiteQuestion("How can I back up a database while it is in use?", ("backup.html", "lang_vacuum.html")),
        SiteQuestion("How can a database file become corrupt?", ("howtocorrupt.html", "faq.html", "atomiccommit.html")),
        SiteQuestion("What does json_extract() return for several paths?", ("json1.html",)),
        SiteQuestion("How do I create a full-text index with FTS5?", ("fts5.html",)),
        SiteQuestion("What are the benefits of WITHOUT ROWID tables?", ("withoutrowid.html",)),
        SiteQuestion(
            "Since which version are window functions supported?",
            ("windowfunctions.html", "changes.html", "releaselog/3_25_0.html"),
        ),
        SiteQuestion("What is an R-Tree index for?", ("rtree.html",)),
        SiteQuestion("When is a client/server database the better choice?", ("whentouse.html",)),
        SiteQuestion("How do VIRTUAL and STORED generated columns differ?", ("gencol.html",)),
        SiteQuestion("What does an UPSERT do?", ("lang_upsert.html",)),
        SiteQuestion("What is VACUUM INTO?", ("lang_vacuum.html",)),
        SiteQuestion("How much test code is there compared to the library itself?", ("testing.html",)),
        SiteQuestion("Until which year do the developers intend to support it?", ("lts.html",)),
        SiteQuestion("Which well-known companies use SQLite?", ("famous.html", "mostdeployed.html")),
        SiteQuestion("Which types may columns of a STRICT table have?", ("stricttables.html",)),
        SiteQuestion("What does the result code SQLITE_BUSY mean?", ("rescode.html",)),
        SiteQuestion("How do I get the last day of the current month?", ("lang_datefunc.html",)),
    ),
    not_answered=(
        SiteQuestion("How do I reset the password of my account?"),
        SiteQuestion("Do you ship to Canada?"),
        SiteQuestion("Who is the chief executive of Oracle?"),
        SiteQuestion("How do I write a React component?"),
        SiteQuestion("How tall is Mount Everest?"),
        SiteQuestion("How do I tune the autovacuum thresholds of PostgreSQL?"),
        SiteQuestion("In which AWS regions is Aurora available?"),
        SiteQuestion("What is your refund policy?"),
        SiteQuestion("How do I roast coffee beans at home?"),
        SiteQuestion("How do I set up a Kafka connector for change data capture?"),
        SiteQuestion("How do I write a stored procedure in PL/SQL?"),
        SiteQuestion("How much does the premium plan cost a month?"),
        SiteQuestion("How do I add two-factor authentication with SMS codes?"),
        SiteQuestion("Can I rent a conference room in your office?"),
        SiteQuestion("How do I create a materialized view that refreshes every hour?"),
    ),
)
SETS = (FLASK, SQLITE)
