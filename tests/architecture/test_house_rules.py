"""Rules that imports cannot show: each reads the source tree and tells what breaks it."""

import ast
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

PURE = ("domain", "rules", "risk", "portfolio", "engine/core", "engine/state")
ABOVE_APP = ("__main__", "cli", "app")
MAY_OFFER_BACKTESTS = ("config", "api", "sdk", "services", "backtest")
KEEPS_BACKTESTS = ("domain/backtests", "ports", "adapters/sqlite/backtests")
"""What a stored run is, and where it is kept: a thing that was made, not a way to run."""

WALL = re.compile(r"time\.time(_ns)?|datetime\.datetime\.(now|utcnow|today)|datetime\.date\.today")
STOPWATCH = re.compile(r"time\.(monotonic|perf_counter|process_time|thread_time)(_ns)?")
CHANCE = re.compile(r"(random|uuid|secrets)(\..*)?")
MODE = re.compile(r"(^|_)(is_live|dry_?run|run_?mode|paper|backtest)")


def only_the_gate_approves_orders(root: Path) -> list[str]:
    return [
        f"{module}:{call.lineno} makes an ApprovedOrder"
        for module, tree in modules(root)
        if module != "risk/gate"
        for names in [known_as(tree)]
        for call in ast.walk(tree)
        if isinstance(call, ast.Call)
        and full_name(call.func, names).split(".")[-1] == "ApprovedOrder"
    ]


def the_venue_is_handed_only_approved_orders(root: Path) -> list[str]:
    taken = [
        [ast.unparse(arg.annotation) if arg.annotation else arg.arg for arg in arguments(method)]
        for module, tree in modules(root)
        if module == "ports/venues"
        for port in tree.body
        if isinstance(port, ast.ClassDef) and port.name == "Venue"
        for method in port.body
        if isinstance(method, ast.FunctionDef | ast.AsyncFunctionDef) and method.name == "submit"
    ]
    return [] if taken == [["ApprovedOrder"]] else [f"ports/venues: Venue.submit takes {taken}"]


def plugins_know_only_the_sdk(root: Path) -> list[str]:
    return [
        f"{path.relative_to(root)} imports {name}"
        for path in sorted(root.glob("plugins/**/*.py"))
        for name in imports(ast.parse(path.read_text()))
        if re.match(r"trading_mcp(?!\.sdk(\.|$))(\.|$)", name)
    ]


def only_the_clocks_read_the_wall(root: Path) -> list[str]:
    return [
        f"{module}:{line} reads {name}"
        for module, tree in modules(root)
        if module != "adapters/clocks"
        for line, name in uses(tree)
        if WALL.fullmatch(name) or (stands_in(module, PURE) and STOPWATCH.fullmatch(name))
    ]


def decisions_leave_nothing_to_chance(root: Path) -> list[str]:
    return [
        f"{module} imports {name}"
        for module, tree in modules(root)
        if stands_in(module, PURE)
        for name in imports(tree)
        if CHANCE.fullmatch(name)
    ]


def nobody_below_app_knows_the_mode(root: Path) -> list[str]:
    """`backtest` names a floor and an operation too, so those at or above that floor may say it."""
    return [
        f"{module} names {name}"
        for module, tree in modules(root)
        if not stands_in(module, ABOVE_APP)
        for name in [*module.split("/"), *identifiers(tree)]
        for found in [MODE.search(snake_case(name))]
        if found
        and not (
            found[2] == "backtest" and stands_in(module, MAY_OFFER_BACKTESTS + KEEPS_BACKTESTS)
        )
    ]


RULES = [
    only_the_gate_approves_orders,
    the_venue_is_handed_only_approved_orders,
    plugins_know_only_the_sdk,
    only_the_clocks_read_the_wall,
    decisions_leave_nothing_to_chance,
    nobody_below_app_knows_the_mode,
]
Rule = Callable[[Path], list[str]]


@pytest.mark.parametrize("rule", RULES)
def test_the_house_keeps_its_rules(rule: Rule) -> None:
    assert rule(ROOT) == []


