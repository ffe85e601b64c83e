"""The books in the data directory: are they of the accounts that are configured now?"""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from trading_mcp.adapters.sqlite import database
from trading_mcp.adapters.sqlite.database import DatabaseRefused, checking
from trading_mcp.adapters.sqlite.ledger import decoded, decoder
from trading_mcp.app.doctor.findings import Finding, fail, ok, warn
from trading_mcp.app.exchanges import AHEAD_MS
from trading_mcp.config import Config
from trading_mcp.domain.entries import AnyEntry
from trading_mcp.engine import state as engine_state
from trading_mcp.engine.state import State
from trading_mcp.ports import Clock

_ELSEWHERE = (
    "give each its own data directory (storage.data_dir), or configure what it was made for"
)


def books(config: Config, directory: Path, clock: Clock) -> Iterator[Finding]:
    """Read the journal, if there is one, and hold it against the configuration."""
    path = directory / "engine.sqlite"
    if not path.exists():
        return
    try:
        state = read(path)
    except DatabaseRefused:
        return  # the check of the file has said what is the matter
    yield ok("books.held", f"{len(state.positions)} positions, {len(state.orders)} working orders")
    yield from _of_other_accounts(config, state)
    yield from _of_no_exchange(config, state)
    if config.exchanges.real and state.now - clock.wall() > AHEAD_MS:
        found = "trading time has run ahead of the clock, on a simulated exchange"
        yield fail("books.time", found, do=_ELSEWHERE)
    yield from _stopped(state)


def read(path: Path) -> State:
    """Fold the journal at *path*, without writing to it. Raises DatabaseRefused."""
    newest = "SELECT state FROM snapshots ORDER BY seq DESC LIMIT 1"
    with closing(database.reader(path)) as connection, checking(path, "entries"):
        kept = connection.execute(newest).fetchone()
        state = (engine_state.decoded(kept[0]) if kept else None) or State()
        for _, entry in decoded(connection, state.seq, decoder(AnyEntry)):
            state.apply(entry)
    return state


def _of_other_accounts(config: Config, state: State) -> Iterator[Finding]:
    wanted = {name: settings.mode for name, settings in config.exchanges.real.items()}
    sources = {**wanted, **({"sim": "simulated"} if config.exchanges.sim.enabled else {})}
    for name, source in sources.items():
        joined = state.joined.get(name)
        if joined is not None and joined.source != source:
            found = f"the books are of a {joined.source} account, the configuration says {source}"
            yield fail(f"books.{name}", found, do=_ELSEWHERE)


def _of_no_exchange(config: Config, state: State) -> Iterator[Finding]:
    held = {position.exchange for position in state.positions.values()}
    held |= {order.exchange for order in state.orders.values()}
    for name in sorted(held - set(config.exchanges.names)):
        found = f"positions or orders are held on {name}, which is not configured"
        yield fail(f"books.{name}", found, do=f"configure exchanges.{name} again")


def _stopped(state: State) -> Iterator[Finding]:
    if (switch := state.kill_switch) is not None:
        do = "look at positions and orders, then turn it off over REST"
        yield warn("books.kill_switch", f"it is on: {switch.reason}", do=do)
    for asset, why in sorted(state.halted.items()):
        do = "find out why the exchange and the books differ, then end the halt"
        yield warn(f"books.halted.{asset}", why, do=do)
    if unknown := [order.id for order in state.orders.values() if order.status == "unknown"]:
        found = f"nobody knows what became of {', '.join(sorted(unknown))}"
        yield warn("books.unknown_orders", found, do="nothing: the next start asks the exchange")
