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


def test_no_tool_ends_a_halt(stage: Stage) -> None:
    assert "resume_trading" not in stage.server.tools
