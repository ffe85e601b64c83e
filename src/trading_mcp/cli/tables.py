"""Tables on the terminal."""

from datetime import UTC, datetime


def print_table(rows: list[tuple[str, ...]]) -> None:
    """Print *rows*, the first of which has the headings."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        print("  ".join(cells).rstrip())


def day_and_time(at: int | None, otherwise: str = "never") -> str:
    """Return UTC milliseconds for people."""
    if at is None:
        return otherwise
    return datetime.fromtimestamp(at / 1000, UTC).strftime("%Y-%m-%d %H:%M:%SZ")
