"""The code that the documents show does what they say."""

import asyncio
import json
import re
import shlex
import sys
import tomllib
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from fastmcp import Client

from trading_mcp.cli import _parser
from trading_mcp.config import load

ROOT = Path(__file__).parents[2]
DOCUMENTS = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
KNOWN = {"sh", "python", "json", "toml", "yaml", "text"}
TESTED_ELSEWHERE = {"writing-a-strategy.md"}  # by tests/strategy/test_guide.py
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Block(NamedTuple):
    """A block of code in a document."""

    document: str
    number: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.document}-{self.number}-{self.language}"


def blocks(language: str = "", documents: list[Path] = DOCUMENTS) -> list[Block]:
    return [
        Block(document.name, number, *found.groups())
        for document in documents
        for number, found in enumerate(BLOCK.finditer(document.read_text()), 1)
        if language in ("", found[1])
    ]


SHELL = [
    shlex.split(line)
    for block in blocks("sh")
    if "curl" not in block.text  # those are run
    for line in block.text.splitlines()
]


def test_every_block_says_what_it_is() -> None:
    assert {block.language for block in blocks()} <= KNOWN


@pytest.mark.parametrize("block", blocks("toml"), ids=str)
def test_shown_settings_can_be_used(block: Block, tmp_path: Path) -> None:
    if block.document in TESTED_ELSEWHERE:
        assert tomllib.loads(block.text)
        return
    path = tmp_path / "config.toml"
    path.write_text(block.text)
    assert load(path)


@pytest.mark.parametrize("block", blocks("json"), ids=str)
def test_shown_json_is_json(block: Block) -> None:
    assert json.loads(block.text)


def test_make_has_the_shown_commands() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    prose = "".join(document.read_text() for document in DOCUMENTS)
    named = {command[1] for command in SHELL if command[0] == "make"}
    assert named | set(re.findall(r"`make (\w+)", prose)) <= targets


def test_make_is_handed_flags_that_serve_takes() -> None:
    handed = [word for command in SHELL for word in command if word.startswith("ARGS=")]
    assert handed
    for flags in handed:
        assert _parser().parse_args(["serve", *shlex.split(flags.removeprefix("ARGS="))])


def test_the_command_line_takes_the_shown_commands() -> None:
    shown = [command for command in SHELL if command[0].endswith("trading-mcp")]
    assert shown
    for command in shown:
        assert _parser().parse_args(command[1:])


@pytest.mark.slow
@pytest.mark.parametrize("document", [ROOT / "README.md", ROOT / "docs" / "configuration.md"])
def test_the_shown_requests_are_answered_as_shown(place: Any, document: Path) -> None:
    asked = [block for block in blocks("sh", [document]) if "curl" in block.text]
    assert asked
    answers = {
        block.number: decoded(place.run("bash", "-euo", "pipefail", "-c", place.adapted(text)))
        for block in asked
        for text in [block.text]
    }
    refused = [
        number
        for number, given in answers.items()
        if not all(answer.get("success", True) for answer in given)
    ]
    shown = {
        before.number: json.loads(after.text)
        for before, after in pairwise(blocks("", [document]))
        if before in asked and after.language == "json"
    }
    assert {n: shape(answers[n][0]) for n in shown} == {n: shape(s) for n, s in shown.items()}
    assert refused == [n for n, answer in shown.items() if not answer["success"]]


@pytest.mark.slow
@pytest.mark.parametrize(
    "block", blocks("python", [ROOT / "README.md", ROOT / "docs" / "mcp.md"]), ids=str
)
def test_the_shown_programs_run(place: Any, block: Block) -> None:
    program = place.folder / f"shown_{block.number}.py"
    program.write_text(place.adapted(block.text))
    assert place.run(sys.executable, "-W", "error", str(program))


@pytest.mark.slow
@pytest.mark.parametrize(
    "block", [block for block in blocks("json") if "mcpServers" in block.text], ids=str
)
async def test_the_shown_mcp_clients_find_the_running_server(place: Any, block: Block) -> None:
    async with asyncio.timeout(60), Client(json.loads(place.adapted(block.text))) as client:
        tools = {tool.name for tool in await client.list_tools()}
        status = await client.call_tool("bot_status", {})
    assert tools == set(re.findall(r"`(\w+)`", tool_table()))
    assert status.structured_content["running"]


@pytest.mark.slow
def test_the_shown_message_is_like_those_that_come(place: Any) -> None:
    (shown,) = (json.loads(b.text) for b in blocks("json") if '"metrics_update"' in b.text)
    (program,) = (b for b in blocks("python", [ROOT / "README.md"]) if "/ws" in b.text)
    brief = program.text.replace("range(10)", "range(2)")
    only_metrics = re.sub(r"\[(\"\w+\"(, )?)+\]", '["metrics"]', brief)
    heard = place.run(sys.executable, "-c", place.adapted(only_metrics))
    messages = {m["type"]: m for m in map(json.loads, heard.splitlines())}
    assert shape(messages["metrics_update"]) == shape(shown)


def decoded(text: str) -> list[Any]:
    """Read JSON documents that follow one another."""
    answers, decoder = [], json.JSONDecoder()
    while text := text.lstrip():
        answer, end = decoder.raw_decode(text)
        answers.append(answer)
        text = text[end:]
    return answers


def shape(value: Any) -> Any:
    """Return what kind of thing *value* is, and each part of it."""
    match value:
        case dict():
            return {key: shape(part) for key, part in value.items()}
        case list():
            return [shape(value[0])] if value else []
        case bool() | str() | None:
            return type(value).__name__
        case _:
            return "number"


def tool_table() -> str:
    text = (ROOT / "README.md").read_text()
    _, _, after = text.partition("| toolset | tools |")
    return "".join(line.partition("|")[2].partition("|")[2] for line in after.splitlines()[2:10])
