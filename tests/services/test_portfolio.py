"""The account as it is told: its figures add up, and are those of the exchange's own books."""

from decimal import Decimal

import pytest

from trading_mcp.domain.errors import InvalidParameter

EXACT = 1e-6


async def traded(desk) -> None:
    """Win and lose on spot and on a perpetual, and leave something open and something resting."""
    await desk.ask("submit_market_order", pair="ETH-USDT", side="buy", amount=0.1)
    await desk.ask("submit_market_order", pair="ETH-USDT", side="sell", amount=0.1)
    short = {"pair": "BTC-USDT-PERP", "side": "sell", "leverage": 2}
    await desk.ask("submit_market_order", **short, amount=0.004)
    await desk.ask("submit_market_order", **{**short, "side": "buy"}, amount=0.001)
    await desk.ask("submit_market_order", pair="DOGE-USDT", side="buy", amount=500)
    price = await desk.price("SOL-USDT")
    await desk.ask("submit_limit_order", pair="SOL-USDT", side="buy", amount=1, price=price * 0.9)


async def test_balances_and_worth_are_those_of_the_exchanges_own_books(desk):
    await traded(desk)
    venue = desk.session.exchanges["sim"].venue
    theirs = {b.currency: b for b in await venue.balances()}
    holdings = await venue.holdings()
    marks = desk.session.core.standings.marks
    ours = await desk.ask("get_balance")
    portfolio = await desk.ask("get_portfolio")

    told = {b.currency: b.balance for b in ours.balances}
    assert told == {
        c: pytest.approx(float(b.total), abs=EXACT) for c, b in theirs.items() if b.total
    }
    assert ours.balances[0].currency == "USDT"
    assert ours.balances[0].available == pytest.approx(float(theirs["USDT"].free), rel=0.001)
    worth = sum(
        b.total * (marks[f"sim:{c}-USDT"] if c != "USDT" else 1)
        for c, b in theirs.items()
        if b.total
    ) + sum(h.amount * (marks[f"sim:{h.symbol}"] - h.entry_price) for h in holdings)
    assert portfolio.total_value_usd == pytest.approx(float(worth), abs=EXACT)


async def test_a_portfolio_is_the_sum_of_its_parts(desk):
    await traded(desk)
    found = await desk.ask("get_portfolio")
    metrics = await desk.ask("get_metrics")
    positions = (await desk.ask("get_positions")).positions

    parts = (found.available_balance, found.in_orders, found.coins_value, found.futures_pnl)
    assert found.total_value_usd == pytest.approx(sum(parts))
    assert found.total_value_usd == pytest.approx(metrics.equity)
    for asset in found.assets:
        assert asset.balance == pytest.approx(asset.available + asset.in_orders)
    values = sum(asset.value_usd for asset in found.assets)
    assert found.total_value_usd == pytest.approx(values + found.futures_pnl)
    unrealized = sum(p.unrealized_pnl for p in positions)
    assert (
        found.unrealized_pnl == pytest.approx(unrealized) == pytest.approx(metrics.unrealized_pnl)
    )
    perpetuals = sum(p.unrealized_pnl for p in positions if p.symbol.endswith("PERP"))
    assert found.futures_pnl == pytest.approx(perpetuals)
    assert found.in_orders > 0
    assert (found.exchange, found.source) == ("sim", "simulated")


@pytest.mark.parametrize("period", ["daily", "weekly", "monthly", "all"])
async def test_profit_adds_up_and_is_that_of_positions_metrics_and_portfolio(desk, period):
    await traded(desk)
    found = await desk.ask("get_pnl", period=period)
    metrics = await desk.ask("get_metrics")
    limits = await desk.ask("get_risk_limits")
    portfolio = await desk.ask("get_portfolio")
    open_now = (await desk.ask("get_positions")).positions
    closed = (await desk.ask("get_position_history")).positions

    parts = found.realized_pnl + found.open_pnl_change + found.other_change
    assert found.net_pnl == pytest.approx(parts, abs=EXACT)
    assert found.net_pnl == pytest.approx(found.equity - found.starting_equity, abs=EXACT)
    assert found.return_percent == pytest.approx(found.net_pnl / 10_000 * 100)
    assert (found.starting_equity, found.other_change) == (10_000, 0)
    assert found.realized_pnl == pytest.approx(sum(p.realized_pnl for p in closed), abs=EXACT)
    named = {
        "daily": metrics.daily_pnl,
        "weekly": metrics.weekly_pnl,
        "monthly": metrics.monthly_pnl,
    }
    assert found.realized_pnl == pytest.approx(named.get(period, metrics.total_pnl))
    assert limits.daily_pnl == pytest.approx(metrics.daily_pnl)
    gained = sum(p.realized_pnl + p.unrealized_pnl for p in open_now)
    assert found.open_pnl_change == pytest.approx(gained, abs=EXACT)
    assert found.unrealized_pnl == pytest.approx(sum(p.unrealized_pnl for p in open_now))
    assert found.fees == pytest.approx(sum(p.fees for p in [*closed, *open_now]), abs=EXACT)
    assert (found.trades, found.win_rate) == (metrics.total_trades, metrics.win_rate)
    assert found.equity == pytest.approx(portfolio.total_value_usd)
    assert found.start.endswith("T00:00:00Z")


