"""What a safety check is to the mutation of guards."""

from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
PACKAGE = "trading_mcp"


class Guard(NamedTuple):
    """A check that must not get lost: where it stands, how it looks, and how it looks removed.

    *tests*, of which at least one must fail without it, are named as pytest names them, from
    `tests/` on.
    """

    name: str
    file: str
    standing: str
    removed: str
    tests: tuple[str, ...]

    @property
    def path(self) -> Path:
        """The file that it stands in, from `src/` on."""
        return Path(PACKAGE) / self.file

    def without(self, source: str) -> str:
        """Return *source* without the check. Raises ValueError unless it is there exactly once."""
        found = source.count(self.standing)
        if found != 1:
            raise ValueError(f"{self.name}: in {self.file} {found} times, expected once")
        return source.replace(self.standing, self.removed)
