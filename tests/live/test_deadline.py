"""The exchange takes back what rests there when it hears nothing of us any more."""

import signal
from pathlib import Path

import pytest
from live_server import rigged, until

pytestmark = pytest.mark.slow


async def test_entries_go_when_the_server_stands_still_and_the_stop_stays(tmp_path: Path) -> None:
    async with rigged(tmp_path, hf=True) as rig:
        server = await rig.serve(exchanges__kucoin__deadline_seconds=8)
        scalp = {"pair": "BTC-USDT", "side": "buy", "amount": 0.002, "stop_loss_pct": 5}
        await server.call("execute_trade", **scalp)
        rests = {"pair": "BTC-USDT", "side": "buy", "amount": 0.002, "price": 48_000}
        await server.call("submit_limit_order", **rests)
        await until(rig.resting)
        (entry,) = rig.resting("open")

        server.process.send_signal(signal.SIGSTOP)
        await until(lambda: not rig.resting("open"), 30)
        stops = rig.resting()
        server.process.send_signal(signal.SIGCONT)
        journal = await rig.agree()

    assert journal.orders[entry["client_oid"]].status == "cancelled"
    assert [float(stop["stop_price"]) for stop in stops] == [pytest.approx(47_500, abs=1)]
    assert len(journal.positions) == 1
