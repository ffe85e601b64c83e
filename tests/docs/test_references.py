"""What the documents point at exists: files, headings, names in the code, lists and tables."""

import importlib
import re
import tomllib
from pathlib import Path
from typing import Any, get_args

import pytest

import trading_mcp
from trading_mcp.domain.entries import AnyEntry
from trading_mcp.domain.orders import TRANSITIONS, WORKING

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "trading_mcp"
DOCUMENTS = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text()
FLOORS = {path.stem for path in SOURCE.iterdir()}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_leads_somewhere(document: Path) -> None:
    links = re.findall(r"\]\(([^)\s]+)\)", document.read_text())
    assert [link for link in links if not leads_somewhere(document, link)] == []


@pytest.mark.parametrize("document", ["architecture.md", "decisions.md"])
def test_every_named_file_and_name_exists(document: str) -> None:
    named = re.findall(r"`([\w./-]+)`", (ROOT / "docs" / document).read_text())
    assert [name for name in named if not exists(name)] == []


def test_the_floors_are_the_contracts() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    (floors,) = (c["layers"] for c in contracts["contracts"] if c["id"] == "floors")
    there = [
        [part.strip() for part in floor.split("|") if not part.strip().startswith("(")]
        for floor in floors
    ]
    table = ARCHITECTURE.partition("| floor |")[2].partition("\n\n")[0]
    told = [re.findall(r"`(\w+)`", row.split("|")[1]) for row in table.splitlines()[2:]]
    assert told == [floor for floor in there if floor]


def test_the_orders_states_are_the_table() -> None:
    table = ARCHITECTURE.partition("| state | what it means |")[2].partition("\n\n")[0]
    rows = [row.strip("|").split("|") for row in table.splitlines()[2:]]
    told = {row[0].strip(" `"): set(re.findall(r"`(\w+)`", row[2])) for row in rows}
    assert told == TRANSITIONS
    assert set(list(told)[:4]) == WORKING


def test_the_journals_entries_are_the_table() -> None:
    table = ARCHITECTURE.partition("| entry | what happened |")[2].partition("\n\n")[0]
    told = re.findall(r"^\| `(\w+)`", table, re.MULTILINE)
    assert told == [entry.__name__ for entry in get_args(AnyEntry)]


def test_the_changelog_has_this_version() -> None:
    assert f"## {trading_mcp.__version__}" in (ROOT / "CHANGELOG.md").read_text()


def leads_somewhere(document: Path, link: str) -> bool:
    path, _, anchor = link.partition("#")
    if "://" in path:
        return True
    target = (document.parent / path) if path else document
    return target.exists() and (not anchor or anchor in anchors(target))


def anchors(document: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", document.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def exists(name: str) -> bool:
    """Say whether *name* exists; what looks like neither a file nor a name of ours passes."""
    if name.startswith(("data/", "/")):  # what a running server has
        return True
    if "/" in name or re.search(r"\.(py|md|toml)$", name):
        return (SOURCE / name).exists() or (ROOT / name).exists()
    floor, *rest = name.split(".")
    return floor not in FLOORS or not rest or resolves(floor, rest)


def resolves(floor: str, rest: list[str]) -> bool:
    found: Any = importlib.import_module(f"trading_mcp.{floor}")
    for part in rest:
        if not hasattr(found, part):
            try:
                importlib.import_module(f"{found.__name__}.{part}")
            except (ImportError, AttributeError):
                return False
        found = getattr(found, part)
    return True