BREACHES = [
    (only_the_gate_approves_orders, "services/orders", "orders.ApprovedOrder(intent)"),
    (
        only_the_gate_approves_orders,
        "engine/core",
        "from trading_mcp.domain.orders import ApprovedOrder as Order\nOrder(intent)",
    ),
    (
        the_venue_is_handed_only_approved_orders,
        "ports/venues",
        "class Venue:\n    async def submit(self, order: OrderIntent) -> None: ...",
    ),
    (
        the_venue_is_handed_only_approved_orders,
        "ports/venues",
        "class Venue:\n    async def submit(self, order: ApprovedOrder, *, force: bool): ...",
    ),
    (plugins_know_only_the_sdk, "../../plugins/new/new", "from trading_mcp.engine import core"),
    (plugins_know_only_the_sdk, "../../plugins/new/new", "import trading_mcp.sdk_of_another"),
    (only_the_clocks_read_the_wall, "services/new", "import time\nnow = time.time"),
    (only_the_clocks_read_the_wall, "api/new", "from time import time_ns as now\nnow()"),
    (only_the_clocks_read_the_wall, "app", "import datetime as dt\ndt.datetime.now(dt.UTC)"),
    (only_the_clocks_read_the_wall, "sdk/new", "from datetime import date\ndate.today()"),
    (only_the_clocks_read_the_wall, "risk/new", "from time import monotonic\nmonotonic()"),
    (only_the_clocks_read_the_wall, "engine/state", "import time\ntime.perf_counter_ns()"),
    (decisions_leave_nothing_to_chance, "engine/core", "import random"),
    (decisions_leave_nothing_to_chance, "domain/new", "from uuid import uuid4"),
    (decisions_leave_nothing_to_chance, "rules/new", "def pick():\n    import secrets"),
    (nobody_below_app_knows_the_mode, "engine/new", "def place(*, is_live): ..."),
    (nobody_below_app_knows_the_mode, "services/new", "settings.run_mode"),
    (nobody_below_app_knows_the_mode, "adapters/new", "class PaperVenue: ..."),
    (nobody_below_app_knows_the_mode, "risk/new", "in_backtest = True"),
    (nobody_below_app_knows_the_mode, "portfolio/dry_run", ""),
]


@pytest.mark.parametrize(("rule", "module", "code"), BREACHES)
def test_a_broken_rule_is_seen(tmp_path: Path, rule: Rule, module: str, code: str) -> None:
    # Each module is judged by itself: the others, in which nothing is found, need not be there.
    broken = (tmp_path / "src/trading_mcp" / f"{module}.py").resolve()
    broken.parent.mkdir(parents=True, exist_ok=True)
    broken.write_text(code)

    assert any(broken.stem in breach for breach in rule(tmp_path))


def test_every_rule_has_been_seen_broken() -> None:
    assert {rule for rule, _, _ in BREACHES} == set(RULES)


@cache
def modules(root: Path) -> list[tuple[str, ast.Module]]:
    """Return each module of the package by its path without the ending, such as `risk/gate`."""
    package = root / "src/trading_mcp"
    return [
        (path.relative_to(package).with_suffix("").as_posix(), ast.parse(path.read_text()))
        for path in sorted(package.rglob("*.py"))
    ]


def stands_in(module: str, places: tuple[str, ...]) -> bool:
    return any(module == place or module.startswith(f"{place}/") for place in places)


def arguments(method: ast.FunctionDef | ast.AsyncFunctionDef) -> list[ast.arg]:
    """Return what a method takes besides self."""
    args = method.args
    rest = [arg for arg in (args.vararg, args.kwarg) if arg]
    return [*args.posonlyargs, *args.args, *args.kwonlyargs, *rest][1:]


def imports(tree: ast.Module) -> list[str]:
    return list(known_as(tree).values())


def known_as(tree: ast.Module) -> dict[str, str]:
    """Map each name that an import binds to what stands behind it."""
    names: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.asname or alias.name: alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {a.asname or a.name: f"{node.module}.{a.name}" for a in node.names}
    return names


def full_name(node: ast.expr, names: dict[str, str]) -> str:
    if isinstance(node, ast.Attribute):
        return f"{full_name(node.value, names)}.{node.attr}"
    return names.get(node.id, node.id) if isinstance(node, ast.Name) else "?"


def uses(tree: ast.Module) -> Iterator[tuple[int, str]]:
    names = known_as(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Name | ast.Attribute):
            yield node.lineno, full_name(node, names)


def identifiers(tree: ast.Module) -> Iterator[str]:
    """Yield every name in the code: in a syntax tree those are all texts but the constants."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Constant):
            for value in vars(node).values():
                for name in value if isinstance(value, list) else [value]:
                    if isinstance(name, str):
                        yield from name.split(".")


def snake_case(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
