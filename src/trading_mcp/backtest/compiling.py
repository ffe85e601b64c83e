"""The loop as machine code: the plain functions of `rules/` and `kernel/`, compiled as they stand.

Nothing else knows the compiler, and it is imported only here, when a loop is first asked for.
"""

import contextlib
import hashlib
import sys
import tempfile
import types
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from trading_mcp.backtest import instructions
from trading_mcp.backtest.kernel import (
    alone,
    entering,
    layout,
    leaping,
    leaving,
    loop,
    primitives,
    steps,
    together,
    watching,
)
from trading_mcp.backtest.kernel.layout import Bars, Finer, Funding, Memory, Wishes
from trading_mcp.backtest.kernel.leaping import Ahead, Reach, Runs
from trading_mcp.portfolio import ratios
from trading_mcp.rules import costs, exits, grid, limits, margins, periods, sizing

Loop = Callable[[Bars, Wishes, Finer, Funding, Memory], int]
"""Runs over a history and writes into its records; returns the number of moments."""
Many = Callable[[Bars, Wishes, Reach, Ahead, Runs, int], None]
"""Makes many runs over a history, and writes into their records what figures need."""

Made = dict[Any, Any]
"""What has been compiled, by what it was compiled from."""

_LOOP: tuple[types.ModuleType, ...] = (
    grid,
    periods,
    limits,
    costs,
    margins,
    sizing,
    exits,
    watching,
    leaving,
    entering,
    steps,
    primitives,
    alone,
    together,
    loop,
)
PARTS = (*_LOOP, ratios, leaping)
"""What is compiled: each after those that it calls."""


def compiled_loop(cache_folder: Path) -> Loop:
    """Return the loop, ready to run; what was compiled before is taken from *cache_folder*.

    The first time takes some seconds: `is_compiled` tells whether it has been.
    """
    return _loaded(folder_of(cache_folder))


def compiled_many(cache_folder: Path) -> Many:
    """Return what makes many runs, ready to, as `compiled_loop` does.

    In the process that has compiled the loop it takes a third of the loop's time more, and as long
    as the loop in any other, since all that the two have in common is compiled but once in each.
    """
    return _loaded_many(folder_of(cache_folder))


def is_compiled(cache_folder: Path) -> bool:
    """Say whether *cache_folder* has both as their source is now."""
    return len({*folder_of(cache_folder).rglob("*.nbi")}) > 1


@cache
def folder_of(cache_folder: Path) -> Path:
    """Return the folder for the machine code of the source as it is now.

    The compiler's own cache sees a change in the function it was asked for, but none in those that
    it calls: by itself it would run old rules. So their sources are part of the folder's name.
    """
    return cache_folder / digest_of(PARTS)


def digest_of(parts: tuple[types.ModuleType, ...]) -> str:
    """Return what tells the machine code of *parts* from any other."""
    said = hashlib.sha256(f"{sys.version} {version('numba')} {version('llvmlite')}".encode())
    for part in (*parts, layout, instructions):
        said.update(Path(str(part.__file__)).read_bytes())
    return said.hexdigest()[:24]


def compiled(
    parts: tuple[types.ModuleType, ...], entry: str, folder: Path | None, made: Made | None = None
) -> Any:
    """Compile every function of *parts*, but those already *made*; return the last part's *entry*.

    Each sees the compiled ones in place of the plain ones. Only *entry* is kept in *folder*, since
    it holds all that it calls; without a folder it is compiled for this process alone.
    """
    import numba

    made = {} if made is None else made
    if primitives.fetch not in made:
        made.update(instructions.written())
    for part in parts:
        scope = {name: _known(made, value) for name, value in vars(part).items()}
        for name, plain in _functions(part).items():
            if plain not in made and (part is not parts[-1] or name != entry):
                made[plain] = scope[name] = numba.njit(_in_scope(plain, scope), **_INNER)
    with _cache_in(numba.config, folder):
        last = _in_scope(getattr(parts[-1], entry), scope)
        return numba.njit(last, **_ENTRY, cache=folder is not None)


_INNER: dict[str, Any] = {
    "error_model": "numpy",
    "forceinline": True,
    "no_cpython_wrapper": True,
    "no_cfunc_wrapper": True,
}
_ENTRY: dict[str, Any] = {"error_model": "numpy", "nogil": True, "no_cfunc_wrapper": True}


@cache
def _loaded(folder: Path) -> Loop:
    run: Loop = compiled(_LOOP, "run_history", _kept_in(folder), _made_for(folder))
    return run


@cache
def _loaded_many(folder: Path) -> Many:
    run: Many = compiled(PARTS, "run_many", _kept_in(folder), _made_for(folder))
    return run


@cache
def _made_for(_folder: Path) -> Made:
    return {}


def _kept_in(folder: Path) -> Path | None:
    return folder if _is_writable(folder) else None


def _functions(part: types.ModuleType) -> Mapping[str, types.FunctionType]:
    return {
        name: value
        for name, value in vars(part).items()
        if isinstance(value, types.FunctionType) and value.__module__ == part.__name__
    }


def _in_scope(plain: types.FunctionType, scope: dict[str, Any]) -> types.FunctionType:
    rebuilt = types.FunctionType(plain.__code__, scope, plain.__name__, plain.__defaults__)
    rebuilt.__module__ = plain.__module__
    return rebuilt


def _known(made: Mapping[types.FunctionType, Any], value: Any) -> Any:
    return made.get(value, value) if isinstance(value, types.FunctionType) else value


@contextlib.contextmanager
def _cache_in(config: Any, folder: Path | None) -> Iterator[None]:
    # Not by NUMBA_CACHE_DIR: that is read once, and others may have imported the compiler before.
    before = config.CACHE_DIR
    config.CACHE_DIR = str(folder or "")
    try:
        yield
    finally:
        config.CACHE_DIR = before


def _is_writable(folder: Path) -> bool:
    # Where it is not, the compiler would quietly keep its code beside the sources.
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError:
        return False
    return True
