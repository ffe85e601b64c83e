"""A strategy that trades at each minute, as a plugin that is installed for a test alone."""

from pathlib import Path

PLUGIN = "eager"
_CODE = '''"""Trade at each candle."""

import numpy as np

from trading_mcp.sdk import Candles, Params, Signals, Strategy, hookimpl, signals


class Eager(Strategy):
    """Buys at each close, whatever it was."""

    name = "eager"
    params_type = Params

    @property
    def warmup(self) -> int:
        return 1

    def signals(self, candles: Candles) -> Signals:
        there = np.isfinite(candles.close)
        return signals(len(candles), enter_long=there, direction=self.params.direction)


@hookimpl
def register_strategies() -> list[type[Strategy]]:
    return [Eager]
'''


def install(folder: Path) -> Path:
    """Write the plugin into *folder*, which has to be on the path; return that."""
    about = folder / f"{PLUGIN}-1.0.dist-info"
    about.mkdir(parents=True)
    (folder / f"{PLUGIN}.py").write_text(_CODE)
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {PLUGIN}\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(f"[trading_mcp]\n{PLUGIN} = {PLUGIN}\n")
    return folder
