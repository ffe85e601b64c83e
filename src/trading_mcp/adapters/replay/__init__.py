"""Stored candles as an exchange: its prices come from the past, one candle after the other."""
