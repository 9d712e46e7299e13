"""Questions on two real sites, written from their pages: what they answer, and what they do not say.

The first half of each list (even places) is the one the refusal was tuned on; the other half was only measured.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Asked:
    """A visitor's question."""

    text: str
    pages: tuple[str, ...] = ()
    """Paths of the pages that answer it, below the site's root; empty: the site does not say."""


@dataclass(frozen=True)
class QuestionSet:
    """The questions for one site."""

    site: str
    """Folder of the site."""
    answered: tuple[Asked, ...]
    not_answered: tuple[Asked, ...]


FLASK = QuestionSet(
    "flask",
    answered=(
        Asked("How do I turn on debug mode?", ("quickstart.html", "debugging.html", "config.html", "server.html")),
        Asked("What is a blueprint good for?", ("blueprints.html", "tutorial/views.html")),
        Asked("Can a blueprint be registered with a URL prefix?", ("blueprints.html", "api.html")),
        Asked("Which Python versions are supported?", ("installation.html",)),
        Asked("Which packages are installed automatically together with Flask?", ("installation.html",)),
        Asked("How do I create a virtual environment on Windows?", ("installation.html",)),
        Asked("How can I show a message to the user on the next page?", ("patterns/flashing.html", "quickstart.html")),
        Asked("How do I limit the size of uploaded files?", ("patterns/fileuploads.html", "config.html")),
        Asked("How do I run background tasks with Celery?", ("patterns/celery.html",)),
        Asked("Why should I use url_for() instead of hard-coding URLs?", ("quickstart.html",)),
        Asked("How do I generate a good secret key?", ("quickstart.html", "config.html", "tutorial/deploy.html")),
        Asked("What is the default of SESSION_COOKIE_NAME?", ("config.html",)),
        Asked(
            "May I use the development server in production?",
            ("server.html", "deploying/index.html", "tutorial/deploy.html", "quickstart.html", "cli.html", "api.html"),
        ),
        Asked("How do I run my application with Gunicorn?", ("deploying/gunicorn.html",)),
        Asked("How do I tell Flask that it is behind a proxy?", ("deploying/proxy_fix.html",)),
        Asked("How do I make requests to the app in a test?", ("testing.html", "tutorial/tests.html")),
        Asked("What do I have to install for async views?", ("async-await.html",)),
        Asked("Which library does Flask use for signals?", ("signals.html", "installation.html")),
        Asked("How do I stream a large CSV file row by row?", ("patterns/streaming.html",)),
        Asked("How do I return JSON from a view?", ("quickstart.html", "patterns/javascript.html", "api.html")),
        Asked("What is an application factory?", ("patterns/appfactories.html", "tutorial/factory.html")),
        Asked("How do I show a custom page for a 404?", ("errorhandling.html", "quickstart.html")),
        Asked("Can errors be mailed to the admins?", ("logging.html",)),
        Asked("How do I register my own Jinja filter?", ("templating.html", "api.html")),
        Asked("How long does the application context last?", ("appcontext.html",)),
        Asked("Which header tells the browser to load resources over HTTPS only?", ("security.html",)),
        Asked("How do I add a favicon?", ("patterns/favicon.html",)),
        Asked("How do I open an interactive shell with my app?", ("shell.html", "cli.html")),
        Asked("How do I pass arguments to a class-based view?", ("views.html", "api.html")),
        Asked(
            "How do I write a decorator that requires a login?", ("patterns/viewdecorators.html", "tutorial/views.html")
        ),
    ),
    not_answered=(
        Asked("What does a support contract cost per year?"),
        Asked("Which credit cards do you accept?"),
        Asked("How do I deploy the app to a Kubernetes cluster with Helm?"),
        Asked("Which version of the Java runtime do I need?"),
        Asked("Who won the football World Cup in 2018?"),
        Asked("How do I run the migrations with manage.py?"),
        Asked("How many employees does the company have?"),
        Asked("At what phone number can I reach the support team?"),
        Asked("How do I connect to an Oracle database with cx_Oracle?"),
        Asked("How do I send push notifications to an iPhone?"),
        Asked("How do I train a neural network with TensorFlow?"),
        Asked("What are your opening hours on Sundays?"),
        Asked("What does a Flask developer earn in Berlin?"),
        Asked("How do I add a GraphQL subscription endpoint?"),
        Asked("Is there a discount for students?"),
    ),
)
SQLITE = QuestionSet(
    "sqlite",
    answered=(
        Asked("How large can a database be at most?", ("limits.html", "whentouse.html", "faq.html", "features.html")),
        Asked("How many columns may a table have?", ("limits.html",)),
        Asked("Are foreign keys enforced by default?", ("foreignkeys.html", "quirks.html", "pragma.html")),
        Asked("How do I turn on WAL mode?", ("wal.html", "pragma.html")),
        Asked("What are the disadvantages of write-ahead logging?", ("wal.html",)),
        Asked("How do I create an AUTOINCREMENT column?", ("faq.html", "autoinc.html")),
        Asked("Which storage classes are there?", ("datatype3.html",)),
        Asked("Is SQLite threadsafe?", ("faq.html", "threadsafe.html")),
        Asked("Under which license may I use the code?", ("copyright.html", "about.html", "faq.html", "index.html")),
        Asked("Can several programs open the same database file at once?", ("faq.html",)),
        Asked("How do I list all tables in a database?", ("faq.html", "cli.html", "schematab.html")),
        Asked("How do I export a table as CSV on the command line?", ("cli.html",)),
        Asked("With which string does every database file begin?", ("fileformat2.html", "fileformat.html")),
        Asked("How can I back up a database while it is in use?", ("backup.html", "lang_vacuum.html")),
        Asked("How can a database file become corrupt?", ("howtocorrupt.html", "faq.html", "atomiccommit.html")),
        Asked("What does json_extract() return for several paths?", ("json1.html",)),
        Asked("How do I create a full-text index with FTS5?", ("fts5.html",)),
        Asked("What are the benefits of WITHOUT ROWID tables?", ("withoutrowid.html",)),
        Asked(
            "Since which version are window functions supported?",
            ("windowfunctions.html", "changes.html", "releaselog/3_25_0.html"),
        ),
        Asked("What is an R-Tree index for?", ("rtree.html",)),
        Asked("When is a client/server database the better choice?", ("whentouse.html",)),
        Asked("How do VIRTUAL and STORED generated columns differ?", ("gencol.html",)),
        Asked("What does an UPSERT do?", ("lang_upsert.html",)),
        Asked("What is VACUUM INTO?", ("lang_vacuum.html",)),
        Asked("How much test code is there compared to the library itself?", ("testing.html",)),
        Asked("Until which year do the developers intend to support it?", ("lts.html",)),
        Asked("Which well-known companies use SQLite?", ("famous.html", "mostdeployed.html")),
        Asked("Which types may columns of a STRICT table have?", ("stricttables.html",)),
        Asked("What does the result code SQLITE_BUSY mean?", ("rescode.html",)),
        Asked("How do I get the last day of the current month?", ("lang_datefunc.html",)),
    ),
    not_answered=(
        Asked("How do I reset the password of my account?"),
        Asked("Do you ship to Canada?"),
        Asked("Who is the chief executive of Oracle?"),
        Asked("How do I write a React component?"),
        Asked("How tall is Mount Everest?"),
        Asked("How do I tune the autovacuum thresholds of PostgreSQL?"),
        Asked("In which AWS regions is Aurora available?"),
        Asked("What is your refund policy?"),
        Asked("How do I roast coffee beans at home?"),
        Asked("How do I set up a Kafka connector for change data capture?"),
        Asked("How do I write a stored procedure in PL/SQL?"),
        Asked("How much does the premium plan cost a month?"),
        Asked("How do I add two-factor authentication with SMS codes?"),
        Asked("Can I rent a conference room in your office?"),
        Asked("How do I create a materialized view that refreshes every hour?"),
    ),
)
SETS = (FLASK, SQLITE)
