"""A market that was halted for a difference is let go on by a person, over REST alone."""

from contract_server import Stage

from trading_mcp.domain.entries import TradingHalted

RESUME = "/api/v1/risk/halts/resume"
ASSET = "sim:XRP"


def test_a_person_ends_a_halt(stage: Stage) -> None:
    session = stage.server.engine.session
    halted = TradingHalted(at=session.clock.now(), asset=ASSET, reason="a difference")
    stage.server.wait(session.record(halted))

    refused = stage.server.request("POST", RESUME, json={"asset": "sim:BTC"})
    resumed = stage.server.request("POST", RESUME, json={"asset": ASSET})
    again = stage.server.request("POST", RESUME, json={"asset": ASSET})

    assert (refused.status_code, resumed.status_code, again.status_code) == (400, 200, 400)
    assert "halted" in refused.text
    assert ASSET not in session.state.halted


def test_a_halted_market_says_who_ends_it_and_how(stage: Stage) -> None:
    session = stage.server.engine.session
    halted = TradingHalted(at=session.clock.now(), asset=ASSET, reason="a difference")
    stage.server.wait(session.record(halted))
    try:
        order = {"pair": "XRP-USDT", "side": "buy", "amount": 40}
        refused = stage.server.result("submit_market_order", order).structured_content
    finally:
        resumed = stage.server.request("POST", RESUME, json={"asset": "XRP"})

    assert (refused["code"], refused["requires_human"]) == ("MARKET_CLOSED", True)
    assert not refused["retriable"]
    assert f'{RESUME} with {{"asset": "{ASSET}"}}' in refused["hint"]
    assert resumed.status_code == 200


def test_no_tool_ends_a_halt(stage: Stage) -> None:
    assert "resume_trading" not in stage.server.tools
