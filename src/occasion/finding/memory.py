"""What compiled loops need of memory beyond plain indices: eight bytes wherever they lie, whole stretches, eight slots
at once, and fetching ahead of time. Nothing here looks whether a place is there: who calls must."""

from __future__ import annotations

from typing import Any

from llvmlite import ir  # type: ignore[import-untyped]
from numba import types
from numba.core.cgutils import raw_memcpy
from numba.extending import intrinsic

BYTE = ir.IntType(8).as_pointer()


def _place(context: Any, builder: Any, signature: Any, args: Any) -> Any:
    array = context.make_array(signature.args[0])(context, builder, args[0])
    return builder.bitcast(builder.gep(array.data, [args[1]]), ir.IntType(64).as_pointer())


@intrinsic  # type: ignore[untyped-decorator]
def load(_: Any, data: Any, at: Any) -> Any:
    """The eight bytes of `data` (uint8) from `at` on, wherever that is."""

    def made(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.load(_place(context, builder, signature, args), align=1)

    return types.uint64(data, types.intp), made


@intrinsic  # type: ignore[untyped-decorator]
def save(_: Any, data: Any, at: Any, word: Any) -> Any:
    """Eight bytes into `data` (uint8) from `at` on."""

    def made(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        builder.store(args[2], _place(context, builder, signature, args), align=1)
        return context.get_dummy_value()

    return types.void(data, types.intp, types.uint64), made


@intrinsic  # type: ignore[untyped-decorator]
def copy(_: Any, out: Any, at: Any, data: Any, begin: Any, size: Any) -> Any:
    """`size` bytes of `data` from `begin` on into `out` (both uint8, not the same) from `at` on."""

    def made(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        to, source = (context.make_array(signature.args[i])(context, builder, args[i]).data for i in (0, 2))
        to, source = builder.gep(to, [args[1]]), builder.gep(source, [args[3]])
        raw_memcpy(builder, to, source, args[4], ir.Constant(args[4].type, 1), align=1)
        return context.get_dummy_value()

    return types.void(out, types.intp, data, types.intp, types.intp), made


@intrinsic  # type: ignore[untyped-decorator]
def fetch(_: Any, table: Any, row: Any) -> Any:
    """Have a row of an array brought near, without waiting for it."""

    def made(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        array = context.make_array(signature.args[0])(context, builder, args[0])
        wide = builder.extract_value(array.strides, 0)
        place = builder.gep(builder.bitcast(array.data, BYTE), [builder.mul(args[1], wide)])
        kinds = [BYTE, ir.IntType(32), ir.IntType(32), ir.IntType(32)]
        asked = builder.module.declare_intrinsic("llvm.prefetch", [BYTE], ir.FunctionType(ir.VoidType(), kinds))
        builder.call(asked, [place, *(ir.Constant(ir.IntType(32), n) for n in (0, 3, 1))])
        return context.get_dummy_value()

    return types.void(table, types.intp), made


@intrinsic  # type: ignore[untyped-decorator]
def match(_: Any, table: Any, at: Any, bits: Any, sign: Any) -> Any:
    """The largest of the lower `bits` of those of eight slots from `at` on whose upper ones are `sign`; 0 if none is.

    `table`: uint32 or uint64, one-dimensional. All eight are looked at at once, without a branch.
    """

    def made(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        slot, lane = ir.IntType(signature.args[0].dtype.bitwidth), ir.IntType(32)
        eight, narrow = ir.VectorType(slot, 8), slot.width < 64

        def spread(word: Any) -> Any:
            first = builder.insert_element(ir.Constant(eight, ir.Undefined), word, lane(0))
            return builder.shuffle_vector(first, first, ir.Constant(ir.VectorType(lane, 8), [0] * 8))

        array = context.make_array(signature.args[0])(context, builder, args[0])
        place = builder.bitcast(builder.gep(array.data, [args[1]]), eight.as_pointer())
        slots = builder.load(place, align=slot.width // 8)
        shift, wanted = (builder.trunc(word, slot) if narrow else word for word in args[2:])
        lower = builder.sub(builder.shl(slot(1), shift), slot(1))
        same = builder.icmp_unsigned("==", builder.lshr(slots, spread(shift)), spread(wanted))
        found = builder.select(same, builder.and_(slots, spread(lower)), ir.Constant(eight, [0] * 8))
        kind = ir.FunctionType(slot, [eight])
        most = builder.module.declare_intrinsic(f"llvm.vector.reduce.umax.v8i{slot.width}", fnty=kind)
        largest = builder.call(most, [found])
        return builder.zext(largest, ir.IntType(64)) if narrow else largest

    return types.uint64(table, types.uint64, types.uint64, types.uint64), made
