"""The ledger of everything that was tried, opened for the command line."""

from trading_mcp.adapters.sqlite.trials import FILE, SqliteTrialLedger
from trading_mcp.app.backtesting import compile_folder
from trading_mcp.config import Config


def trial_ledger(config: Config) -> SqliteTrialLedger:
    """Open the ledger: in the data directory, if there is one yet, as compiled code is kept."""
    return SqliteTrialLedger(compile_folder(config).parent / FILE)
