"""The account at a real exchange: are its keys accepted, and no more than they should be?"""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from trading_mcp.adapters.ccxt.account_keys import keys_of
from trading_mcp.adapters.ccxt.keys import Keys
from trading_mcp.adapters.ccxt.settings import ExchangeSettings
from trading_mcp.app.doctor.findings import Finding, fail, ok, warn
from trading_mcp.app.telling import told_of
from trading_mcp.domain.accounts import Balance
from trading_mcp.domain.quotes import NotOffered
from trading_mcp.domain.reports import KeysRefused
from trading_mcp.ports import Clock

_KEYS = "make a key at the exchange that may trade and nothing else; docs/live-trading.md"


class Account(msgspec.Struct, frozen=True):
    """What was found, and the account's money in its quote currencies; None: not known."""

    findings: Sequence[Finding]
    funds: float | None = None


async def account(
    name: str,
    settings: ExchangeSettings,
    data_dir: Path,
    *,
    environ: Mapping[str, str],
    clock: Clock,
    timeout_s: float,
) -> Account:
    """Open the account as the server would, read what it holds, and close it. Sends no order."""
    where = f"exchanges.{name}"
    try:
        # In a thread: the key file is slow to open, and a person may be asked for its passphrase.
        keys = await asyncio.to_thread(keys_of, name, settings, data_dir, environ)
    except KeysRefused as refused:
        return Account([fail(f"{where}.account", str(refused), do="set the keys again")])
    if keys is None:
        return Account([])  # which the check of the settings has said
    try:
        any_address, balances = await _read(name, settings, keys, clock, timeout_s)
    except (KeysRefused, NotOffered) as refused:
        return Account([fail(f"{where}.account", str(refused), do=_KEYS)])
    except Exception as error:  # whatever the network or ccxt raises, which says no secrets
        do = "try again; nothing is traded before the exchange has answered"
        found = f"the account cannot be opened: {told_of(error)}"
        return Account([fail(f"{where}.account", found, do=do)])
    funds = sum(float(b.total) for b in balances if b.currency in settings.quotes)
    accepted = ok(f"{where}.account", "the keys are accepted, and may trade but move no money out")
    held = [ip_list(where, any_address=any_address), funded(where, settings, funds)]
    return Account([accepted, *held], funds)


async def _read(
    name: str, settings: ExchangeSettings, keys: Keys, clock: Clock, timeout_s: float
) -> tuple[bool, Sequence[Balance]]:
    """Return whether the keys may be used from any address, and what the account holds."""
    strict = msgspec.structs.replace(settings, require_ip_list=True)
    try:
        return False, await _balances(name, strict, keys, clock, timeout_s)
    except KeysRefused:
        if settings.require_ip_list:
            raise
    # Refused for having no list, or for something worse, which is refused again.
    return True, await _balances(name, settings, keys, clock, timeout_s)


async def _balances(
    name: str, settings: ExchangeSettings, keys: Keys, clock: Clock, timeout_s: float
) -> Sequence[Balance]:
    from trading_mcp.adapters.ccxt.live import open_venue

    async with asyncio.timeout(timeout_s):
        venue = await open_venue(name, settings, keys, clock=clock)
    try:
        async with asyncio.timeout(timeout_s):
            return await venue.balances()
    finally:
        await venue.close()


def ip_list(where: str, *, any_address: bool) -> Finding:
    """Say whether a stolen key could be used elsewhere."""
    check = f"{where}.ip_list"
    if any_address:
        do = "name this machine's address at the exchange, in the settings of the API key"
        return warn(check, "the keys may be used from any address", do=do)
    return ok(check, "the keys may be used only from addresses that are named at the exchange")


def funded(where: str, settings: ExchangeSettings, funds: float) -> Finding:
    """Compare what the account holds with what it may be made to hold."""
    check, cap = f"{where}.balance", settings.max_exposure_usd or 0.0
    found = f"{funds:,.2f} {' + '.join(settings.quotes)}"
    if funds <= 0:
        return fail(check, found, expected="money to trade with", do="fund the trading account")
    if cap > funds:
        return warn(
            check,
            found,
            expected=f"as much as {where}.max_exposure_usd allows to be at stake: {cap:,.2f}",
            do="lower it, so that the limit is one",
        )
    return ok(check, f"{found}; up to {cap:,.2f} may be at stake")
