"""Candles in files that others wrote: CSV and Parquet."""
