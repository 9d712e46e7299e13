"""CSV for spreadsheets: cells that are text wherever they are opened."""

import csv
import io

import pytest

from api.http.spreadsheets import csv_rows


def opened_with_semicolons(rows: str) -> list[list[str]]:
    """The cells as a program sees them for which a semicolon ends a cell: quotes within a cell mean nothing to it."""
    return [line.split(";") for line in rows.splitlines()]


@pytest.mark.parametrize("separator", [";", "; ", "\t", "\n", "\r\n  "])
@pytest.mark.parametrize("formula", ["=1+1", "@SUM(A1)", "+1+1", "-2+3", "- 2+3", "＝1+1"])
def test_no_part_of_a_cell_is_a_formula_where_semicolons_separate(separator: str, formula: str) -> None:
    """Such a program goes on with a new cell in the middle of ours."""
    found = opened_with_semicolons(csv_rows([["an id", f"Hello{separator}{formula}{separator}bye"]]))
    cells = [part.strip() for line in found for cell in line for part in cell.split("\t")]
    assert not [cell for cell in cells if cell.startswith(tuple("=+-@＝＋－＠"))], cells


def test_other_texts_stay_as_they_are() -> None:
    """A list keeps its marks, as bullets."""
    text = "Open 9-17; closed on Sundays, e-mail a@b.example = fast"
    rows = csv_rows([[text, "Prices:\n- small €3\n  - large €4"]])
    assert list(csv.reader(io.StringIO(rows))) == [[text, "Prices:\n• small €3\n  • large €4"]]
