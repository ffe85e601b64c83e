"""The search for parameters: what is tried, in which order, where, and what came of it.

`searches.search` runs it whole. What is tried comes from `spaces` and is chosen by `drawing` (grid,
random) or `guiding` (Optuna); a `batches.Batch` of it is run wherever the executor likes, on a
`bench` that works out the wishes of each combination once.
"""
