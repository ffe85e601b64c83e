"""The whole page: one file with its styles, its data and plotly's own script in it."""

import json
from collections.abc import Iterator, Mapping
from html import escape
from importlib.resources import files
from string import Template
from typing import Any

from trading_mcp.backtest.report import doubts, parts
from trading_mcp.backtest.report.drawn import drawn, hides_holding, left_out
from trading_mcp.backtest.report.held import held
from trading_mcp.backtest.report.told import Told, read
from trading_mcp.backtest.report.words import section, settings
from trading_mcp.domain.candles import Candles


def page(result: Any, candles: Mapping[str, Candles] | None = None) -> str:
    """Return the page of *result*: some 5 MB, nearly all of it the script that draws.

    *candles* of pairs are drawn beneath their trades.

    Raises:
        InvalidParameter: *result* is not that of a run.
    """
    told = read(result)
    data = drawn(told, candles or {})
    return _template().substitute(
        title=escape(f"{told.strategy} on {', '.join(told.pairs)}"),
        heading=escape(told.strategy),
        about=escape(_about(told)),
        settings=_settings(told),
        style=_text("page.css"),
        body=_body(told, data),
        data=_inert(data),
        plotly=_plotly(),
        draw=_text("page.js"),
    )


def _body(told: Told, data: Mapping[str, Any]) -> str:
    walked = (told.honesty.get("walk_forward") or {}).get("tested")
    return _out_of_sample(told, walked) + "".join(
        (
            section(
                _of_best("Figures", walked), parts.tiles(told.metrics), _BEST if walked else ""
            ),
            section(_of_best("Findings", walked), parts.findings(told.honesty)),
            section(
                _of_best("Equity and drawdown", walked),
                _equity(told),
                " ".join(_of_equity(told)),
            ),
            *(_chart(told, place, chart, walked) for place, chart in enumerate(data["charts"])),
            section(_of_best("Months", walked), parts.months(told), "Returns in percent."),
            section(_of_best("Parameter map", walked), _map(told, data)),
            section(
                _of_best("Luck", walked), doubts.luck(told.honesty) + doubts.draws(told.honesty)
            ),
            section(_of_best("Why positions were left", walked), parts.reasons(told)),
            section(_of_best("Pairs", walked), parts.pairs(told)),
            section(_of_best("Best and worst trades", walked), parts.notable(told)),
            section("Terms", held(told)),
            section("Notes", "".join(f"<p>{escape(note)}</p>" for note in told.notes)),
        )
    )


def _out_of_sample(told: Told, walked: Mapping[str, Any] | None) -> str:
    """Return what no search had seen, which comes first where there is such a thing."""
    if not walked:
        return ""
    return section("Out of sample", parts.tiles(walked), _WALKED) + section(
        "Out of sample, test by test", doubts.walk(told.honesty)
    )


def _of_best(title: str, walked: Mapping[str, Any] | None) -> str:
    """Return a heading that says so where what is below it is of the best that was searched."""
    return f"{title}, in sample" if walked else title


_BEST = (
    "The best of the search over the whole time, which was chosen by these very figures. All that "
    "follows and says in sample is of it."
)
_WALKED = "All tests of the walk-forward as one run: on candles that no search had seen."
_HIDDEN = (
    "Buying and holding moved so much more that the equity would look flat beside it: a click on "
    "its name shows it."
)
_REALIZED = "This result has no equity curve: the line is drawn through the ends of trades."


def _of_equity(told: Told) -> Iterator[str]:
    if told.is_realized:
        yield _REALIZED
    if hides_holding(told.equity):
        yield _HIDDEN


def _equity(told: Told) -> str:
    return '<div id="equity" class="chart tall"></div>' if told.equity else ""


def _chart(
    told: Told, place: int, chart: Mapping[str, Any], walked: Mapping[str, Any] | None
) -> str:
    pair = chart["pair"]
    said = [] if chart["candles"] else ["No candles were given to draw the trades on."]
    if hidden := left_out(told, pair):
        said.append(f"The {hidden:,} trades with the smallest profits and losses are left out.")
    title = _of_best(f"Trades on {pair}", walked)
    return section(title, f'<div id="chart{place}" class="chart tall"></div>', " ".join(said))


def _map(told: Told, data: Mapping[str, Any]) -> str:
    said = doubts.plateau(told.honesty)
    return said + ('<div id="map" class="chart"></div>' if data["map"] else "")


def _about(told: Told) -> str:
    return f"{', '.join(told.pairs)} · {told.interval} · {_time(told.start)} to {_time(told.end)}"


def _time(text: str) -> str:
    return text[:16].replace("T", " ")


def _settings(told: Told) -> str:
    shown = (settings({name: value}) for name, value in told.settings.items())
    return "".join(f"<li>{escape(text)}</li>" for text in shown)


def _inert(data: Any) -> str:
    """Return *data* as JSON that cannot end the element it stands in."""
    return json.dumps(data, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")


def _plotly() -> str:
    # The file alone: importing plotly's figures takes a second, and none of them is used.
    script = files("plotly").joinpath("package_data", "plotly.min.js").read_text(encoding="utf-8")
    return script.replace("</script", "<\\/script")


def _template() -> Template:
    return Template(_text("page.html"))


def _text(name: str) -> str:
    return files("trading_mcp.backtest.report").joinpath(name).read_text(encoding="utf-8")
