"""Getting hold of candles of the past: from an exchange, and from files."""
