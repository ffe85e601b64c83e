"""`trading-mcp doctor` and `config check` tell people and programs."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from trading_mcp.cli import main

KUCOIN = """
[scalping]
exchange = "kucoin"

[exchanges.sim]
enabled = false

[exchanges.kucoin]
"""
LIVE = 'mode = "live"\nmax_exposure_usd = 100.0\napi_key = "env:K"\nsecret = "env:S"\n'
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> Run:
    """A function that runs a command in a folder with this config.toml."""
    monkeypatch.chdir(tmp_path)
    for variable in ("K", "S"):
        monkeypatch.delenv(variable, raising=False)

    def running(*words: str, config: str = "") -> tuple[int, str, str]:
        (tmp_path / "config.toml").write_text(config)
        code = main([*words])
        return (code, *capsys.readouterr())

    return running


PORTS = [f"--set=server.{key}=0" for key in ("port", "rest_port", "mcp_port")]


def test_doctor_says_that_all_is_well(run: Run) -> None:
    code, told, _ = run("doctor", *PORTS)

    assert code == 0
    assert "  ok  data_dir.lock: no server holds it\n" in told
    assert told.splitlines()[-1].startswith("Ready to start")


def test_doctor_says_what_to_do(run: Run) -> None:
    code, told, _ = run("doctor", "--offline", *PORTS, config=KUCOIN + LIVE)

    assert code == 1
    assert "fail  exchanges.kucoin.keys: not in the environment: K, S\n" in told
    assert "      do: set it where the server is started\n" in told
    assert told.splitlines()[-1].startswith("1 to put right")


def test_doctor_tells_programs(run: Run) -> None:
    code, told, _ = run("doctor", "--json", "--offline", *PORTS, config=KUCOIN + LIVE)

    answer = json.loads(told)
    failed = [found for found in answer["findings"] if found["verdict"] == "fail"]
    assert (code, answer["usable"]) == (1, False)
    assert failed == [
        {
            "check": "exchanges.kucoin.keys",
            "verdict": "fail",
            "found": "not in the environment: K, S",
            "expected": "",
            "do": "set it where the server is started",
        }
    ]


def test_a_configuration_that_is_no_good_is_a_finding(run: Run) -> None:
    code, told, _ = run("doctor", config="[risk]\nmax_leverage = 0\n")

    assert code == 1
    assert told.startswith("fail  configuration: risk.max_leverage: ")


@pytest.mark.parametrize("timeout", ["0", "-1", "nan", "inf", "soon", "601"])
def test_a_timeout_that_is_none_is_refused(run: Run, timeout: str) -> None:
    with pytest.raises(SystemExit) as refused:
        run("doctor", f"--timeout={timeout}")

    assert refused.value.code == 2


def test_config_check_lists_real_exchanges_as_the_file_has_them(run: Run) -> None:
    code, told, _ = run("config", "check", config=KUCOIN)

    settings = dict(line.split(" = ", 1) for line in told.splitlines()[:-1])
    assert code == 0
    assert settings["exchanges.kucoin.mode"] == '"paper"'
    assert settings["exchanges.sim.enabled"] == "false"
    assert not any("exchanges.real" in line for line in told.splitlines())
    assert told.splitlines()[-1] == "The configuration can be used."


def test_what_config_check_lists_can_be_set(run: Run) -> None:
    _, told, _ = run("config", "check", config=KUCOIN)
    listed = [line.replace(" = ", "=", 1) for line in told.splitlines()[:-1]]
    settable = [line for line in listed if not line.endswith("=null")]

    again = run("config", "check", *[f"--set={line}" for line in settable], config=KUCOIN)

    assert again == (0, told, "")


@pytest.mark.parametrize(
    ("config", "told"),
    [
        (KUCOIN + LIVE, "wrong: exchanges.kucoin.keys: not in the environment: K, S."),
        (KUCOIN + 'kind = "cucumber"', "wrong: exchanges.kucoin.kind: ccxt"),
        ('[scalping]\npairs = ["MOON-USDT"]', "wrong: scalping.pairs: the simulated exchange has"),
    ],
)
def test_config_check_says_what_a_start_would_refuse(run: Run, config: str, told: str) -> None:
    code, _, error = run("config", "check", config=config)

    assert code == 2
    assert told in error
    assert error.endswith("The configuration can't be used.\n")


def test_config_check_warns_of_what_is_only_unwise(run: Run, monkeypatch) -> None:
    for variable in ("K", "S"):
        monkeypatch.setenv(variable, "something")

    code, told, error = run(
        "config", "check", config=KUCOIN + LIVE + 'protective_stops = "server"\n'
    )

    assert code == 0
    assert "warning: exchanges.kucoin.protective_stops: stops are watched by this server" in error
    assert told.endswith("The configuration can be used.\n")
