"""What things are: markets, candles, signals, orders, positions, entries, errors."""
