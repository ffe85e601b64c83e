"""Killed at any moment while it trades, the server comes back with the exchange's books."""

import os
import random
import signal

import pytest

pytestmark = pytest.mark.slow

KILLS = 4
"""In one test. More of them are more tests, each with a seed of its own."""
SEEDS = range(1, 1 + int(os.environ.get("TRADING_MCP_KILLS", KILLS)) // KILLS)
MARKETS = ["BTC-USDT", "ETH-USDT", "DOGE-USDT", "BTC-USDT-PERP", "SOL-USDT-PERP"]
TRADING = {
    "exchanges__sim__speed": 600,
    "scalping__pairs": MARKETS,
    "risk__max_open_positions": 30,
    "risk__max_total_exposure_usd": 9000.0,
    "risk__max_position_size_usd": 1000.0,
    "risk__max_consecutive_losses": 1000,
    "scalping__settle_fence_ms": 0,
}
FAULTS = {
    "exchanges__sim__faults__reject": 0.05,
    "exchanges__sim__faults__timeout_before_accept": 0.05,
    "exchanges__sim__faults__timeout_after_accept": 0.05,
    "exchanges__sim__faults__duplicate_fill": 0.3,
    "exchanges__sim__faults__disconnect": 0.01,
}
CALM = {**TRADING, "exchanges__sim__speed": 1e-6}


@pytest.mark.parametrize("seed", SEEDS)
def test_killed_again_and_again_its_books_stay_the_exchanges(
    launch, serve, books, until, seed: int
) -> None:
    chance = random.Random(seed)
    first = serve(**TRADING)
    until(lambda: first.get("/api/v1/scalping/metrics")["total_trades"] > 2)
    first.kill()

    for number in range(KILLS):
        faults = FAULTS if number % 2 else {}
        server = launch(**TRADING, **faults)
        if chance.random() < 0.75:
            server.wait_until_ready()
        server.live_for(chance.uniform(0, 2))
        if chance.random() < 0.2:
            server.process.send_signal(signal.SIGTERM)
            server.live_for(chance.uniform(0, 0.1))
        server.kill()
        found = books()
        assert found.objections() == [], f"after kill {number}"

    calm = serve(**CALM)
    calm.send("POST", "/api/v1/scalping/stop")
    calm.settle()
    calm.stop()

    found = books()
    assert (found.objections(), found.under_way) == ([], [])
    assert found.state.tally().trades > 3
