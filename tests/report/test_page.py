"""The page of a result: whole, inert, and without anything from elsewhere."""

import json
import re
import shutil
import subprocess

import msgspec
import numpy as np
import pytest

from trading_mcp.backtest.report.drawn import CANDLES, TRADES, drawn
from trading_mcp.backtest.report.page import page
from trading_mcp.backtest.report.told import read
from trading_mcp.cli import main
from trading_mcp.domain.candles import Candles
from trading_mcp.domain.errors import InvalidParameter

START = 1_767_225_600_000  # 2026-01-01
EVIL = "</script><img src=x onerror=alert(1)>"


def trade(pnl=1.0, day=1, **fields):
    return {
        "pair": "BTC-USDT",
        "side": "long",
        "entry_time": f"2026-01-{day:02d}T00:00:00Z",
        "entry_price": 100.0,
        "exit_time": f"2026-01-{day:02d}T06:00:00Z",
        "exit_price": 101.0,
        "reason": "take_profit",
        "pnl": pnl,
    } | fields


def result(**fields):
    """A result as `backtest --json` prints it, with as little as there may be."""
    return {
        "strategy": "rsi_scalping",
        "pairs": ["BTC-USDT"],
        "interval": "1h",
        "from": "2026-01-01T00:00:00Z",
        "to": "2026-01-31T00:00:00Z",
        "params": {"rsi_period": 14, "stop_loss_pct": 0.4},
        "metrics": {"initial_capital": 1000.0, "total_return_pct": 1.5, "sharpe_ratio": None},
        "by_month": [{"month": "2026-01", "return_pct": 1.5}],
        "by_reason": [{"reason": "take_profit", "total_trades": 2, "total_pnl": 15.0}],
        "trades": [trade(5.0, 2), trade(10.0, 4)],
    } | fields


def candles(count):
    price = 100.0 + np.arange(count, dtype=np.float64) % 7
    time = START + 60_000 * np.arange(count, dtype=np.int64)
    return Candles(time, price, price + 1.0, price - 1.0, price, np.ones(count))


def data_in(text):
    return json.loads(re.search(r'id="data">(.*?)</script>', text, re.S)[1])


def without_plotly(text):
    """Return the page but for plotly's own script, which names addresses that it never asks."""
    scripts = re.split(r"<script>", text)
    return scripts[0] + scripts[2]


def test_a_page_asks_nobody_for_anything():
    text = page(result())
    ours = without_plotly(text)
    assert not re.search(r"https?:|//[a-z]+\.|@import|url\(|<link|src=|href=", ours)
    assert "default-src 'none'" in ours
    assert len(text) < 6_000_000


def test_a_page_shows_figures_months_reasons_and_trades():
    ours = without_plotly(page(result()))
    for shown in ("rsi_scalping", "+1.50", "rsi_period 14", "take profit", "2026-01-04 06:00"):
        assert shown in ours


def test_what_has_no_value_is_a_dash():
    assert '<span>Sharpe ratio</span><b class="">\N{EN DASH}</b>' in page(result())


def test_names_from_outside_stay_text():
    findings = [{"code": EVIL, "severity": EVIL, "meaning": EVIL, "advice": EVIL, "unit": EVIL}]
    text = page(
        result(
            strategy=EVIL,
            interval=EVIL,
            pairs=[EVIL],
            params={EVIL: EVIL},
            trades=[trade(pair=EVIL, reason=EVIL)],
            notes=[EVIL],
            by_reason=[{"reason": EVIL}],
            by_month=[{"month": EVIL, "return_pct": 1.0}],
            honesty={"findings": findings},
        )
    )
    assert "<img" not in without_plotly(text)
    assert len(re.findall("<script", text)) == 3
    assert data_in(text)["charts"][0]["pair"] == EVIL


def test_without_a_curve_the_equity_goes_through_the_ends_of_trades():
    text = page(result())
    assert data_in(text)["equity"]["equity"] == [1000.0, 1005.0, 1015.0]
    assert "no equity curve" in text


def test_a_curve_has_its_drawdown_and_what_holding_had_come_to():
    curve = [
        {"timestamp": f"2026-01-0{i}T00:00:00Z", "equity": e, "buy_and_hold": 1000.0 + i}
        for i, e in ((1, 1000.0), (2, 1100.0), (3, 990.0))
    ]
    found = drawn(read(result(equity_curve=curve)), {})["equity"]
    assert found["drawdown"] == [0.0, 0.0, -10.0]
    assert found["held"] == [1001.0, 1002.0, 1003.0]


def test_the_servers_answer_makes_a_page_too():
    answer = {
        "success": True,
        "data": {
            "id": "bt_1",
            "inputs": {
                "symbol": "BTC-USDT",
                "interval": "1h",
                "strategy": "rsi_scalping",
                "start_date": "2026-01-01T00:00:00Z",
                "end_date": "2026-02-01T00:00:00Z",
                "config": {"rsi_period": 9},
            },
            "metrics": {"initial_capital": 500.0},
            "pairs": [{"pair": "BTC-USDT", "total_trades": 1}],
            "months": [{"month": "2026-01", "return_pct": -3.0}],
            "warnings": ["a gap"],
            "trades": [{**trade(), "symbol": "BTC-USDT"}],
            "equity_curve": [],
        },
    }
    told = read(answer)
    assert (told.pairs, told.settings, told.notes) == (("BTC-USDT",), {"rsi_period": 9}, ("a gap",))
    assert "rsi_period 9" in page(answer)


