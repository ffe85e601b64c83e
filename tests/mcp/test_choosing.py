"""What agents are offered is chosen when the server starts: by flags, or in the configuration."""

from pathlib import Path

import pytest

from trading_mcp.api.mcp.toolsets import TOOLSETS
from trading_mcp.api.settings import McpSettings
from trading_mcp.cli import _parser
from trading_mcp.cli.settings import configuration
from trading_mcp.config import ConfigError


def chosen(*words: str) -> McpSettings:
    return configuration(_parser().parse_args([*words])).mcp


@pytest.mark.parametrize("command", ["serve", "mcp"])
def test_flags_choose(command: str) -> None:
    assert chosen(command) == McpSettings()
    assert chosen(command, "--toolsets", "market,risk", "--read-only") == McpSettings(
        toolsets=("market", "risk"), read_only=True
    )


def test_without_a_flag_the_configuration_holds(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text('[mcp]\ntoolsets = ["orders"]\nread_only = true\ntext = "json"\n')

    whole = McpSettings(toolsets=("orders",), read_only=True, text="json")
    assert chosen("mcp", "--config", str(path)) == whole
    assert chosen("mcp", "--config", str(path), "--toolsets", "risk").toolsets == ("risk",)


@pytest.mark.parametrize("name", ["markets", "", "strategies"])
def test_a_toolset_that_is_not_there_is_refused_with_those_that_are(name: str) -> None:
    with pytest.raises(ConfigError) as caught:
        chosen("serve", "--toolsets", f"risk,{name}")

    assert str(caught.value) == (f"mcp.toolsets: no toolset {name!r}; known: {', '.join(TOOLSETS)}")
