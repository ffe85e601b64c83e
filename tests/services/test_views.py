"""How numbers look from outside."""

from decimal import Decimal

import msgspec
import pytest

from trading_mcp.services.views import number


@pytest.mark.parametrize("value", ["-0.00", "0", "-0E-12"])
def test_nothing_is_told_without_a_sign(value: str) -> None:
    assert msgspec.json.encode(number(Decimal(value))) == b"0.0"
