"""The configuration: one frozen type, assembled from the sections' own, read from TOML."""

import re
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal, TypeVar
from urllib.parse import urlsplit

import msgspec

from trading_mcp.adapters.ccxt.settings import ExchangeSettings
from trading_mcp.adapters.executors.settings import SearchSettings
from trading_mcp.adapters.messengers.settings import AlertsSettings
from trading_mcp.adapters.simulated.settings import SimulatedSettings
from trading_mcp.api.addresses import is_loopback, network
from trading_mcp.api.mcp import toolsets
from trading_mcp.api.settings import (
    AuthSettings,
    McpSettings,
    RateLimitSettings,
    ServerSettings,
    is_exposed,
)
from trading_mcp.domain.candles import INTERVALS
from trading_mcp.domain.markets import symbol_of
from trading_mcp.engine.settings import ScalpingSettings, StrategiesSettings
from trading_mcp.risk.settings import RiskSettings
from trading_mcp.services.choices import choice

API_KEY = "TRADING_MCP_API_KEY"
"""The environment variable with the key that this program's commands show to a server."""

T = TypeVar("T")
NAME = re.compile(r"[a-z][a-z0-9_]{0,30}")
_BASE_URL = re.compile(r"https?://[^\s/?#@]+/?")
_FROM_ENVIRONMENT = re.compile(r"env:\w+")
_ORIGIN = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^\s/*?#@]+/?")


class StorageSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where everything is kept that must survive: *data_dir*, relative to the working folder."""

    data_dir: str = "data"


class LoggingSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How logs are written, always to standard error."""

    format: Literal["console", "json"] = "console"
    level: Literal["debug", "info", "warning", "error"] = "info"


class ExchangesSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The exchanges, by name. `sim` is built in and needs neither account nor network.

    *real* holds every other section of `[exchanges]`, under its own name.
    """

    sim: SimulatedSettings = msgspec.field(default_factory=SimulatedSettings)
    real: dict[str, ExchangeSettings] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """The exchanges that are joined."""
        return (*(("sim",) if self.sim.enabled else ()), *self.real)


class Config(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything that can be configured."""

    server: ServerSettings = msgspec.field(default_factory=ServerSettings)
    auth: AuthSettings = msgspec.field(default_factory=AuthSettings)
    rate_limits: RateLimitSettings = msgspec.field(default_factory=RateLimitSettings)
    mcp: McpSettings = msgspec.field(default_factory=McpSettings)
    scalping: ScalpingSettings = msgspec.field(default_factory=ScalpingSettings)
    strategies: StrategiesSettings = msgspec.field(default_factory=StrategiesSettings)
    risk: RiskSettings = msgspec.field(default_factory=RiskSettings)
    exchanges: ExchangesSettings = msgspec.field(default_factory=ExchangesSettings)
    alerts: AlertsSettings = msgspec.field(default_factory=AlertsSettings)
    search: SearchSettings = msgspec.field(default_factory=SearchSettings)
    storage: StorageSettings = msgspec.field(default_factory=StorageSettings)
    logging: LoggingSettings = msgspec.field(default_factory=LoggingSettings)


_UNKNOWN = re.compile(r"Object contains unknown field `(?P<name>.*)`", re.DOTALL)


class ConfigError(Exception):
    """The configuration can't be used; the message names the key and what it takes."""


class NotReached(ConfigError):
    """An exchange did not answer: nothing is wrong with the settings, and later it may."""

    exit_code = 75
    """What a process ends with for it: what sysexits.h calls a temporary failure."""


def load(path: Path | None, overrides: Iterable[str] = ()) -> Config:
    """Read *path* (None: only defaults) and apply *overrides* such as `server.port=0`.

    Raises ConfigError.
    """
    tree = _read(path) if path is not None else {}
    for override in overrides:
        _override(tree, override)
    sections = tree.get("exchanges")
    real = {}
    if isinstance(sections, dict):
        real = {name: section for name, section in sections.items() if name != "sim"}
        tree = {**tree, "exchanges": {k: v for k, v in sections.items() if k == "sim"}}
    config = _converted(tree, Config)
    exchanges = ExchangesSettings(
        sim=config.exchanges.sim,
        real={n: _converted(s, ExchangeSettings, f"exchanges.{n}") for n, s in real.items()},
    )
    config = msgspec.structs.replace(config, exchanges=exchanges)
    check(config)
    return config


def _converted(tree: Any, section: type[T], name: str = "") -> T:
    try:
        return msgspec.convert(tree, section)
    except msgspec.ValidationError as error:
        raise ConfigError(_located(str(error), section, name)) from None


def check(config: Config) -> None:
    """Refuse what each section allows by itself but the whole does not. Raises ConfigError."""
    _check_exchanges(config)
    if config.scalping.interval not in INTERVALS:
        raise ConfigError(f"scalping.interval: expected one of {', '.join(INTERVALS)}")
    for pair in config.scalping.pairs:
        try:
            symbol_of(pair)
        except ValueError as error:
            raise ConfigError(f"scalping.pairs: {error}") from None
    try:
        toolsets.check(config.mcp)
    except ValueError as error:
        raise ConfigError(f"mcp.toolsets: {error}") from None
    _check_access(config)


def _check_exchanges(config: Config) -> None:
    exchanges = config.exchanges
    for name, settings in exchanges.real.items():
        if not NAME.fullmatch(name):
            raise ConfigError(
                f"exchanges.{name[:40]}: expected a name of small letters, digits and _"
            )
        _check_exchange(f"exchanges.{name}", settings)
    if config.scalping.exchange not in exchanges.names:
        known = ", ".join(exchanges.names) or "none"
        raise ConfigError(
            f"scalping.exchange: {config.scalping.exchange!r} is not configured; known: {known}"
        )
    _check_money(exchanges)
    if exchanges.real and exchanges.sim.enabled and exchanges.sim.speed != 1:
        raise ConfigError(
            f"exchanges.sim.speed: {exchanges.sim.speed:g}, but {', '.join(exchanges.real)} goes "
            "by real time. Set exchanges.sim.enabled = false, or exchanges.sim.speed = 1"
        )


def _check_money(exchanges: ExchangesSettings) -> None:
    """Refuse real money beside pretended: equity and every limit go by the sum of both."""
    live = [name for name, settings in exchanges.real.items() if settings.mode == "live"]
    pretended = [name for name in exchanges.names if name not in live]
    if live and pretended:
        others = f"exchanges.{pretended[0]}"
        away = (
            "Set [exchanges.sim] enabled = false"
            if pretended[0] == "sim"
            else f"Take [{others}] out, or give it a server and a data directory of its own"
        )
        raise ConfigError(
            f"{others}: its money is pretended, and exchanges.{live[0]} is live. Limits and sizes "
            f"would go by the sum of both. {away}"
        )


def _check_exchange(where: str, settings: ExchangeSettings) -> None:
    host = urlsplit(settings.base_url).hostname or ""
    if settings.base_url and not _BASE_URL.fullmatch(settings.base_url):
        raise ConfigError(f"{where}.base_url: expected such as http://127.0.0.1:8500")
    if settings.base_url and not is_loopback(host) and not settings.allow_foreign_url:
        raise ConfigError(
            f"{where}.base_url: {host} is not this machine, and would be sent signed orders. "
            f"Set {where}.allow_foreign_url = true if that is meant"
        )
    for field in ("api_key", "secret", "passphrase"):
        value = getattr(settings, field)
        if value and not _FROM_ENVIRONMENT.fullmatch(value):
            raise ConfigError(f"{where}.{field}: expected env:NAME; a secret does not belong here")
    if not settings.market_types or not settings.quotes:
        raise ConfigError(f"{where}: market_types and quotes must name one at least")
    if settings.mode == "live" and settings.max_exposure_usd is None:
        raise ConfigError(
            f"{where}.max_exposure_usd: live trading needs a cap on what may be held there, in USD"
        )


def login_required(config: Config) -> bool:
    """Say whether callers must show a token or a key."""
    required = config.auth.required
    return is_exposed(config.server) if required == "auto" else required


def requests_limited(config: Config) -> bool:
    """Say whether requests are counted."""
    enabled = config.rate_limits.enabled
    if enabled == "auto":
        return login_required(config) or is_exposed(config.server)
    return enabled


def _check_access(config: Config) -> None:
    server, secret = config.server, config.auth.token_secret
    is_meant = config.auth.required is True or server.allow_remote
    if not is_loopback(server.host) and not is_meant:
        raise ConfigError(
            f"server.host: {server.host} can be reached from other machines, and without a login "
            "whoever reaches it may trade. Use 127.0.0.1, or set auth.required = true; "
            "`trading-mcp users add` and `keys create` then say who may come in. If something in "
            "front of it lets only you through, set auth.required = false and "
            "server.allow_remote = true."
        )
    if secret and not _FROM_ENVIRONMENT.fullmatch(secret):
        raise ConfigError("auth.token_secret: expected env:NAME; a secret does not belong here")
    for origin in server.allowed_origins:
        if not _ORIGIN.fullmatch(origin):
            raise ConfigError(
                f"server.allowed_origins: {origin[:80]!r}: expected such as https://app.example, "
                "exactly; a page of any site can call itself null"
            )
    for proxy in server.trusted_proxies:
        try:
            if network(proxy).prefixlen == 0:
                raise ValueError(f"{proxy} is everybody, and would let each say who it is")
        except ValueError as error:
            raise ConfigError(f"server.trusted_proxies: {error}") from None


def assignment(text: str) -> tuple[list[str], Any]:
    """Read `section.key=value`; the value is TOML, or else taken as text.

    Raises ConfigError.
    """
    name, equals, value = text.partition("=")
    keys = name.strip().split(".")
    if not equals or not all(keys):
        raise ConfigError(f"--set: expected section.key=value, got {text[:80]!r}")
    try:
        return keys, tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        return keys, value.strip()


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text())
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such file; name one with --config") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: not TOML: {error}") from None


def _override(tree: dict[str, Any], text: str) -> None:
    keys, value = assignment(text)
    section: Any = tree
    for key in keys[:-1]:
        section = section.setdefault(key, {})
        if not isinstance(section, dict):
            raise ConfigError(f"--set: {'.'.join(keys)}: {key} is not a section")
    section[keys[-1]] = value


def _located(message: str, section: type, name: str) -> str:
    """Turn msgspec's "... - at `$.a.b`" into "a.b: ..."; *name* is where *section* stands."""
    text, at, path = message.rpartition(" - at `$")
    if not at:
        text, path = message, ""
    path = path.rstrip("`")
    where = f"{name}{path}".lstrip(".")
    if unknown := _UNKNOWN.fullmatch(text):
        setting = f"{where}.{unknown['name']}".lstrip(".")
        return f"{setting}: there is no such setting; `trading-mcp config check` lists them"
    chosen = choice(text, section, path)
    return f"{where or 'configuration'}: {chosen[0] if chosen else text}"


def flattened(tree: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return nested settings as `section.key` to value."""
    flat: dict[str, Any] = {}
    for key, value in tree.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping) and value:
            flat.update(flattened(value, f"{name}."))
        else:
            flat[name] = value
    return flat