async def test_profit_is_the_same_after_a_restart(opened):
    async with opened() as desk:
        await traded(desk)
        before = await desk.ask("get_pnl")
    async with opened() as desk:
        after = await desk.ask("get_pnl")
        metrics = await desk.ask("get_metrics")
    for figure in ("start", "starting_equity", "realized_pnl", "fees", "funding", "trades"):
        assert getattr(after, figure) == getattr(before, figure)
    assert metrics.daily_pnl == pytest.approx(after.realized_pnl)


async def test_the_daily_net_is_what_the_daily_loss_limit_is_about(desk):
    await traded(desk)
    limits = await desk.ask("get_risk_limits")
    found = await desk.ask("get_pnl")
    assert limits.daily_net_pnl == pytest.approx(found.net_pnl)
    await desk.ask("update_risk_limits", max_daily_loss_usd=0.01)
    desk.session.ledger.write(desk.session.core.on_time(desk.session.clock.now()))
    limits = await desk.ask("get_risk_limits")
    assert "Daily loss limit exceeded" in limits.limit_reason


async def test_one_currency_is_told_though_nothing_of_it_is_held(desk):
    [usdt] = (await desk.ask("get_balance", currency="usdt")).balances
    [sol] = (await desk.ask("get_balance", currency="SOL")).balances
    assert (usdt.balance, usdt.available, usdt.value_usd) == (10_000, 10_000, 10_000)
    assert (sol.currency, sol.balance, sol.value_usd) == ("SOL", 0, 0)
    with pytest.raises(InvalidParameter, match="no market of sim trades 'NOPE'"):
        await desk.ask("get_balance", currency="nope")


async def test_coins_that_are_being_sold_are_in_orders(desk):
    await desk.ask("submit_market_order", pair="SOL-USDT", side="buy", amount=2)
    price = await desk.price("SOL-USDT")
    await desk.ask(
        "submit_limit_order", pair="SOL-USDT", side="sell", amount=1.5, price=price * 1.2
    )
    [sol] = (await desk.ask("get_balance", currency="SOL")).balances
    assert (sol.balance, sol.available, sol.in_orders) == (2, 0.5, 1.5)


async def test_every_fill_is_in_the_trade_history_page_by_page(desk):
    await traded(desk)
    whole = await desk.ask("get_trade_history")
    pages, cursor = [], None
    while True:
        page = await desk.ask("get_trade_history", limit=2, cursor=cursor)
        pages += page.trades
        cursor = page.next_cursor
        if cursor is None:
            break
    assert pages == whole.trades
    assert whole.count == len(whole.trades) >= 5
    times = [trade.timestamp for trade in whole.trades]
    assert times == sorted(times, reverse=True)
    one = await desk.ask("get_trade_history", pair="ETH-USDT")
    assert {trade.symbol for trade in one.trades} == {"ETH-USDT"}
    orders = (await desk.ask("get_order_history")).orders
    for order in orders:
        fills = [t for t in whole.trades if t.order_id == order.order_id]
        assert sum(t.size for t in fills) == pytest.approx(order.filled)
        assert sum(t.fee for t in fills) == pytest.approx(order.fees)
        assert {(t.side, t.type, t.status) for t in fills} <= {
            (order.side, order.type, order.status)
        }
    assert all(trade.latency_ms >= 0 and trade.price > 0 for trade in whole.trades)


async def test_a_cursor_that_no_answer_gave_is_refused(desk):
    with pytest.raises(InvalidParameter, match="next_cursor"):
        await desk.ask("get_trade_history", cursor="guessed")


async def test_what_a_restart_folds_is_what_was_booked(opened):
    async with opened() as desk:
        await traded(desk)
        booked = desk.session.state.booked["sim"]
        fees = [Decimal(str(t.fee)) for t in (await desk.ask("get_trade_history")).trades]
        assert booked.fees == pytest.approx(sum(fees), abs=Decimal("1e-9"))
    async with opened() as desk:
        assert desk.session.state.booked["sim"].fees == booked.fees
