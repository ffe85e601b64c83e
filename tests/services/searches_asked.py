"""A small search, and waiting for its end."""

THREADS = ('search.executor="threads"', 'strategies.enabled=["rsi"]')
TIMES = {"start_date": "2025-10-28", "end_date": "2025-11-01", "interval": "5m"}
ASKED = {
    "symbol": "DOGE-USDT",
    "strategy": "rsi_scalping",
    "parameters": {"rsi_period": [7, 14, 21], "stop_loss_pct": {"min": 0.4, "max": 1, "step": 0.3}},
    **TIMES,
}


async def ended(desk, **asked):
    """Ask again with the same arguments until there is an answer."""
    while (answer := await desk.ask("optimize_parameters", **asked)).status in (
        "queued",
        "running",
    ):
        pass
    return answer
