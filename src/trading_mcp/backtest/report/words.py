"""Numbers and tables as HTML. All that comes from outside is escaped here."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from trading_mcp.domain.times import iso

NONE = "\N{EN DASH}"


def number(value: Any, form: str = ",.2f", unit: str = "") -> str:
    """Return a number for people; a dash for none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return NONE
    return f"{value:{form}}{unit}".replace("-", "\N{MINUS SIGN}")


def measure(value: float, unit: str = "") -> str:
    """Return what was measured as text for people: no powers of ten, and one of a thing as one."""
    size = abs(value)
    if size >= 1000:
        shown = f"{value:,.0f}"
    elif size >= 0.001:
        shown = f"{value:.4g}"
    else:
        shown = "0" if size < 5e-7 else f"{value:.6f}".rstrip("0")
    first, space, rest = unit.partition(" ")
    if value == 1 and first.endswith("s"):
        unit = f"{first[:-1]}{space}{rest}"
    return f"{shown} {unit}".rstrip()


def percent(value: Any, form: str = "+,.2f") -> str:
    """Return a percentage with its sign."""
    return number(value, form, "\N{NARROW NO-BREAK SPACE}%")


def tone(value: Any) -> str:
    """Return the class of a gain or a loss."""
    if not isinstance(value, int | float) or value == 0:
        return ""
    return "up" if value > 0 else "down"


def settings(params: Mapping[str, Any]) -> str:
    """Return parameters for people; not yet escaped."""
    shown = ((name, f"{v:g}" if isinstance(v, float) else v) for name, v in params.items())
    return ", ".join(f"{name} {value}" for name, value in shown)


def minute(at: int) -> str:
    """Return UTC milliseconds for people."""
    return iso(at)[:16].replace("T", " ")


def cell(text: str, classes: str = "", style: str = "") -> str:
    """Return a table cell; *text* is HTML already."""
    named = f' class="{classes}"' if classes else ""
    styled = f' style="{style}"' if style else ""
    return f"<td{named}{styled}>{text}</td>"


def table(headings: Sequence[str], rows: Iterable[Sequence[str]], classes: str = "") -> str:
    """Return a table; a row's cells are HTML of `cell`."""
    head = "".join(f"<th>{escape(heading)}</th>" for heading in headings)
    body = "".join(f"<tr>{''.join(row)}</tr>" for row in rows)
    return (
        f'<div class="scroll"><table class="{classes}"><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def section(title: str, content: str, lead: str = "") -> str:
    """Return a section, or nothing without *content*."""
    said = f'<p class="lead">{escape(lead)}</p>' if lead else ""
    return f"<section><h2>{escape(title)}</h2>{said}{content}</section>" if content else ""
