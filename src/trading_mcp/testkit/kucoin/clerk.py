"""Writing down what the matching accounts have done, and telling of it."""

from collections.abc import Callable, Iterable, Mapping

from msgspec.structs import replace

from trading_mcp.adapters.simulated.ledger import (
    Accepted,
    Ended,
    ForcedOut,
    LedgerEntry,
    Traded,
    VenueOrder,
)
from trading_mcp.testkit.kucoin.happenings import (
    Happening,
    OrderChange,
    OrderChanged,
    PositionChanged,
)
from trading_mcp.testkit.kucoin.register import Register
from trading_mcp.testkit.kucoin.slips import Product, Slip
from trading_mcp.testkit.kucoin.wallets import Wallet


class Clerk:
    """Keeps the register true to the accounts. *on_happening* hears of everything, in order."""

    def __init__(self, register: Register, wallets: Mapping[Product, Wallet]):
        self._register, self._wallets = register, wallets
        self.on_happening: Callable[[Happening], None] = lambda happening: None

    def take_in(self, product: Product, entries: list[LedgerEntry]) -> None:
        """Note what a matching account has done, and tell of it."""
        if not entries:
            return
        wallet = self._wallets[product]
        wallet.note(entries)
        for entry in entries:
            self._note(entry)
        traded = any(isinstance(entry, Traded | ForcedOut) for entry in entries)
        self.tell(wallet.changes("setted" if traded else "hold", _order_in(entries, wallet)))
        if product == "futures":
            self._tell_positions(entries)

    def _note(self, entry: LedgerEntry) -> None:
        match entry:
            case Traded(fill=fill):
                slip = self._register.find(fill.client_id)
                if slip:
                    traded = replace(slip, fills=(*slip.fills, fill), updated_at=fill.at)
                    kept = self._register.keep(traded)
                    self.tell([OrderChanged(slip=kept, change="match", fill=fill)])
            case Ended():
                slip = self._register.find(entry.client_id)
                if slip:
                    self._end(slip, entry)
            case _:
                pass

    def _end(self, slip: Slip, entry: Ended) -> None:
        cancelled = entry.status == "cancelled"
        ended = replace(
            slip, state="done", cancelled=cancelled, reason=entry.reason, updated_at=entry.at
        )
        change: OrderChange = "canceled" if cancelled else "filled"
        self.tell([OrderChanged(slip=self._register.keep(ended), change=change)])

    def _tell_positions(self, entries: list[LedgerEntry]) -> None:
        fills = (e.fill.symbol for e in entries if isinstance(e, Traded))
        forced = (e.report.symbol for e in entries if isinstance(e, ForcedOut))
        self.tell(PositionChanged(symbol=symbol) for symbol in sorted({*fills, *forced}))

    def tell(self, happenings: Iterable[Happening]) -> None:
        """Tell of happenings."""
        for happening in happenings:
            self.on_happening(happening)


def _order_in(entries: list[LedgerEntry], wallet: Wallet) -> VenueOrder | None:
    """Return the order that the first of *entries* is about, if it is about one."""
    match entries[0]:
        case Accepted(order=order):
            return order
        case Traded(fill=fill):
            return wallet.account.state.order(fill.client_id)
        case Ended(client_id=client_id):
            return wallet.account.state.order(client_id)
        case _:
            return None