def test_a_page_of_trades_is_not_taken_for_all_of_them():
    assert "Only the first 2 trades" in page(result(next_cursor="more"))


@pytest.mark.parametrize(
    "broken",
    [
        [],
        {},
        {"metrics": 3},
        result(trades=[{"side": "long"}]),
        result(trades=[trade(side="up")]),
        result(trades=[trade(pnl=float("nan"))]),
        result(trades=[trade(entry_time="yesterday")]),
        result(trades=[trade(entry_time="2026-01-01T00:00:00")]),
        result(equity_curve=[{"timestamp": "2026-01-01T00:00:00Z", "equity": None}]),
        result(metrics={"initial_capital": "much"}),
    ],
)
def test_what_is_no_result_is_refused(broken):
    with pytest.raises(InvalidParameter, match="not the JSON of a backtest"):
        page(broken)


def test_many_candles_are_put_together_and_lose_no_extreme():
    many = candles(10_001)
    found = drawn(read(result()), {"BTC-USDT": many})["charts"][0]["candles"]
    assert len(found["at"]) <= CANDLES
    assert (max(found["high"]), min(found["low"])) == (many.high.max(), many.low.min())
    assert (found["open"][0], found["close"][-1]) == (many.open[0], many.close[-1])


def test_of_many_trades_the_largest_are_drawn_and_the_page_says_so():
    trades = [trade(pnl=float(i % 997) - 300.0) for i in range(TRADES + 200)]
    text = page(result(trades=trades))
    assert len(data_in(text)["charts"][0]["trades"]) == TRADES
    assert "The 200 trades with the smallest" in text


def test_the_command_writes_the_page_and_says_how_large_it_is(tmp_path, capsys):
    file = tmp_path / "result.json"
    file.write_bytes(msgspec.json.encode(result()))
    assert main(["report", str(file), "--out", str(tmp_path / "page.html")]) == 0
    assert "MB" in capsys.readouterr().out
    assert (tmp_path / "page.html").read_text().startswith("<!doctype html>")


def test_the_command_draws_on_candles_from_a_file(tmp_path):
    rows = ["timestamp,open,high,low,close,volume"]
    rows += [f"{START + i * 60_000},1,3,0.5,2,1" for i in range(10)]
    (tmp_path / "candles.csv").write_text("\n".join(rows))
    file = tmp_path / "result.json"
    file.write_bytes(msgspec.json.encode(result()))
    assert main(["report", str(file), "--candles", str(tmp_path / "candles.csv")]) == 0
    shown = data_in((tmp_path / "result.html").read_text())["charts"][0]["candles"]
    assert shown["close"] == [2.0] * 10


def test_a_search_is_told_from_a_run(tmp_path, capsys):
    file = tmp_path / "search.json"
    file.write_text('{"strategy": "rsi_scalping", "all_results": []}')
    assert main(["report", str(file)]) == 2
    told = capsys.readouterr().err
    assert "this is the JSON of a search" in told
    assert "optimize --html" in told


def test_what_is_missing_is_named():
    with pytest.raises(InvalidParameter, match="it has no 'metrics'"):
        page({"strategy": "rsi_scalping"})


@pytest.mark.parametrize("content", [None, "no json", "{}"])
def test_the_command_refuses_what_is_no_result(tmp_path, capsys, content):
    file = tmp_path / "result.json"
    if content is not None:
        file.write_text(content)
    assert main(["report", str(file)]) == 2
    assert str(file) in capsys.readouterr().err or content == "{}"
    assert not file.with_suffix(".html").exists()


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("chromium"), reason="needs chromium to draw the page")
def test_a_browser_draws_every_chart_without_an_error(tmp_path):
    surface = {"x": "a", "y": "b", "xs": [1, 2], "ys": [3, 4], "scores": [[1, None], [2, 3]],
               "best": [2, 4]}  # fmt: skip
    around = {"map": surface, "tried": 4, "neighbours": [], "best": {"params": {}, "score": 3}}
    text = page(result(honesty={"plateau": around}), {"BTC-USDT": candles(50)})
    file = tmp_path / "page.html"
    file.write_text(text)
    quiet = "--no-first-run --disable-background-networking --disable-component-update"
    ran = subprocess.run(
        [
            *("chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic"),
            *quiet.split(),
            *("--disable-sync", f"--user-data-dir={tmp_path / 'profile'}"),
            *("--enable-logging=stderr", "--virtual-time-budget=5000", "--dump-dom"),
            file.as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert "CONSOLE" not in ran.stderr
    assert ran.stdout.count("main-svg") >= 3
    assert "and loads nothing" in ran.stdout
