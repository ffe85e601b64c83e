"""A KuCoin that runs here: real REST, real WebSocket, a simulated market and pretended money."""

from trading_mcp.testkit.kucoin.clients import point_at
from trading_mcp.testkit.kucoin.loopback import Loopback
from trading_mcp.testkit.kucoin.server import loopback_kucoin
from trading_mcp.testkit.kucoin.settings import LoopbackFaults, LoopbackSettings, Scripted
from trading_mcp.testkit.kucoin.slips import ByHand

__all__ = [
    "ByHand",
    "Loopback",
    "LoopbackFaults",
    "LoopbackSettings",
    "Scripted",
    "loopback_kucoin",
    "point_at",
]
