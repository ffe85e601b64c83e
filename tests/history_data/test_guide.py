"""What docs/history.md shows can be typed, and does what it says."""

import re
import shlex
from pathlib import Path

import pytest

from trading_mcp.cli import main

GUIDE = (Path(__file__).parents[2] / "docs" / "history.md").read_text()


def test_the_shown_commands_that_need_no_network_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("trading_mcp.api.logging.configure_logging", lambda *_: None)
    monkeypatch.chdir(tmp_path)
    (shown,) = re.findall(r"^```text\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)
    Path("candles.csv").write_text(shown)
    blocks = "".join(re.findall(r"^```sh\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL))
    commands = [shlex.split(line)[1:] for line in blocks.splitlines()]

    codes = [
        main(words) for words in commands if words[:2] != ["data", "download"] or "sim" in words
    ]

    assert codes == [0] * 6
    told = capsys.readouterr().out
    assert "fetched      10,080 candles" in told
    assert "3 candles from 2026-01-01 00:00:00Z to 2026-01-01 00:04:00Z, of which 3 new" in told
    assert "2 flat candles made for gaps" in told
