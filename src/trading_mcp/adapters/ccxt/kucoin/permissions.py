"""What a KuCoin key may do: one that can move money out is not used."""

import structlog

from trading_mcp.adapters.ccxt.evidence import AskFailed
from trading_mcp.adapters.ccxt.kucoin.codes import KEYS_ARE_WRONG
from trading_mcp.adapters.ccxt.kucoin.questions import Questions, Raw
from trading_mcp.adapters.ccxt.settings import ExchangeSettings
from trading_mcp.domain.markets import MarketType
from trading_mcp.domain.reports import KeysRefused

log = structlog.get_logger(__name__)
_NEEDED: dict[MarketType, str] = {"spot": "Spot", "perpetual": "Futures"}
_ALLOWED = frozenset({"General", *_NEEDED.values()})
"""All else is refused, by whatever name: what moves money is called differently page by page."""


_MISTYPED = frozenset({"400003", "400004", "400005"})


async def check_key(ask: Questions, name: str, settings: ExchangeSettings) -> None:
    """Raise KeysRefused if the key of exchange *name* must not, or can't, be used.

    Raises AskFailed when KuCoin gave no answer: without one, nothing is traded.
    """
    try:
        raw = await ask.ask("privateGetUserApiKey")
    except AskFailed as failed:
        if failed.answer is None or failed.answer.code not in KEYS_ARE_WRONG:
            raise
        why = f"{failed.answer.code}: {failed.answer.message}"
        if failed.answer.code in _MISTYPED:
            # Which of the three KuCoin names depends on what it looks at first.
            why = f"the API key, its secret or its passphrase is wrong; {why}"
    else:
        _check_permissions(raw, settings)
        _check_addresses(raw, name, settings)
        _check_account(raw, name)
        return
    raise KeysRefused(f"KuCoin does not accept the key ({why})")


def _check_permissions(raw: Raw, settings: ExchangeSettings) -> None:
    told = raw.get("permission") or ""
    words = told if isinstance(told, list) else str(told).split(",")
    found = {str(word).strip() for word in words} - {""}
    needed = {"General", *(_NEEDED[kind] for kind in settings.market_types)}
    if found <= _ALLOWED and needed <= found:
        return
    raise KeysRefused(
        f"the key has the permissions {_words(found)}; "
        f"expected {_words(needed)} and nothing that moves money. "
        f"{_what_to_do(needed - found, found - _ALLOWED)}"
    )


def _what_to_do(missing: set[str], excess: set[str]) -> str:
    add = f"add {_words(missing)}" if missing else ""
    drop = f"take away {_words(excess)}" if excess else ""
    return f"At KuCoin, {' and '.join(filter(None, (drop, add)))}, or make a key of its own."


def _check_addresses(raw: Raw, name: str, settings: ExchangeSettings) -> None:
    if str(raw.get("ipWhitelist") or "").strip():
        return
    if settings.require_ip_list:
        raise KeysRefused(
            f"the key may be used from any address. At KuCoin, restrict it to "
            f"this machine's, or set exchanges.{name}.require_ip_list = false"
        )
    log.warning("key_without_ip_list", exchange=name, advice="restrict the key to this address")


def _check_account(raw: Raw, name: str) -> None:
    if raw.get("isMaster"):
        log.warning(
            "key_of_master_account",
            exchange=name,
            advice="a sub-account keeps all other money out of reach",
        )


def _words(names: set[str]) -> str:
    shown = "".join(c for c in ", ".join(sorted(names)) if c.isprintable())
    return shown[:200] or "none"
