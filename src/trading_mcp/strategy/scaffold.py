"""Writes a new plugin that works: the beginning of somebody's own strategy."""

from pathlib import Path
from string import Template

from trading_mcp.domain.errors import InvalidParameter
from trading_mcp.strategy.declaration import is_name


def write_package(name: str, folder: Path) -> list[Path]:
    """Write a package with a strategy called *name* into *folder*; return the files.

    The package gets a folder of its own, `trading-mcp-` and the name.

    Raises:
        InvalidParameter: *name* cannot name a strategy, or its folder is there already.
    """
    if not is_name(name):
        raise InvalidParameter(
            f"{name[:60]!r} cannot name a strategy",
            hint="Use lower-case words with _ between them, such as my_idea.",
            field="name",
        )
    distribution = f"trading-mcp-{name.replace('_', '-')}"
    package = folder / distribution
    if package.exists():
        raise InvalidParameter(f"{package} exists already; nothing was written", field="name")
    words = {"name": name, "distribution": distribution, "cls": _camel_case(name)}
    return [_write(package / path, text, words) for path, text in _FILES.items()]


def _camel_case(name: str) -> str:
    return "".join(word.capitalize() for word in name.split("_"))


def _write(path: Path, text: str, words: dict[str, str]) -> Path:
    path = path.with_name(Template(path.name).substitute(words))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(Template(text).substitute(words), encoding="utf-8")
    return path


_PROJECT = """\
[build-system]
requires = ["hatchling>=1.33"]
build-backend = "hatchling.build"

[project]
name = "$distribution"
version = "0.1.0"
description = "A strategy for Trading MCP Server."
readme = "README.md"
requires-python = ">=3.11"
dependencies = ["trading-mcp"]

[project.entry-points.trading_mcp]
$name = "trading_mcp_$name"

[tool.hatch.build.targets.wheel]
only-include = ["trading_mcp_$name.py"]

[tool.pytest.ini_options]
pythonpath = ["."]
testpaths = ["tests"]
"""

_README = """\
# $name

Long when the close crosses above its average, short when it crosses below.

| parameter | default | from, to | meaning |
|---|---|---|---|
| `period` | 20 | 2 to 200 | candles that the average looks at |

Try it, install it, and enable it in `config.toml`:

```sh
python -m pytest
python -m pip install --no-build-isolation --editable .
```

```toml
[strategies]
enabled = ["$name"]  # beside those that are there

[strategies.settings.$name]
params = { period = 20 }
```
"""

_MODULE = '''\
"""Follow the close across its average. Put your own idea here."""

from trading_mcp.sdk import (
    Candles,
    Params,
    Period,
    Signals,
    Strategy,
    crosses_above,
    crosses_below,
    hookimpl,
    signals,
    sma,
)


class ${cls}Params(Params, frozen=True, kw_only=True):
    """What can be configured, besides what every strategy has."""

    period: Period = 20


class ${cls}Strategy(Strategy):
    """Long when the close crosses above its average, short when it crosses below."""

    name = "$name"
    params_type = ${cls}Params
    params: ${cls}Params

    @property
    def warmup(self) -> int:
        """The candles under the average, and the one before."""
        return self.params.period + 1

    def signals(self, candles: Candles) -> Signals:
        """Say what to do after each candle, knowing only those up to it."""
        average = sma(candles.close, self.params.period)
        rises = crosses_above(candles.close, average)
        falls = crosses_below(candles.close, average)
        return signals(
            len(candles),
            enter_long=rises,
            exit_long=falls,
            enter_short=falls,
            exit_short=rises,
            strength=0.6,
            direction=self.params.direction,
        )


@hookimpl
def register_strategies() -> list[type[Strategy]]:
    """Offer the strategy to the server."""
    return [${cls}Strategy]
'''

_TESTS = '''\
"""$name keeps the contract and does what it says."""

import numpy as np
from trading_mcp_$name import ${cls}Params, ${cls}Strategy

from trading_mcp.sdk import assert_conforms, walk


def test_it_conforms() -> None:
    assert_conforms(${cls}Strategy)


def test_it_enters_on_the_side_of_the_average_that_the_close_has_come_to() -> None:
    close = walk(500).close

    signals = ${cls}Strategy(${cls}Params(period=2)).signals(walk(500))

    for row in np.flatnonzero(signals.enter_long):
        assert close[row] > close[row - 1]
'''

_FILES = {
    "pyproject.toml": _PROJECT,
    "README.md": _README,
    "trading_mcp_$name.py": _MODULE,
    "tests/test_$name.py": _TESTS,
}
