"""Ten questions on the Python documentation, each with the page that answers it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Question:
    """What a reader may ask."""

    text: str
    page: str
    """Path of the page below the documentation's root."""


QUESTIONS = (
    Question("What does the nargs argument of argparse's add_argument() do?", "library/argparse.html"),
    Question("Which quoting constants does the csv module define?", "library/csv.html"),
    Question("Which heapq function pops and returns the smallest item from a heap?", "library/heapq.html"),
    Question("How do I set the isolation level of a sqlite3 connection?", "library/sqlite3.html"),
    Question("Which exception does the gzip module raise for an invalid gzip file?", "library/gzip.html"),
    Question("What does re.fullmatch() return when the whole string matches the pattern?", "library/re.html"),
    Question("Where does the tempfile module create temporary directories by default?", "library/tempfile.html"),
    Question("Which function computes the population standard deviation of data?", "library/statistics.html"),
    Question("Which uuid function generates a random UUID?", "library/uuid.html"),
    Question("How do I embed the Python interpreter in a C application?", "extending/embedding.html"),
)
