"""What is no answer is a failed question: never an empty list, never "nobody traded"."""

import ccxt
import pytest
from canned_exchanges import StillClock, canned_client
from staged import staged

from trading_mcp.adapters.ccxt.budget import Budget
from trading_mcp.adapters.ccxt.past import CcxtPast
from trading_mcp.adapters.ccxt.readings import Nonsense
from trading_mcp.adapters.ccxt.settings import ExchangeSettings
from trading_mcp.testkit.kucoin import Scripted

SPOT, PERPETUAL = "BTC-USDT", "BTC-USDT-PERP"


async def test_what_cannot_be_read_is_a_failed_question() -> None:
    async with staged((SPOT, PERPETUAL), watch=False) as stage:
        data = stage.data
        for kind in ("html_200", "empty_200", "cut"):
            for path, ask in (
                ("/api/v1/market/histories", lambda: data.trades(SPOT, 10)),
                ("/api/v1/market/candles", lambda: data.candles(SPOT, "1m", limit=5)),
                ("/api/v1/kline/query", lambda: data.candles(PERPETUAL, "1m", limit=5)),
                ("/api/v1/trade/history", lambda: data.trades(PERPETUAL, 10)),
            ):
                stage.loopback.script(Scripted(kind=kind, path=path))  # type: ignore[arg-type]
                with pytest.raises((Nonsense, ccxt.ExchangeError, ccxt.NetworkError)):
                    await ask()


@pytest.mark.parametrize("body", ["<html></html>", "", "{}", "[]", '"busy"'])
def test_each_of_kucoins_answers_has_a_code(body: str) -> None:
    client, _ = canned_client("kucoin", {})

    with pytest.raises(Nonsense):
        client.handle_errors(200, "OK", "", "GET", {}, body, client.parse_json(body), {}, None)


@pytest.mark.parametrize("kind", ["binance", "bybit", "okx", "kraken", "gate"])
def test_no_client_takes_a_page_for_an_answer(kind: str) -> None:
    client, _ = canned_client(kind, {})

    with pytest.raises(Nonsense):
        client.handle_errors(200, "OK", "", "GET", {}, "<html>", None, {}, None)


def test_whoever_downloads_the_past_asks_within_the_budget() -> None:
    past = CcxtPast("kucoin", ExchangeSettings(), clock=StillClock())

    assert isinstance(past._client.throttle.__self__, Budget)
