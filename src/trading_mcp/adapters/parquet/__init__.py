"""Parquet: candles on disk."""
