"""Makes a document say as text what its readers see, before anything is judged: one pass per kind of markup.

A pass runs only if the source has the bytes that it is about; most pages need few of them.
"""

from collections.abc import Callable

from selectolax.lexbor import LexborHTMLParser

from tasks.web.content.code_blocks import (
    EDITOR_MARKS,
    PREFORMATTED_MARKS,
    TABLE_MARKS,
    flatten_code,
    join_code_tables,
    write_edited_code,
    write_preformatted,
    write_shown_code,
)
from tasks.web.content.contact_links import CONTACT_MARKS, spell_out_contacts
from tasks.web.content.counters import COUNTER_MARKS, ZERO_MARKS, finish_counters, replace_zeros
from tasks.web.content.disclosures import OPENER_MARKS, make_headings
from tasks.web.content.embedded import ROOT, fill_slots
from tasks.web.content.form_choices import list_choices, list_options, list_swatches
from tasks.web.content.hidden_emails import MARKS as EMAIL_MARKS
from tasks.web.content.hidden_emails import reveal_emails
from tasks.web.content.navigation_trees import TREE_MARKS, drop_navigation_trees
from tasks.web.content.page_state import STATE_MARKS, read_state
from tasks.web.content.picture_text import write_labels, write_pictured_facts
from tasks.web.content.screen_copies import MARKS as COPY_MARKS
from tasks.web.content.screen_copies import drop_copies, drop_marquee_copies
from tasks.web.content.source_marks import SourceMarks
from tasks.web.content.split_letters import LETTER_MARKS, join_letters
from tasks.web.content.spoken_text import SPOKEN_MARKS, choose_twins, read_labels
from tasks.web.content.superscripts import CENTS_MARKS, write_cents, write_raised
from tasks.web.content.table_cells import (
    ICON_MARKS,
    LIGATURE_MARKS,
    LIST_MARKS,
    fill_spans,
    name_icons,
    name_ligatures,
    name_list_icons,
)

_Passes = tuple[tuple[tuple[bytes, ...], Callable[[LexborHTMLParser], None]], ...]
_PASSES: _Passes = (
    ((ROOT.encode(),), fill_slots),
    (TREE_MARKS, drop_navigation_trees),
    (SPOKEN_MARKS, choose_twins),
    ((b"aria-hidden",), read_labels),
    ((b"aria-hidden",), drop_marquee_copies),
    (COUNTER_MARKS, finish_counters),
    (ZERO_MARKS, replace_zeros),
    ((b"<sup",), write_raised),
    (CENTS_MARKS, write_cents),
    (TABLE_MARKS, join_code_tables),
    ((b" readonly",), write_shown_code),
    (EDITOR_MARKS, write_edited_code),
    (PREFORMATTED_MARKS, write_preformatted),
    ((b"<pre",), flatten_code),
    (LIGATURE_MARKS, name_ligatures),
    (ICON_MARKS, name_icons),
    (LIST_MARKS, name_list_icons),
    ((b"rowspan", b"colspan"), fill_spans),
    (COPY_MARKS, drop_copies),
    ((b"role=img", b'role="img"'), write_labels),
    (CONTACT_MARKS, spell_out_contacts),
    (OPENER_MARKS, make_headings),
    ((b"radio", b"checkbox"), list_choices),
    ((b"<select", b"<datalist"), list_options),
    ((b"swatch", b"variant", b"variation", b"size-option", b"-sizes", b"options", b"<button"), list_swatches),
)
"""Bytes of a source in lower case, any of which calls for the pass, in the order of the passes."""


_FIRST: _Passes = (
    (STATE_MARKS, read_state),
    (EMAIL_MARKS, reveal_emails),
    ((b"alt=",), write_pictured_facts),
)
"""Passes that write facts, before facts are read."""


def assemble(tree: LexborHTMLParser, source: SourceMarks) -> None:
    """Join what the markup splits within words, before the title is read."""
    _run(((LETTER_MARKS, join_letters),), tree, source)


def reveal(tree: LexborHTMLParser, source: SourceMarks) -> None:
    """Write addresses and prices that only scripts, attributes or pictures hold."""
    _run(_FIRST, tree, source)


def normalise(tree: LexborHTMLParser, source: SourceMarks) -> None:
    """Run the passes that the document needs."""
    _run(_PASSES, tree, source)


def _run(passes: _Passes, tree: LexborHTMLParser, source: SourceMarks) -> None:
    for marks, run in passes:
        if source.has_any(marks):
            run(tree)
