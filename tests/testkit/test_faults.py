"""What goes wrong, and what real ccxt makes of it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, get_args

import ccxt
import msgspec
import pytest

from trading_mcp.testkit.kucoin import LoopbackFaults, LoopbackSettings, Scripted
from trading_mcp.testkit.kucoin.settings import Kind

BTC = "BTC/USDT"
Ask = Callable[[Any], Awaitable[Any]]

# What ccxt 4.5.90 raises; None: it raises nothing, and answers with an order without an id.
BECOMES: dict[str, type[Exception] | None] = {
    "reset": ccxt.ExchangeNotAvailable,
    "hang": ccxt.RequestTimeout,
    "cut": ccxt.ExchangeError,
    "http_500": ccxt.ExchangeNotAvailable,
    "http_502": ccxt.ExchangeNotAvailable,
    "http_503": ccxt.ExchangeNotAvailable,
    "html_200": None,
    "empty_200": None,
    "code_408000": ccxt.BadRequest,
    "http_429": ccxt.RateLimitExceeded,
    "code_429000": ccxt.RateLimitExceeded,
    "unknown_code": ccxt.ExchangeError,
    "duplicate_oid": ccxt.InvalidOrder,
}


async def place_market(client: Any) -> Any:
    return await client.create_order(
        BTC, "market", "buy", 0.01, None, {"clientOid": "place_market"}
    )


async def place_limit(client: Any) -> Any:
    return await client.create_order(
        BTC, "limit", "buy", 0.01, 40_000, {"clientOid": "place_limit"}
    )


async def place_stop(client: Any) -> Any:
    params = {"clientOid": "place_stop", "stopLossPrice": 45_000}
    return await client.create_order(BTC, "market", "sell", 0.01, None, params)


async def place_contract(client: Any) -> Any:
    params = {"clientOid": "place_contract", "leverage": 2}
    return await client.create_order("BTC/USDT:USDT", "limit", "buy", 1, 40_000, params)


async def cancel(client: Any) -> Any:
    return await client.cancel_order(None, BTC, {"clientOid": "resting"})


PLACES = (place_market, place_limit, place_stop, place_contract)


def test_every_kind_is_tried() -> None:
    assert set(BECOMES) == set(get_args(Kind))


async def outcome(asked: Awaitable[Any]) -> type[Exception] | None:
    try:
        answer = await asked
    except (ccxt.BaseError, TypeError) as error:
        return type(error)
    assert answer["id"] is None
    return None


@pytest.mark.parametrize("after_accept", [True, False])
@pytest.mark.parametrize("kind", get_args(Kind))
async def test_an_order_whose_answer_is_lost_is_there_or_not(
    kucoin: Any, connect: Any, kind: Kind, after_accept: bool
) -> None:
    client = connect(kucoin)
    await client.load_markets()
    client.timeout = 100 if kind == "hang" else 10_000
    for ask in PLACES:
        kucoin.script(Scripted(kind=kind, method="POST", after_accept=after_accept))

        assert await outcome(ask(client)) is BECOMES[kind]

    accepted = {ask.__name__: 1 for ask in PLACES} if after_accept else {}
    assert kucoin.ledger()["accepted"] == accepted


@pytest.mark.parametrize("after_accept", [True, False])
@pytest.mark.parametrize("kind", get_args(Kind))
async def test_a_cancel_whose_answer_is_lost_has_worked_or_not(
    kucoin: Any, connect: Any, kind: Kind, after_accept: bool
) -> None:
    client = connect(kucoin)
    await client.create_order(BTC, "limit", "buy", 0.01, 40_000, {"clientOid": "resting"})
    client.timeout = 100 if kind == "hang" else 10_000
    times = 2 if kind == "reset" else 1  # what only reads or deletes is sent again by aiohttp
    kucoin.script(Scripted(kind=kind, method="DELETE", times=times, after_accept=after_accept))

    # Where there is no data at all, ccxt stumbles over it by itself.
    assert await outcome(cancel(client)) is (BECOMES[kind] or TypeError)

    (order,) = kucoin.ledger()["orders"]
    assert order["status"] == ("cancelled" if after_accept else "open")


async def test_a_question_that_is_cut_off_is_asked_again(kucoin: Any, client: Any) -> None:
    await client.load_markets()
    kucoin.script(Scripted(kind="reset", path="/api/v1/accounts"))

    assert (await client.fetch_balance())["USDT"]["free"] == 10_000
    assert kucoin.requests["GET /api/v1/accounts"] == 2


async def test_an_order_that_is_cut_off_is_not_sent_again(kucoin: Any, client: Any) -> None:
    await client.load_markets()
    kucoin.script(Scripted(kind="reset", path="/api/v1/orders", after_accept=False))

    with pytest.raises(ccxt.NetworkError):
        await place_limit(client)

    assert kucoin.requests["POST /api/v1/orders"] == 1


@pytest.mark.parametrize("kind", ["html_200", "empty_200"])
async def test_ccxt_takes_no_answer_for_an_empty_account(
    kucoin: Any, client: Any, kind: Kind
) -> None:
    await client.load_markets()
    kucoin.script(Scripted(kind=kind, path="/api/v1/accounts"))

    assert (await client.fetch_balance())["total"] == {}


async def test_a_script_is_used_up(kucoin: Any, client: Any) -> None:
    await client.load_markets()
    kucoin.script(Scripted(kind="http_500", path="/api/v1/accounts", times=2))

    for _ in range(2):
        with pytest.raises(ccxt.ExchangeNotAvailable):
            await client.fetch_balance()
    await client.fetch_balance()


async def test_an_order_may_appear_long_after_its_lost_answer(kucoin: Any, client: Any) -> None:
    await client.load_markets()
    kucoin.set_faults(LoopbackFaults(accept_delay_ms=(300, 300)))
    kucoin.script(Scripted(kind="http_502", path="/api/v1/orders"))

    with pytest.raises(ccxt.ExchangeNotAvailable):
        await place_limit(client)
    with pytest.raises(ccxt.OrderNotFound):
        await client.fetch_order(None, BTC, {"clientOid": "place_limit"})
    await kucoin.until(lambda: kucoin.ledger()["accepted"])

    assert (await client.fetch_order(None, BTC, {"clientOid": "place_limit"}))["status"] == "open"


async def test_an_order_appears_although_its_sender_has_hung_up(kucoin: Any, connect: Any) -> None:
    client = connect(kucoin)
    await client.load_markets()
    client.timeout = 50
    kucoin.set_faults(LoopbackFaults(accept_delay_ms=(300, 300)))

    with pytest.raises(ccxt.RequestTimeout):
        await place_limit(client)
    assert kucoin.ledger()["orders"] == []
    await kucoin.until(lambda: kucoin.ledger()["accepted"])


async def test_an_order_may_arrive_after_its_own_cancel(kucoin: Any, client: Any) -> None:
    await client.load_markets()
    kucoin.set_faults(LoopbackFaults(accept_delay_ms=(200, 200)))
    placing = asyncio.create_task(place_limit(client))
    await kucoin.until(lambda: kucoin.requests["POST /api/v1/orders"])

    with pytest.raises(ccxt.OrderNotFound):
        await client.cancel_order(None, BTC, {"clientOid": "place_limit"})
    await placing

    assert kucoin.ledger()["orders"][0]["status"] == "open"


async def run_of(opened: Any, connect: Any, seed: int) -> list[str]:
    faults = LoopbackFaults(reset=0.1, http_500=0.2, code_408000=0.2, unknown_code=0.2)
    kucoin = await opened(seed=seed, faults=faults)
    client = connect(kucoin)
    happened = []
    for n in range(30):
        try:
            await client.create_order(BTC, "limit", "buy", 0.001, 40_000, {"clientOid": str(n)})
            happened.append("ok")
        except ccxt.BaseError as error:
            happened.append(type(error).__name__)
    return [*happened, *sorted(kucoin.ledger()["accepted"])]


async def test_the_same_seed_is_the_same_run(opened: Any, connect: Any) -> None:
    first, again, other = [await run_of(opened, connect, seed) for seed in (1, 1, 2)]

    assert first == again != other
    assert {"ok", "ExchangeNotAvailable", "BadRequest", "ExchangeError"} <= set(first)


async def test_faults_keep_to_their_acts(opened: Any, connect: Any) -> None:
    kucoin = await opened(faults=LoopbackFaults(http_500=1, acts=("query",)))
    client = connect(kucoin)
    client.options.update(uta=False, hf=False)
    client.has["fetchCurrencies"] = False

    assert await client.fetch_time()
    with pytest.raises(ccxt.ExchangeNotAvailable):
        await client.private_get_accounts()
    placed = await client.private_post_orders(
        {"clientOid": "x", "side": "buy", "symbol": "BTC-USDT", "type": "limit"}
        | {"size": "0.01", "price": "40000"}
    )
    assert placed["code"] == "200000"


async def test_who_asks_too_much_is_told_when_to_come_back(opened: Any, connect: Any) -> None:
    kucoin = await opened(rate_limit=10)
    client = connect(kucoin)
    client.options["uta"] = False

    answers = [await outcome_of_time(client) for _ in range(7)]

    assert answers == ["10", "10", "10", "10", "10", "RateLimitExceeded", "RateLimitExceeded"]
    headers = {name.lower(): value for name, value in client.last_response_headers.items()}
    assert headers["gw-ratelimit-remaining"] == "0"
    assert 0 < int(headers["gw-ratelimit-reset"]) <= 30_000


async def outcome_of_time(client: Any) -> str:
    try:
        await client.fetch_time()
    except ccxt.RateLimitExceeded as error:
        return type(error).__name__
    headers = {name.lower(): value for name, value in client.last_response_headers.items()}
    return str(headers["gw-ratelimit-limit"])


@pytest.mark.parametrize(
    "faults", [{"reset": 1.5}, {"rest": 0.1}, {"acts": ["swim"]}, {"accept_delay_ms": [-1, 0]}]
)
def test_impossible_faults_are_refused(faults: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"faults": faults}, LoopbackSettings)
