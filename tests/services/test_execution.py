"""What is told of execution is what was measured, and outlives a restart."""

import pytest

from trading_mcp.domain.errors import ExchangeError, OrderFailed, TradingError


async def test_nothing_sent_is_all_zero(desk):
    performance = await desk.ask("get_execution_performance")
    queue = await desk.ask("get_execution_queue")
    assert (performance.total_orders, performance.fill_rate, performance.avg_latency_ms) == (
        0,
        0,
        0,
    )
    assert (queue.pending_orders, queue.processing_orders, queue.queue) == (0, 0, [])


async def test_performance_counts_what_became_of_orders_even_after_a_restart(opened):
    async with opened() as desk:
        await desk.ask("submit_market_order", pair="ETH-USDT", side="buy", amount=0.1)
        await desk.ask("submit_market_order", pair="ETH-USDT", side="sell", amount=0.1)
        price = await desk.price("ETH-USDT")
        limit = {"pair": "ETH-USDT", "side": "buy", "amount": 0.1, "price": price * 0.9}
        placed = await desk.ask("submit_limit_order", **limit)
        await desk.ask("submit_limit_order", **limit)
        await desk.ask("cancel_order", order_id=placed.order.order_id)
        found = await desk.ask("get_execution_performance")
        latency = await desk.ask("get_latency")
        metrics = await desk.ask("get_metrics")
    assert (found.total_orders, found.filled_orders, found.cancelled_orders) == (4, 2, 1)
    assert (found.working_orders, found.order_errors) == (1, 0)
    assert found.fill_rate == pytest.approx(200 / 3)
    assert (found.maker_share_pct, found.taker_share_pct) == (0, 100)
    assert latency.samples == 4
    assert 0 < latency.p50_latency_ms <= latency.p99_latency_ms <= latency.max_latency_ms
    assert found.avg_latency_ms == latency.avg_latency_ms == metrics.avg_latency_ms
    assert found.avg_slippage_pct == metrics.avg_slippage_pct
    async with opened() as desk:
        assert await desk.ask("get_execution_performance") == found
        assert await desk.ask("get_latency", exchange="sim") == latency


async def test_orders_that_the_exchange_refuses_are_errors(opened):
    async with opened("exchanges.sim.faults.reject=1") as desk:
        with pytest.raises(OrderFailed):
            await desk.ask("submit_market_order", pair="ETH-USDT", side="buy", amount=0.1)
        found = await desk.ask("get_execution_performance")
        queue = await desk.ask("get_execution_queue")
    assert (found.order_errors, found.total_orders, found.fill_rate) == (1, 1, 0)
    assert (queue.completed_orders, queue.failed_orders) == (0, 1)


async def test_the_queue_has_every_working_order_what_lowers_risk_first(desk):
    await desk.ask("submit_market_order", pair="ETH-USDT", side="buy", amount=0.1)
    price = await desk.price("ETH-USDT")
    entry = await desk.ask(
        "submit_limit_order", pair="BTC-USDT", side="buy", amount=0.001, price=20_000
    )
    stop = {"pair": "ETH-USDT", "side": "sell", "amount": 0.1, "stop_price": price * 0.8}
    closing = await desk.ask("submit_stop_order", **stop)
    found = await desk.ask("get_execution_queue")
    listed = [(q.order_id, q.priority, q.status) for q in found.queue]
    assert listed == [
        (closing.order.order_id, 1, "pending"),
        (entry.order.order_id, 2, "pending"),
    ]
    assert (found.pending_orders, found.processing_orders, found.completed_orders) == (2, 0, 1)
    assert found.queue[0].created_at == closing.order.timestamp
    assert (await desk.ask("get_execution_queue", limit=1)).queue == found.queue[:1]


async def test_an_order_that_nobody_knows_of_is_being_processed(opened):
    silent = ("exchanges.sim.faults.timeout_before_accept=1", "scalping.order_timeout_ms=100")
    async with opened(*silent) as desk:
        answer = await desk.ask("submit_market_order", pair="ETH-USDT", side="buy", amount=0.1)
        assert answer.outcome == "unknown"
        found = await desk.ask("get_execution_queue")
        performance = await desk.ask("get_execution_performance")
        errors = (await desk.ask("bot_status")).errors
    assert (found.processing_orders, found.queue[0].state) == (1, "unknown")
    assert performance.unknown_orders == 1
    assert "outcome unknown" in errors[0]


async def test_an_exchange_that_is_not_there_is_said(desk):
    for name in ("get_execution_queue", "get_execution_performance", "get_latency"):
        with pytest.raises(TradingError, match="not configured") as refused:
            await desk.ask(name, exchange="kucoin")
        assert not isinstance(refused.value, ExchangeError)
