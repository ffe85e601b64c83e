"""Indicators: what columns of prices say, and candles on larger intervals."""
