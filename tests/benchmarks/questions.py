"""Ten questions on the Python documentation, each with the page that answers it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Question:
    """What a reader may ask."""

    text: str
    page: str
    """Path of the page below the documentation's root."""


QUESTIONS = (
    Question("How do I parse command-line options and arguments with argparse?", "library/argparse.html"),
    Question("How do I read and write CSV files?", "library/csv.html"),
    Question("How do I use heapq as a priority queue?", "library/heapq.html"),
    Question("How do I connect to an SQLite database and run SQL queries?", "library/sqlite3.html"),
    Question("How do I decompress data with gzip?", "library/gzip.html"),
    Question("How do I match text with regular expressions?", "library/re.html"),
    Question("How do I create a temporary file or directory?", "library/tempfile.html"),
    Question("How do I compute the mean, median and standard deviation of data?", "library/statistics.html"),
    Question("How do I configure logging to a rotating file?", "library/logging.handlers.html"),
    Question("How do I generate a universally unique identifier (UUID)?", "library/uuid.html"),
)
