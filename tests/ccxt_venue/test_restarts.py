"""What is known of an order from before a restart."""

from accounts import KEYS, Joined, order, plenty

from trading_mcp.adapters.ccxt.live import open_venue
from trading_mcp.adapters.ccxt.settings import ExchangeSettings
from trading_mcp.adapters.clocks import SystemClock


async def test_a_stop_that_ended_is_found_by_the_id_that_was_written_down(account: Joined) -> None:
    venue_id = await account.venue.submit(order(account.symbol, "stop"))
    await account.venue.cancel(account.symbol, "ord_001-ab12")

    section = ExchangeSettings(mode="live", base_url=account.kucoin.base_url)
    again = await open_venue("kucoin", section, KEYS, clock=SystemClock(), budget=plenty())
    try:
        again.learn({venue_id: "ord_001-ab12"})
        report = await again.order(account.symbol, "ord_001-ab12")
    finally:
        await again.close()

    # KuCoin shows spot stops by client id only while they wait.
    assert report is not None
    assert (report.client_id, report.status) == ("ord_001-ab12", "cancelled")
