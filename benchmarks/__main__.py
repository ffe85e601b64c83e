"""Run the benchmarks, or only those named, and print one table.

`python -m benchmarks` runs all, `python -m benchmarks journal` one.
"""

import sys
from collections.abc import Sequence
from importlib import import_module
from pkgutil import iter_modules

import benchmarks
from benchmarks import Row


def main(asked: Sequence[str]) -> int:
    """Run the benchmarks *asked* for, or all."""
    there = [module.name for module in iter_modules(benchmarks.__path__)]
    there = [name for name in there if not name.startswith("_")]
    if unknown := set(asked) - set(there):
        print(f"No benchmark is called {', '.join(sorted(unknown))}. There are: {', '.join(there)}")
        return 2
    print_table([(name, *row) for name in asked or there for row in rows_of(name)])
    return 0


def rows_of(name: str) -> Sequence[Row]:
    """Run one benchmark, if it is one."""
    run = getattr(import_module(f"benchmarks.{name}"), "run", None)
    print(f"{name} ...", file=sys.stderr, flush=True)
    rows: Sequence[Row] = run() if run else ()
    return rows


def print_table(rows: Sequence[tuple[str, str, str]]) -> None:
    """Print what was measured, each column as wide as it has to be."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for name, what, figure in rows:
        print(f"{name:<{widths[0]}}  {what:<{widths[1]}}  {figure}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
