"""A kill switch that is a file: it works with the API, the event loop or the database stuck."""

from trading_mcp.adapters.tripwire.file import KILL, FileTripwire
from trading_mcp.adapters.tripwire.listener import hold_signal, start_signal_listener

__all__ = ["KILL", "FileTripwire", "hold_signal", "start_signal_listener"]
