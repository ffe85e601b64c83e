"""What the kernel says and plain Python has no words for, as the instructions of a processor."""

from typing import Any


def prefetching() -> Any:
    """Return `kernel.fetching.fetch` as the compiler is to write it: one instruction."""
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
