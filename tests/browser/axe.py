"""The accessibility checker axe, as a script for pages."""

from pathlib import Path


def axe_source() -> str:
    """The accessibility checker."""
    return (Path(__file__).parents[2] / "api/pages/node_modules/axe-core/axe.min.js").read_text()
