"""What the kernel says and plain Python has no words for, as the instructions of a processor."""

from collections.abc import Callable
from typing import Any

from trading_mcp.backtest.kernel import primitives


def written() -> dict[Callable[..., Any], Any]:
    """Return each function of `kernel.primitives` as the compiler is to write it."""
    return {
        primitives.fetch: _fetching(),
        primitives.taken: _taking(),
        primitives.put_back: _putting_back(),
    }


def _fetching() -> Any:
    """Return `kernel.primitives.fetch` as the compiler is to write it: one instruction."""
    from llvmlite import ir  # type: ignore[import-untyped]  # it has no annotations
    from numba import types
    from numba.extending import intrinsic

    byte, whole = ir.IntType(8).as_pointer(), ir.IntType(32)
    kind = ir.FunctionType(ir.VoidType(), [byte, whole, whole, whole])
    to_read, stays, is_data = whole(0), whole(3), whole(1)

    def fetch(_typing: Any, column: Any, row: Any) -> Any:
        def write(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            array = context.make_array(signature.args[0])(context, builder, arguments[0])
            place = builder.bitcast(builder.gep(array.data, [arguments[1]]), byte)
            name = "llvm.prefetch.p0"
            known = builder.module.globals.get(name)
            instruction = known or ir.Function(builder.module, kind, name)
            builder.call(instruction, [place, to_read, stays, is_data])
            return context.get_dummy_value()

        return types.void(column, row), write

    return intrinsic(fetch)


def _taking() -> Any:
    """A copy on the stack whose address goes nowhere: its fields become registers."""
    from numba.extending import intrinsic

    def taken(_typing: Any, record: Any) -> Any:
        def write(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            with builder.goto_entry_block():
                place = builder.alloca(context.get_data_type(record))
            _copy(builder, place, arguments[0], record.size)
            return place

        return record(record), write

    return intrinsic(taken)


def _putting_back() -> Any:
    from numba import types
    from numba.extending import intrinsic

    def put_back(_typing: Any, record: Any, worked_on: Any) -> Any:
        def write(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            _copy(builder, arguments[0], arguments[1], record.size)
            return context.get_dummy_value()

        return types.void(record, worked_on), write

    return intrinsic(put_back)


def _copy(builder: Any, to: Any, given: Any, size: int) -> None:
    from llvmlite import ir

    byte, count, truth = ir.IntType(8).as_pointer(), ir.IntType(64), ir.IntType(1)
    copied = builder.module.declare_intrinsic("llvm.memcpy", [byte, byte, count])
    given, to = builder.bitcast(given, byte), builder.bitcast(to, byte)
    builder.call(copied, [to, given, count(size), truth(0)])
