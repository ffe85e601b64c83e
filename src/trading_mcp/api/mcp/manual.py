"""The product's documentation, page by page."""

from pathlib import Path

_PACKAGE = Path(__file__).parents[2]
PLACES = (_PACKAGE / "docs", _PACKAGE.parents[1] / "docs")
"""Where it is: in an installed package, or beside the sources in a checkout."""


def pages() -> dict[str, Path]:
    """Return the pages by name, in the order of their names."""
    folder = next((place for place in PLACES if place.is_dir()), PLACES[0])
    return {path.stem: path for path in sorted(folder.glob("*.md"))}


def page(name: str) -> str:
    """Return a page as Markdown. Raises KeyError."""
    return pages()[name].read_text(encoding="utf-8")


def index() -> str:
    """Return a list of all pages, as Markdown."""
    lines = [f"- [{_title(path)}](trading://docs/{name})" for name, path in pages().items()]
    return "\n".join(["# Documentation", "", *lines, ""])


def _title(path: Path) -> str:
    with path.open(encoding="utf-8") as text:
        return text.readline().removeprefix("#").strip()
