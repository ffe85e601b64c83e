"""What can be said of the configuration itself, without asking any exchange."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from trading_mcp.adapters.ccxt.account_keys import variables
from trading_mcp.adapters.ccxt.key_file import FILE, KeyFile
from trading_mcp.adapters.ccxt.settings import ExchangeSettings
from trading_mcp.app.doctor.findings import Finding, fail, ok, warn
from trading_mcp.config import Config
from trading_mcp.domain.markets import symbol_of
from trading_mcp.domain.reports import KeysRefused


def settings_findings(config: Config, environ: Mapping[str, str]) -> Iterator[Finding]:
    """Look at each exchange's section, and at the pairs of the simulated one."""
    if config.scalping.exchange == "sim":
        yield simulated_pairs(config.scalping.pairs)
    for name, settings in config.exchanges.real.items():
        where = f"exchanges.{name}"
        yield kind_is_known(where, name, settings)
        if settings.mode == "paper":
            yield ok(f"{where}.mode", "paper: no private request will be made, no key is needed")
            continue
        yield ok(f"{where}.mode", f"live: real money, up to {settings.max_exposure_usd:,.2f} USD")
        yield keys_are_named(where, name, settings, Path(config.storage.data_dir), environ)
        yield stops_rest(where, settings)


def simulated_pairs(pairs: tuple[str, ...]) -> Finding:
    """Say whether the simulated exchange has all of *pairs*."""
    from trading_mcp.adapters.simulated.build import MARKETS

    known = {market.symbol for market in MARKETS}
    unknown = [pair for pair in pairs if symbol_of(pair) not in known]
    if unknown:
        return fail(
            "scalping.pairs",
            f"the simulated exchange has no {', '.join(unknown)}",
            expected=f"of {', '.join(sorted(known))}",
            do="correct scalping.pairs",
        )
    return ok("scalping.pairs", ", ".join(pairs) or "none")


def kind_is_known(where: str, name: str, settings: ExchangeSettings) -> Finding:
    """Say whether ccxt has the exchange, with a stream."""
    import ccxt.pro

    kind = settings.kind or name
    if kind in ccxt.pro.exchanges:
        return ok(f"{where}.kind", f"{kind}, by ccxt {ccxt.__version__}")
    return fail(
        f"{where}.kind",
        f"ccxt {ccxt.__version__} knows no exchange {kind[:40]!r} with a stream",
        expected="such as kucoin, binance, bybit, okx, kraken",
        do=f"set {where}.kind to the exchange's name as ccxt has it",
    )


def keys_are_named(
    where: str,
    name: str,
    settings: ExchangeSettings,
    data_dir: Path,
    environ: Mapping[str, str],
) -> Finding:
    """Say where the keys will come from, and whether they are there; they are not opened."""
    named = variables(settings)
    missing = sorted(variable for variable in named.values() if not environ.get(variable))
    if missing:
        do = "set it where the server is started"
        return fail(f"{where}.keys", f"not in the environment: {', '.join(missing)}", do=do)
    if named:
        return ok(f"{where}.keys", f"in the environment: {', '.join(named.values())}")
    return _in_file(f"{where}.keys", name, data_dir / FILE)


def stops_rest(where: str, settings: ExchangeSettings) -> Finding:
    """Say whether positions are protected while the server is down."""
    check = f"{where}.protective_stops"
    if settings.protective_stops == "exchange":
        return ok(check, "stops rest at the exchange, where it can hold them")
    do = f'set {check} = "exchange"'
    return warn(check, "stops are watched by this server alone, and not while it is down", do=do)


def _in_file(check: str, name: str, path: Path) -> Finding:
    do = f"`trading-mcp exchange-keys set {name}`, or name variables in exchanges.{name}.api_key"
    try:
        kept = KeyFile(path).set_times()
    except KeysRefused as error:
        return fail(check, str(error), do=do)
    if name not in kept:
        return fail(check, f"none: neither variables are named nor does {path} have any", do=do)
    return ok(check, f"in {path}, encrypted")
