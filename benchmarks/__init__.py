"""Speed, measured: each module with a `run` returns rows of what was measured and the figure."""

Row = tuple[str, str]
