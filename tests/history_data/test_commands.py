"""`trading-mcp data`, as people type it: on the simulated exchange, without a network."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from trading_mcp.adapters.clocks import SystemClock
from trading_mcp.adapters.parquet import months
from trading_mcp.adapters.simulated.market import SeededMarket
from trading_mcp.cli import main
from trading_mcp.domain.candles import Candles
from trading_mcp.domain.times import DAY_MS, MINUTE_MS

from .conftest import FEBRUARY, JANUARY

SIM = ("--exchange", "sim", "--pair", "BTC-USDT", "--interval", "1m")
DOWNLOAD = ("data", "download", *SIM, "--since", "2026-01-01")
MARKET = SeededMarket(1)
PATIENCE_S = 60


@pytest.fixture
def data(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., tuple[int, str, str]]:
    """A function that runs one command in this process: exit code, output, errors."""
    # Later tests would write their logs to this one's standard error.
    monkeypatch.setattr("trading_mcp.api.logging.configure_logging", lambda *_: None)

    def running(*words: str | Path) -> tuple[int, str, str]:
        code = main([*map(str, words), "--data-dir", str(tmp_path / "data")])
        told = capsys.readouterr()
        return code, told.out, told.err

    return running


def stored(folder: Path, *series: str) -> Candles:
    return months.read(folder.joinpath("data", "candles", *series), (), 0, 2**60)


def test_the_simulated_past_is_downloaded_and_goes_on_later(data, tmp_path: Path) -> None:
    first = data(*DOWNLOAD, "--until", "2026-01-02")
    again = data(*DOWNLOAD, "--until", "2026-01-02", "--json")
    further = data(*DOWNLOAD[:-2], "--until", "2026-01-02T02:00:00Z", "--json")

    assert (first[0], again[0], further[0]) == (0, 0, 0)
    assert "fetched      1,440 candles" in first[1]
    assert first[2].splitlines()[-1].startswith("sim BTC-USDT 1m  100%")
    assert json.loads(again[1])["fetched"] == 0
    assert json.loads(further[1])["fetched"] == 120
    candles = stored(tmp_path, "sim", "BTC-USDT", "1m")
    truth = MARKET.candles("BTC-USDT", "1m", JANUARY, JANUARY + DAY_MS + 120 * MINUTE_MS)
    assert candles.rows() == truth.rows()


def test_a_quiet_download_says_nothing_but_its_result(data) -> None:
    assert data(*DOWNLOAD, "--until", "2026-01-02", "--quiet")[2] == ""


@pytest.mark.parametrize(
    ("words", "said"),
    [
        pytest.param(
            ["--exchange", "nope"], "ccxt knows no exchange 'nope'", marks=pytest.mark.slow
        ),
        (["--exchange", "../sim"], "expected a name of small letters"),
        (["--pair", "FOO-USDT"], "unknown market 'FOO-USDT'"),
        (["--pair", "BTC"], "expected a pair such as BTC-USDT"),
        (["--interval", "7m"], "unknown interval '7m'; known: 1m"),
        (["--since", "yesterday"], "--since: expected an ISO 8601 time"),
        (["--since", "2100-01-01"], "expected a time before"),
        (["--since", "2026-01-02", "--until", "2026-01-01"], "expected a time before"),
    ],
)
def test_what_cannot_be_downloaded_is_said_in_a_sentence(data, words, said) -> None:
    code, out, err = data(*DOWNLOAD, *words)

    assert (code, out) == (2, "")
    assert err.startswith("trading-mcp: ")
    assert said in err
    assert err.count("\n") == 1


def test_a_download_of_nothing_stored_asks_for_a_beginning(data) -> None:
    assert "say with --since where to begin" in data(*DOWNLOAD[:-2])[2]


def test_what_is_stored_is_listed_with_its_gaps(data, tmp_path: Path) -> None:
    nothing = data("data", "list")
    data(*DOWNLOAD, "--until", "2026-01-02")
    data(*DOWNLOAD, "--since", "2026-01-03", "--until", "2026-01-04")

    table, as_json = data("data", "list"), data("data", "list", "--json")

    assert (nothing[0], nothing[1][:21]) == (0, "No candles are stored")
    headings, row = table[1].splitlines()
    assert headings.split()[-1] == "SIZE"
    assert " 2026-01-01 00:00:00Z  2026-01-03 23:59:00Z  2,880    1     1,440 " in row
    (told,) = json.loads(as_json[1])
    size = told.pop("bytes")
    assert size == sum(p.stat().st_size for p in tmp_path.rglob("*.parquet"))
    assert told == {
        "exchange": "sim",
        "pair": "BTC-USDT",
        "interval": "1m",
        "from": "2026-01-01T00:00:00Z",
        "to": "2026-01-03T23:59:00Z",
        "candles": 2880,
        "gaps": 1,
        "missing": 1440,
        "not_traded": 0,
        "damaged": [],
    }


def test_gaps_are_reported_and_break_nothing(data) -> None:
    data(*DOWNLOAD, "--until", "2026-01-02")
    data(*DOWNLOAD, "--since", "2026-01-03", "--until", "2026-01-04")

    code, out, _ = data("data", "check")
    as_json = json.loads(data("data", "check", "--json")[1])

    assert code == 0
    assert "1 gap of 1,440 missing" in out
    assert "2026-01-02 00:00:00Z  1,440 candles, not known" in out
    assert as_json["broken_files"] == 0
    assert as_json["series"][0]["gaps"] == [
        {
            "from": "2026-01-02T00:00:00Z",
            "to": "2026-01-03T00:00:00Z",
            "candles": 1440,
            "not_traded": False,
        }
    ]


def test_a_broken_file_makes_the_check_fail_and_other_commands_speak(data, tmp_path) -> None:
    data(*DOWNLOAD, "--until", "2026-01-02")
    (file,) = tmp_path.rglob("*.parquet")
    file.write_bytes(file.read_bytes()[:-50])

    checked, listed, loaded = data("data", "check"), data("data", "list"), data(*DOWNLOAD)

    assert checked[0] == 1
    assert f"BROKEN  {file}: " in checked[1]
    assert "1 file read, 1 broken." in checked[1]
    assert f"{file} cannot be read; `trading-mcp data check` says why." in listed[1]
    assert (loaded[0], loaded[2].count("\n")) == (2, 1)
    assert "if it is damaged, delete it" in loaded[2]


CSV = "Timestamp,Open,High,Low,Close,Vol\n"
IMPORT = ("--exchange", "kucoin", "--pair", "TON-USDT", "--interval", "1m")


def csv(folder: Path, *minutes: int, close: float = 2.0) -> Path:
    path = folder / "candles.csv"
    rows = (f"{JANUARY + n * MINUTE_MS},2,3,1,{close},7\n" for n in minutes)
    path.write_text(CSV + "".join(rows))
    return path


def test_a_file_is_imported_in_whatever_order_it_is(data, tmp_path: Path) -> None:
    code, out, _ = data("data", "import", csv(tmp_path, 5, 2, 0, 1), *IMPORT)

    assert code == 0
    assert "4 candles from 2026-01-01 00:00:00Z to 2026-01-01 00:05:00Z, of which 4 new" in out
    assert "2026-01-01 00:03:00Z  2 candles, not known" in out
    times = stored(tmp_path, "kucoin", "TON-USDT", "1m").time.tolist()
    assert times == [JANUARY + n * MINUTE_MS for n in (0, 1, 2, 5)]


def test_a_file_with_bad_rows_is_refused_as_a_whole(data, tmp_path: Path) -> None:
    path = tmp_path / "candles.csv"
    rows = [
        "0,2,3,1,2,7",
        "60000,2,1,3,2,7",
        "60001,2,3,1,2,7",
        "120000,nan,3,1,2,7",
        "0,2,3,1,2,7",
    ]
    path.write_text(CSV + "".join(f"{row}\n" for row in rows))

    code, out, err = data("data", "import", path, *IMPORT, "--times", "ms")

    assert (code, out) == (2, "")
    assert err == (
        f"trading-mcp: {path}: 4 bad rows, nothing was imported: line 3 has a high below its low; "
        "line 4 opens at a time at which no candle of this interval opens; line 5 has a number "
        "that is not finite, or larger than 1e18, as its open; line 6 has the time of one before "
        "it\n"
    )
    assert not list(tmp_path.rglob("*.parquet"))


def test_candles_that_have_not_closed_are_refused(data, tmp_path: Path) -> None:
    path = tmp_path / "candles.csv"
    path.write_text(f"{CSV}{SystemClock().wall() // MINUTE_MS * MINUTE_MS},2,3,1,2,7\n")

    assert "line 2 has not closed yet" in data("data", "import", path, *IMPORT)[2]


def test_stored_candles_are_replaced_only_on_purpose(data, tmp_path: Path) -> None:
    data("data", "import", csv(tmp_path, 0, 1, 2), *IMPORT)
    changed = csv(tmp_path, 1, 2, 3, close=2.5)

    refused = data("data", "import", changed, *IMPORT)
    same = data("data", "import", csv(tmp_path, 0, 1, 2), *IMPORT)
    replaced = data("data", "import", csv(tmp_path, 1, 2, 3, close=2.5), *IMPORT, "--replace")

    assert refused[0] == 2
    assert "2 stored candles of kucoin TON-USDT 1m differ" in refused[2]
    assert "the first at 2026-01-01T00:01:00Z; nothing was imported. --replace" in refused[2]
    assert "0 new, 0 replaced, 3 stored before" in same[1]
    assert "1 new, 2 replaced, 0 stored before" in replaced[1]
    closes = stored(tmp_path, "kucoin", "TON-USDT", "1m").close.tolist()
    assert closes == [2.0, 2.5, 2.5, 2.5]


def test_gaps_become_flat_candles_only_on_purpose(data, tmp_path: Path) -> None:
    data("data", "import", csv(tmp_path, 2, close=1.5), *IMPORT)

    told = data("data", "import", csv(tmp_path, 0, 4), *IMPORT, "--fill-gaps", "flat", "--json")

    answer = json.loads(told[1])
    assert (answer["candles"], answer["filled"], answer["gaps"]) == (2, 2, [])
    candles = stored(tmp_path, "kucoin", "TON-USDT", "1m")
    assert candles.close.tolist() == [2.0, 2.0, 1.5, 2.0, 2.0]
    assert candles.volume.tolist() == [7.0, 0.0, 7.0, 0.0, 7.0]


def test_a_column_flag_without_a_header_is_refused(data, tmp_path: Path) -> None:
    path = csv(tmp_path, 0)

    assert "expected FIELD=HEADER" in data("data", "import", path, *IMPORT, "--column", "x")[2]
    assert "expected one of time" in data("data", "import", path, *IMPORT, "--column", "x=y")[2]


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_download_keeps_what_it_fetched(tmp_path: Path, number, code) -> None:
    words = [*DOWNLOAD, "--since", "2020-01-01", "--until", "2026-01-01", "--data-dir", "data"]
    process = begin(tmp_path, *words)
    assert process.stderr is not None
    process.stderr.readline()  # the first page is there, and not on disk yet

    process.send_signal(number)
    _, err = process.communicate(timeout=PATIENCE_S)

    kept = stored(tmp_path, "sim", "BTC-USDT", "1m")
    assert process.returncode == code
    assert err.splitlines()[-1] == (
        f"Interrupted; {len(kept):,} candles kept. The same command goes on from there."
    )
    assert "Traceback" not in err
    start = int(kept.time[0])
    assert len(kept) >= 999
    assert kept.time.tolist() == list(range(start, start + len(kept) * MINUTE_MS, MINUTE_MS))


@pytest.mark.slow
def test_a_server_that_runs_on_the_same_store_does_no_harm(tmp_path: Path) -> None:
    clock = SystemClock().wall() // MINUTE_MS * MINUTE_MS
    since = time.strftime("%Y-%m-%dT%H:%MZ", time.gmtime(clock / 1000 - 3 * 86400))
    ready = tmp_path / "ready"
    server = begin(
        tmp_path, "serve", "--data-dir", "data", "--ready-file", ready,
        *("--port", "0", "--rest-port", "0", "--mcp-port", "0", "--set", "strategies.enabled=[]"),
    )  # fmt: skip
    try:
        deadline = time.monotonic() + PATIENCE_S
        while not ready.exists():
            assert time.monotonic() < deadline
            time.sleep(0.05)
        done = begin(tmp_path, *DOWNLOAD, "--since", since, "--data-dir", "data")
        _, err = done.communicate(timeout=PATIENCE_S)
    finally:
        server.terminate()
        server.communicate(timeout=PATIENCE_S)

    assert done.returncode == 0, err
    assert stored(tmp_path, "sim", "BTC-USDT", "1m").time.tolist()[:4320] == list(
        range(clock - 3 * DAY_MS, clock, MINUTE_MS)
    )


@pytest.mark.slow
def test_a_million_candles_are_imported_without_taking_the_memory(tmp_path: Path) -> None:
    path, count = tmp_path / "candles.csv", 1_000_000
    times = pl.int_range(FEBRUARY - count * MINUTE_MS, FEBRUARY, MINUTE_MS, eager=True)
    price = pl.lit(100.25)
    frame = pl.select(time=times, open=price, high=price + 1, low=price - 1, close=price, vol=price)
    frame.write_csv(path)
    words = ["data", "import", str(path), *map(str, IMPORT), "--data-dir", "data"]
    began = time.monotonic()

    # Through a small process: what one of this size starts would be counted as large as itself.
    ran = subprocess.run(
        [sys.executable, "-c", MEASURED, sys.executable, "-m", "trading_mcp", *words],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )

    out, kilobytes = ran.stdout, int(ran.stderr.split()[-1])
    assert "1,000,000 new" in out
    assert kilobytes < 700_000
    assert time.monotonic() - began < PATIENCE_S
    assert len(stored(tmp_path, "kucoin", "TON-USDT", "1m")) == count


MEASURED = """
import resource, subprocess, sys
code = subprocess.run(sys.argv[1:]).returncode
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr)
sys.exit(code)
"""


def begin(folder: Path, *words: object) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "trading_mcp", *map(str, words)],
        cwd=folder,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
