"""What is held is valued at the market's last price: a trade of ours is one."""


def test_what_was_just_bought_is_worth_what_was_paid(bench):
    order = bench.submit("buy", "1")
    bench.fill(order, price="110")
    assert bench.core.standings.equity() == 10_000
    assert bench.core.standings.exposure() == 110

    bench.price(100.0)
    assert bench.core.standings.equity() == 9_990


def test_an_old_trade_that_is_told_late_is_no_price(bench):
    order = bench.submit("buy", "1")
    at = bench.now
    bench.price(105.0)
    bench.fill(order, price="100", at=at)
    assert bench.core.standings.equity() == 10_005


def test_what_is_lost_after_a_pause_is_not_forgiven_with_it(limited, perpetual):
    bench = limited(max_consecutive_losses=2, loss_cooldown_minutes=1)
    kept = bench.open(market=perpetual)
    lose(bench, bench.open())
    lose(bench, bench.open())
    assert "max_consecutive_losses" in bench.state.pauses

    bench.now += 61_000
    lose(bench, kept, market=perpetual)

    assert bench.state.consecutive_losses == 1


def lose(bench, entry, **fields):
    leaving = bench.submit("sell", "1", reduces=entry.position_id, **fields)
    bench.fill(leaving, price="99")
