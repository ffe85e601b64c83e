"""What the configuration of a real exchange is refused for, before anything is opened."""

import pytest

from trading_mcp.config import ConfigError, load

NO_SIM = ("exchanges.sim.enabled=false", 'scalping.exchange="kucoin"')
LIVE = ('exchanges.kucoin.mode="live"', "exchanges.kucoin.max_exposure_usd=100")


def refusal(*settings: str) -> str:
    with pytest.raises(ConfigError) as refused:
        load(None, ["exchanges.sim.speed=1", *settings])
    return str(refused.value)


def test_paper_is_the_mode_of_who_names_none():
    config = load(None, ["exchanges.sim.speed=1", "exchanges.kucoin.latency_ms=50"])
    assert config.exchanges.real["kucoin"].mode == "paper"


def test_live_needs_a_cap():
    assert "max_exposure_usd" in refusal('exchanges.kucoin.mode="live"')
    load(None, [*NO_SIM, *LIVE])


@pytest.mark.parametrize("host", ["evil.example", "192.168.1.5", "127.0.0.1.evil.example"])
def test_signed_orders_go_to_no_other_machine_by_mistake(host):
    url = f'exchanges.kucoin.base_url="http://{host}:8500"'
    assert "is not this machine" in refusal(url)
    load(None, ["exchanges.sim.speed=1", url, "exchanges.kucoin.allow_foreign_url=true"])


def test_this_machine_may_be_called_freely():
    load(None, ["exchanges.sim.speed=1", 'exchanges.kucoin.base_url="http://127.0.0.1:8500"'])


@pytest.mark.parametrize("field", ["api_key", "secret", "passphrase"])
def test_a_secret_does_not_stand_in_the_configuration(field):
    said = refusal(f'exchanges.kucoin.{field}="0123456789abcdef"')
    assert "env:NAME" in said
    assert "0123456789abcdef" not in said


def test_a_setting_that_nobody_knows_is_refused_by_its_name():
    assert "max_exposure" in refusal("exchanges.kucoin.max_exposure=100")


def test_real_time_and_a_simulation_that_runs_ahead_do_not_go_together():
    with pytest.raises(ConfigError, match="real time"):
        load(None, ["exchanges.sim.speed=60", "exchanges.kucoin.latency_ms=50"])


def test_real_limits_do_not_go_by_pretended_money():
    beside_sim = refusal(*LIVE)
    beside_paper = refusal(*NO_SIM, *LIVE, 'exchanges.kraken.mode="paper"')

    assert "Set [exchanges.sim] enabled = false" in beside_sim
    assert beside_paper.startswith("exchanges.kraken: its money is pretended")
    assert "Take [exchanges.kraken] out" in beside_paper


@pytest.mark.parametrize("mode", ["live", "paper"])
def test_several_exchanges_of_one_kind_go_together(mode: str) -> None:
    kraken = (f'exchanges.kraken.mode="{mode}"', "exchanges.kraken.max_exposure_usd=100")
    kucoin = (f'exchanges.kucoin.mode="{mode}"', "exchanges.kucoin.max_exposure_usd=100")
    assert load(None, [*NO_SIM, *kraken, *kucoin])
