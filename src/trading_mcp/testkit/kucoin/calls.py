"""One request, as the handlers see it, and the table of who handles which."""

import re
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any, Literal

import msgspec

from trading_mcp.domain.numbers import exact
from trading_mcp.testkit.kucoin.parts import Parts
from trading_mcp.testkit.kucoin.settings import Act
from trading_mcp.testkit.kucoin.slips import Product, Refusal

Json = Any
"""Whatever JSON can say."""
Permission = Literal["", "General", "Spot", "Futures"]


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """A request: what its path names, what stands behind the question mark, and its body."""

    product: Product
    named: Mapping[str, str]
    query: Mapping[str, str]
    body: Mapping[str, Json]

    def text(self, key: str, default: str = "") -> str:
        """Return a value as text, from wherever it stands."""
        for source in (self.named, self.query, self.body):
            if source.get(key) is not None:
                return str(source[key])
        return default

    def needed(self, key: str) -> str:
        """Return a value as text; raise Refusal if it is missing."""
        value = self.text(key)
        if not value:
            raise Refusal("400100", f"{key} can not be empty")
        return value

    def integer(self, key: str, default: int) -> int:
        """Return a value as a whole number; raise Refusal if it is none."""
        number = self.number(key)
        return default if number is None else int(number)

    def number(self, key: str) -> Decimal | None:
        """Return a value as a number, None if it is missing; raise Refusal if it is none."""
        value = self.text(key)
        try:
            return exact(value) if value else None
        except ValueError:
            raise Refusal("400100", f"Invalid parameter {key}") from None

    def flag(self, key: str) -> bool:
        """Say whether a value is set."""
        return self.text(key).lower() == "true"


Handler = Callable[[Parts, Call], Json]


class Route(msgspec.Struct, frozen=True):
    """Who handles what. *needs* is the permission of the key; empty: anybody may ask."""

    method: str
    path: str
    handler: Handler
    needs: Permission = ""
    act: Act = "public"


class Routes:
    """The paths of spot and futures, which are partly the same."""

    def __init__(self, spot: Iterable[Route], futures: Iterable[Route]):
        self._tables: dict[Product, list[tuple[re.Pattern[str], Route]]] = {
            "spot": [(_pattern(route.path), route) for route in spot],
            "futures": [(_pattern(route.path), route) for route in futures],
        }

    def find(
        self, product: Product, method: str, path: str
    ) -> tuple[Product, Route, dict[str, str]] | None:
        """Return the handler of a path: *product*'s, or else the only one there is."""
        other: Product = "futures" if product == "spot" else "spot"
        for candidate in (product, other):
            for pattern, route in self._tables[candidate]:
                found = pattern.fullmatch(path)
                if found and route.method == method:
                    return candidate, route, found.groupdict()
        return None


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path))
