"""Every socket between the core and the outside: what an adapter must offer."""

from trading_mcp.ports.access import AccessStore, Passwords, Tokens
from trading_mcp.ports.alerts import AlertChannel, AlertStore
from trading_mcp.ports.backtests import BacktestStore, TrialLedger
from trading_mcp.ports.candles import CandleArchive, CandleStore
from trading_mcp.ports.clocks import Clock
from trading_mcp.ports.markets import MarketData, PastCandles, Quotes, Tape
from trading_mcp.ports.records import Checkpoint, History, Journal
from trading_mcp.ports.venues import Tripwire, Venue
from trading_mcp.ports.work import DoneT, Executor, GivenT

__all__ = [
    "AccessStore",
    "AlertChannel",
    "AlertStore",
    "BacktestStore",
    "CandleArchive",
    "CandleStore",
    "Checkpoint",
    "Clock",
    "DoneT",
    "Executor",
    "GivenT",
    "History",
    "Journal",
    "MarketData",
    "Passwords",
    "PastCandles",
    "Quotes",
    "Tape",
    "Tokens",
    "TrialLedger",
    "Tripwire",
    "Venue",
]
