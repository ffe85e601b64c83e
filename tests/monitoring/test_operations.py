"""What docs/operations.md shows works, and what it lists is all there is."""

import json
import re
import shlex
import socket
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from trading_mcp.api.meters import Meters
from trading_mcp.domain.alerts import TRIGGERS, Trigger
from trading_mcp.engine.outbox import MOST, WAITS_MS
from trading_mcp.services.monitoring import FIGURES, KEYS

TEXT = (Path(__file__).parents[2] / "docs" / "operations.md").read_text()
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)


def rows(heading: str) -> list[list[str]]:
    """Return the cells of the table that begins with *heading*."""
    table = TEXT.partition(heading)[2].partition("\n\n")[0]
    return [
        [cell.strip() for cell in line.strip("| ").split(" | ")] for line in table.split("\n")[2:]
    ]


def requests() -> list[tuple[str, str, Any]]:
    """Return the shown requests: method, path, body."""
    shown = "\n".join(text for language, text in BLOCKS if language == "sh" and "curl" in text)
    commands = re.split(r"\n(?=curl)", shown.replace("\\\n", " "))
    return [_request(shlex.split(command)) for command in commands]


def _request(words: list[str]) -> tuple[str, str, Any]:
    url = next(word for word in words if word.startswith("http://127.0.0.1:9090"))
    body = json.loads(words[words.index("-d") + 1]) if "-d" in words else None
    method = words[words.index("-X") + 1] if "-X" in words else "POST" if body else "GET"
    return method, url.removeprefix("http://127.0.0.1:9090"), body


def test_every_trigger_is_listed_as_it_is() -> None:
    told = {row[0].strip("`"): (row[1], row[2]) for row in rows("| trigger | threshold |")}

    def wanted(trigger: Trigger) -> tuple[str, str]:
        unit = f", in {trigger.unit.removeprefix('in ')}" if trigger.unit else ""
        return f"{trigger.threshold}{unit}", f"{trigger.cooldown_minutes:g}"

    assert told == {name: wanted(trigger) for name, trigger in TRIGGERS.items()}


def test_every_figure_is_listed_with_its_key() -> None:
    told = {row[0].strip("`"): row[1].strip("`") for row in rows("| `metrics` | answered as |")}

    assert told == {name: KEYS.get(name, name) for name in FIGURES}


def test_what_is_said_of_retries_is_so() -> None:
    assert WAITS_MS == (5_000, 30_000, 120_000, 600_000, 1_800_000)
    assert "after 5 seconds, 30 seconds, 2, 10 and 30 minutes, then\ngiven up" in TEXT
    assert f"({MOST:,} alerts;" in TEXT


async def test_every_metric_is_listed_and_every_listed_one_is_there(desk: Any) -> None:
    await desk.trade()
    found = (await desk.ask("get_measurements")).families
    names = {family.name for family in [*found, *Meters().families()]}
    process = set(re.findall(r"^# TYPE (\w+)", await desk.scrape(), re.MULTILINE)) - names

    listed = {
        name for row in rows("| metric | what it is |") for name in re.findall(r"`(\w+)`", row[0])
    }
    used = set(re.findall(r"\b(?:trading_mcp|process)_\w+", "".join(t for _, t in BLOCKS)))

    assert {name for name in listed if name.startswith("trading_mcp_")} == names
    assert listed - names <= process
    assert {name.removesuffix("_bucket") for name in used} <= names | process


def test_shown_yaml_is_yaml() -> None:
    shown = [yaml.safe_load(text) for language, text in BLOCKS if language == "yaml"]

    assert [next(iter(one)) for one in shown] == ["scrape_configs", "groups"]
    assert all(rule["expr"] for rule in shown[1]["groups"][0]["rules"])


async def test_the_shown_requests_are_answered(
    opened: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = socket.getaddrinfo

    def resolved(host: str, port: int, *rest: Any, **named: Any) -> Any:
        address = "93.184.216.34" if host.endswith(".example.org") else host
        return known(address, port, *rest, **named)

    async def unheard(*_: Any, **__: Any) -> None:
        pass

    asked = requests()
    monkeypatch.setattr(socket, "getaddrinfo", resolved)
    monkeypatch.setattr("trading_mcp.adapters.messengers.channels.Messenger.send", unheard)
    async with opened() as desk:
        answers = {
            f"{method} {path} {number}": await desk.http.request(method, path, json=body)
            for number, (method, path, body) in enumerate(asked)
        }

    assert len(asked) >= 9
    assert {name: a.text for name, a in answers.items() if a.status_code != 200} == {}
    shown = [json.loads(text) for language, text in BLOCKS if language == "json"]
    [export] = [a for name, a in answers.items() if "metrics/export" in name]
    assert shape(export) == shape_of(shown[0])


def shape(answer: httpx.Response) -> Any:
    return shape_of(answer.json())


def shape_of(value: Any) -> Any:
    """Return what kind of thing *value* is, and each part of it."""
    if isinstance(value, dict):
        return {key: shape_of(part) for key, part in value.items()}
    return type(value).__name__


def test_the_shown_check_of_a_signature_takes_what_is_signed() -> None:
    from trading_mcp.adapters.messengers.webhook import SIGNATURE, SIGNED_AT, _signature
    from trading_mcp.domain.alerts import WebhookConfig

    [program] = [text for language, text in BLOCKS if language == "python"]
    shown: dict[str, Any] = {}
    exec(program, shown)
    config = WebhookConfig(url="https://hooks.example.org/", secret="between us")

    made = _signature(config, b"{}", 1_763_287_200_000)

    assert shown["is_ours"]("between us", made[SIGNED_AT], b"{}", made[SIGNATURE])
    assert not shown["is_ours"]("between us", made[SIGNED_AT], b"{ }", made[SIGNATURE])
