"""Which column of a file is which."""

import re
from collections.abc import Mapping, Sequence

FIELDS = ("time", "open", "high", "low", "close", "volume")
_KNOWN = {
    "time": (
        "timestamp,time,date,datetime,open_time,opentime,opened_at,candle_begin_time,ts,unix,t"
    ),
    "open": "open,open_price,o",
    "high": "high,high_price,h",
    "low": "low,low_price,l",
    "close": "close,close_price,c",
    "volume": "volume,vol,base_volume,volume_base,v",
}


def columns_of(headers: Sequence[str], chosen: Mapping[str, str]) -> dict[str, str]:
    """Return for each field the header of its column; *chosen* ones come first.

    Raises ValueError: a field has no column, or it could be one of several.
    """
    if unknown := set(chosen) - set(FIELDS):
        raise ValueError(
            f"--column: expected one of {', '.join(FIELDS)} before the =, got {min(unknown)[:40]}"
        )
    return {field: _column(field, headers, chosen.get(field)) for field in FIELDS}


def _column(field: str, headers: Sequence[str], chosen: str | None) -> str:
    names = (chosen,) if chosen is not None else _KNOWN[field].split(",")
    found = [header for header in headers if _plain(header) in {_plain(name) for name in names}]
    if len(found) == 1:
        return found[0]
    if found:
        raise ValueError(
            f"the {field} could be {' or '.join(map(repr, found))}: say which, with "
            f'--column "{field}={found[0]}"'
        )
    shown = ", ".join(repr(header[:40]) for header in headers[:20])
    raise ValueError(
        f"no column {'or '.join(names) if chosen else f'for the {field}'} among: {shown}. The "
        f'first line must name the columns; --column "{field}=HEADER" says which one it is'
    )


def _plain(header: str) -> str:
    return re.sub(r"[\s_-]+", "_", header.strip("\ufeff \t\"'").lower())
