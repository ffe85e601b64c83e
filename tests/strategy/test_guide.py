"""What docs/writing-a-strategy.md shows is what there is."""

import re
import tomllib
from pathlib import Path

import msgspec
import pytest

from trading_mcp import sdk
from trading_mcp.engine.settings import StrategiesSettings
from trading_mcp.strategy.scaffold import write_package

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "writing-a-strategy.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", GUIDE, re.MULTILINE | re.DOTALL)


def test_the_example_is_the_shipped_plugin() -> None:
    shipped = ROOT / "plugins" / "trading-mcp-rsi" / "trading_mcp_rsi.py"
    assert blocks("python")[0] == shipped.read_text()


def test_the_shown_test_passes_on_a_new_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_package("my_idea", tmp_path)
    monkeypatch.syspath_prepend(tmp_path / "trading-mcp-my-idea")
    shown: dict[str, object] = {}
    exec(blocks("python")[1], shown)
    shown["test_it_conforms"]()


def test_the_files_it_names_are_those_that_are_written(tmp_path: Path) -> None:
    written = write_package("my_idea", tmp_path)
    package = tmp_path / "trading-mcp-my-idea"
    assert {path.relative_to(package).as_posix() for path in written} == set(
        re.findall(r"^\| `([\w/.]+)` \|", GUIDE, re.MULTILINE)
    )


def test_the_shown_settings_can_be_read() -> None:
    (shown,) = blocks("toml")
    settings = msgspec.convert(tomllib.loads(shown)["strategies"], StrategiesSettings)
    assert "my_idea" in settings.enabled
    assert settings.settings.keys() == {"rsi_scalping", "my_idea"}


@pytest.mark.parametrize("name", ["wilder_warmup", "ema_warmup", "recently", "confidence", "walk"])
def test_the_functions_it_tells_of_exist(name: str) -> None:
    assert f"`{name}" in GUIDE
    assert name in sdk.__all__
