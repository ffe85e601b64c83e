"""Numbers of an exchange that no price, amount or share can be."""

import pytest

from trading_mcp.adapters.ccxt import readings
from trading_mcp.adapters.ccxt.readings import Nonsense

NO_NUMBERS = [float("nan"), float("inf"), "NaN", "1_000", "٣", "", None, True, [], "1e400"]


@pytest.mark.parametrize("told", NO_NUMBERS, ids=repr)
@pytest.mark.parametrize("read", [readings.price, readings.total, readings.fraction])
def test_what_is_no_number_is_refused(read, told):
    with pytest.raises(Nonsense):
        read(told)
