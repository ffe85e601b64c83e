"""The loop over candles, in plain functions on numbers and records.

It calls the functions of `rules/` that trade live, and a compiler turns all of it into machine code
as it stands (`backtest.compiling`). So nothing here is more than numpy, and all that is called is
imported by its own name.
"""
