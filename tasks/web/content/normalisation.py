"""Makes a document say as text what its readers see, before anything is judged: one pass per kind of markup.

A pass runs only if the source has the bytes that it is about; most pages need few of them.
"""

from collections.abc import Callable

from selectolax.lexbor import LexborHTMLParser

from tasks.web.content.code_blocks import TABLE_MARKS, flatten_code, join_code_tables
from tasks.web.content.contact_links import spell_out_contacts
from tasks.web.content.disclosures import make_headings
from tasks.web.content.form_choices import list_choices, list_options
from tasks.web.content.hidden_emails import MARK, reveal_emails
from tasks.web.content.screen_copies import MARKS as COPY_MARKS
from tasks.web.content.screen_copies import drop_copies
from tasks.web.content.spoken_text import COUNTER_MARKS, SPOKEN_MARKS, choose_twins, finish_counters, read_labels
from tasks.web.content.superscripts import CENTS_MARKS, write_cents, write_raised
from tasks.web.content.table_cells import fill_spans, name_icons

_PASSES: tuple[tuple[tuple[bytes, ...], Callable[[LexborHTMLParser], None]], ...] = (
    (MARK, reveal_emails),
    (SPOKEN_MARKS, choose_twins),
    ((b"aria-hidden",), read_labels),
    (COUNTER_MARKS, finish_counters),
    ((b"<sup",), write_raised),
    (CENTS_MARKS, write_cents),
    (TABLE_MARKS, join_code_tables),
    ((b"<pre",), flatten_code),
    ((b"<td",), name_icons),
    ((b"rowspan", b"colspan"), fill_spans),
    (COPY_MARKS, drop_copies),
    ((b"tel:", b"mailto:"), spell_out_contacts),
    ((b"<button", b"aria-expanded", b"aria-controls", b"<label", b"role=button", b'role="button"'), make_headings),
    ((b"radio", b"checkbox"), list_choices),
    ((b"<select",), list_options),
)
"""Bytes of a source in lower case, any of which calls for the pass, in the order of the passes."""


def normalise(tree: LexborHTMLParser, html: str) -> None:
    """Run the passes that the document needs; `html` is its source."""
    lowered = lowered_bytes(html)
    for marks, run in _PASSES:
        if any(mark in lowered for mark in marks):
            run(tree)


def lowered_bytes(html: str) -> bytes:
    """Return the source in lower case; lower-casing bytes is much faster than text."""
    return html.encode("utf-8", "replace").lower()
