"""Real exchanges through ccxt: one adapter for all, their differences as data."""
