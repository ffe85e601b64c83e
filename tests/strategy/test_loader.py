"""Enabled plugins are found and loaded; a broken one is named, and nothing else suffers."""

import pytest

from trading_mcp.strategy.loader import Installed, discover, installed

IDLE = "register_strategies = offering(Idle)"


def named(name: str) -> str:
    return f"class Named(Idle):\n    name = {name!r}\nregister_strategies = offering(Named)"


def test_an_enabled_plugin_offers_its_strategies(install) -> None:
    install("lazy_bones", IDLE, plugin="lazy", version="2.5")

    found = discover(["lazy"])

    info = found.strategies["idle"]
    assert (info.plugin, info.distribution, info.version) == ("lazy", "lazy_bones", "2.5")
    assert info.cls.name == "idle"
    assert found.broken == {}


def test_what_is_installed_but_not_enabled_is_listed_and_never_run(install) -> None:
    install("dangerous", "raise SystemExit('ran!')", plugin="danger", version="6.6")

    assert discover([]).strategies == {}
    assert discover([]).broken == {}
    assert Installed("danger", "dangerous", "6.6") in installed()


def test_a_plugin_may_offer_several_strategies(install) -> None:
    install("pair", "class B(Idle):\n    name = 'busy'\nregister_strategies = offering(Idle, B)")

    assert set(discover(["pair"]).strategies) == {"idle", "busy"}


def test_what_is_enabled_but_not_installed_is_broken() -> None:
    assert discover(["nowhere"]).broken == {"nowhere": "not installed"}


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("import nothing_of_that_name", "ModuleNotFoundError: No module named"),
        ("raise SystemExit('bye')", "SystemExit: bye"),
        ("def", "SyntaxError"),
        ("", "no register_strategies marked with @hookimpl"),
        ("def register_strategies():\n    return [Idle]", "no register_strategies marked"),
        ("@hookimpl\ndef register_strategies():\n    1 / 0", "ZeroDivisionError"),
        ("@hookimpl\ndef register_strategies():\n    return None", "or it gave None"),
        ("@hookimpl\ndef register_strategies():\n    return Idle", "expected a list of classes"),
        ("@hookimpl\ndef register_strategies(engine):\n    return []", "PluginValidationError"),
        ("@hookimpl\ndef register_indicators():\n    return []", "PluginValidationError"),
        ("register_strategies = offering()", "expected a list of classes"),
        ("register_strategies = offering(3)", "3 is not a subclass of Strategy"),
        ("register_strategies = offering(dict)", "is not a subclass of Strategy"),
        ("register_strategies = offering(Idle(Params()))", "is not a subclass of Strategy"),
        ("register_strategies = offering(Idle, Idle)", "claimed more than once: idle"),
        ("register_strategies = offering(Strategy)", "name is None"),
        (named("Not A Name"), "name is 'Not A Name'; expected lower-case words"),
        (named("manual"), "name is 'manual'"),
        (
            "class Half(Strategy):\n    name = 'half'\nregister_strategies = offering(Half)",
            "Half: warmup is not written; signals is not written",
        ),
    ],
)
def test_a_broken_plugin_is_named_with_the_reason(install, code: str, reason: str) -> None:
    install("broken", code)
    install("healthy", named("healthy"))

    found = discover(["broken", "healthy"])

    assert reason in found.broken["broken"]
    assert found.broken.keys() == {"broken"}
    assert set(found.strategies) == {"healthy"}


@pytest.mark.parametrize(
    ("params", "reason"),
    [
        ("dict", "params_type is <class 'dict'>; expected a subclass of Params"),
        ("Params()", "expected a subclass of Params"),
        (
            "msgspec.defstruct('P', [('x', complex, 1j)], bases=(Params,))",
            "params_type has no JSON schema",
        ),
        (
            "msgspec.defstruct('P', [('x', int, 1)], bases=(Params,), frozen=False)",
            "params_type must stay frozen",
        ),
        (
            "msgspec.defstruct('P', [('x', Period, 1)], bases=(Params,))",
            "the defaults of params_type are not valid: idle: Expected `int` >= 2 - at `$.x`",
        ),
        (
            "msgspec.defstruct('P', [('x', int)], bases=(Params,))",
            "the defaults of params_type are not valid: Missing required argument 'x'",
        ),
        (
            "msgspec.defstruct('P', [('x', float, float('nan'))], bases=(Params,))",
            "the defaults of params_type are not valid: idle: Expected a finite number",
        ),
    ],
)
def test_parameters_that_cannot_be_used_break_the_plugin(install, params: str, reason: str) -> None:
    install("broken", f"import msgspec\nIdle.params_type = {params}\n{IDLE}")

    found = discover(["broken"])

    assert found.broken["broken"].startswith("Idle: ")
    assert reason in found.broken["broken"]


def test_two_plugins_that_claim_one_name_are_both_broken(install) -> None:
    install("first", named("mine"))
    install("second", named("mine"))
    install("third", named("other"))

    found = discover(["first", "second", "third"])

    claimed = "strategy name claimed more than once: mine (by first, second)"
    assert found.broken == {"first": claimed, "second": claimed}
    assert set(found.strategies) == {"other"}


def test_a_name_is_claimed_only_by_what_is_enabled(install) -> None:
    install("first", named("mine"))
    install("second", named("mine"))

    assert discover(["second"]).strategies["mine"].plugin == "second"


def test_an_entry_point_of_two_distributions_is_ambiguous(install) -> None:
    install("mine", IDLE, plugin="idle")
    install("theirs", IDLE, plugin="idle")

    found = discover(["idle"])

    assert found.strategies == {}
    assert found.broken["idle"].startswith("installed more than once: by ")
    assert "mine" in found.broken["idle"]
    assert "theirs" in found.broken["idle"]


def test_proof_is_asked_for_where_it_is_wanted(install) -> None:
    cheat = "class Cheat(Idle):\n    def signals(self, candles):\n        return None\n"
    install("cheat", f"{cheat}register_strategies = offering(Cheat)")
    install("honest", named("honest"))

    assert discover(["cheat", "honest"]).broken == {}
    proven = discover(["cheat", "honest"], prove=True)

    assert "signals returned NoneType; expected Signals" in proven.broken["cheat"]
    assert set(proven.strategies) == {"honest"}
