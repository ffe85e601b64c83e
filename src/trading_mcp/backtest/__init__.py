"""The history loop: the rules that trade, run over stored candles, and what comes of it."""
