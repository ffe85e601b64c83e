"""The one arithmetic: plain scalar functions that live trading calls and the backtest compiles.

They take and give numbers only (a side is 1 for long, -1 for short; 0 as a price means "none"),
so that a compiler can turn each into machine code as it stands.
"""
