"""The ledger of trials: nothing tried is forgotten, and nothing counts twice."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import msgspec
import pytest

from trading_mcp.adapters.sqlite.trials import SqliteTrialLedger
from trading_mcp.domain.trials import NOTHING_TRIED, Trial, Tried

TRIAL = Trial(
    data="d1", market="sim BTC-USDT", start=0, end=100, strategy="s", digest="a", sharpe=1.0
)
ASKED = {"data": "d1", "market": "sim BTC-USDT", "start": 0, "end": 100}


@pytest.fixture
def ledger(tmp_path):
    ledger = SqliteTrialLedger(tmp_path / "trials.sqlite")
    yield ledger
    ledger.close()


def trial(**fields):
    return msgspec.structs.replace(TRIAL, **fields)


def test_an_attempt_made_twice_counts_once(ledger):
    ledger.note([TRIAL, TRIAL])
    ledger.note([TRIAL])
    assert ledger.tried(**ASKED) == Tried(count=1, scored=1, variance=0.0)


def test_attempts_have_the_variance_of_their_sharpe_ratios(ledger):
    ledger.note([trial(digest=name, sharpe=s) for name, s in (("a", 1.0), ("b", 2.0), ("c", 6.0))])
    assert ledger.tried(**ASKED) == Tried(count=3, scored=3, variance=7.0)


def test_an_attempt_without_a_sharpe_ratio_was_one_all_the_same(ledger):
    ledger.note([TRIAL, trial(digest="b", sharpe=None)])
    assert ledger.tried(**ASKED) == Tried(count=2, scored=1, variance=0.0)


def test_a_part_of_the_same_past_has_been_tried_too(ledger):
    ledger.note([trial(data="other", start=50, end=150)])
    assert ledger.tried(**ASKED).count == 1


@pytest.mark.parametrize(
    "elsewhere", [{"start": 100, "end": 200}, {"market": "sim ETH-USDT"}], ids=["later", "market"]
)
def test_another_past_has_not(ledger, elsewhere):
    ledger.note([trial(data="other", **elsewhere)])
    assert ledger.tried(**ASKED) == NOTHING_TRIED


def test_an_attempt_on_parts_of_the_past_is_one_attempt(ledger):
    ledger.note([TRIAL, trial(data="other", start=0, end=50, sharpe=3.0)])
    assert ledger.tried(**ASKED).count == 1


def test_what_was_noted_is_there_after_a_restart(tmp_path):
    for digest in ("a", "b"):
        ledger = SqliteTrialLedger(tmp_path / "trials.sqlite")
        ledger.note([trial(digest=digest)])
        ledger.note_proven(digest)
        ledger.close()
    ledger = SqliteTrialLedger(tmp_path / "trials.sqlite")
    assert ledger.tried(**ASKED).count == 2
    assert ledger.is_proven("a")
    assert not ledger.is_proven("c")
    ledger.close()


def test_threads_note_at_once_and_lose_nothing(ledger):
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda i: ledger.note([trial(digest=f"{i}")]), range(16)))
    assert ledger.tried(**ASKED).count == 16


WRITER = """
import sys
from pathlib import Path
from trading_mcp.adapters.sqlite.trials import SqliteTrialLedger
from trading_mcp.domain.trials import Trial
ledger = SqliteTrialLedger(Path(sys.argv[1]))
for i in range(10):
    ledger.note([Trial(data="d1", market="sim BTC-USDT", start=0, end=100, strategy="s",
                       digest=f"{sys.argv[2]}{i}", sharpe=float(i))])
"""


def test_programs_note_at_once_and_lose_nothing(tmp_path):
    path = tmp_path / "trials.sqlite"
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(path), name]) for name in ("a", "b")
    ]
    assert [writer.wait(60) for writer in writers] == [0, 0]
    ledger = SqliteTrialLedger(path)
    assert ledger.tried(**ASKED).count == 20
    ledger.close()
