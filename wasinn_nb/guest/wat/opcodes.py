"""The instructions: their names, and what follows them in the binary.

Section 5.4 of the core specification (version 3, with relaxed SIMD), and the proposals that
toolchains use beyond it: threads, wide arithmetic, and exceptions as they were before version 3.
"""

from __future__ import annotations

import re
from enum import Enum, auto
from typing import NamedTuple


class Immediate(Enum):
    """What follows an opcode."""

    NOTHING = auto()
    BLOCK = auto()
    TRY_TABLE = auto()
    ELSE = auto()
    END = auto()
    CATCH = auto()
    DELEGATE = auto()
    LABEL = auto()
    LABELS = auto()
    FUNCTION = auto()
    TYPE = auto()
    INDIRECT = auto()
    LOCAL = auto()
    GLOBAL = auto()
    TAG = auto()
    TABLE = auto()
    TABLE_PAIR = auto()
    TABLE_ELEMENTS = auto()
    ELEMENTS = auto()
    MEMORY = auto()
    MEMORY_PAIR = auto()
    MEMORY_DATA = auto()
    DATA = auto()
    ADDRESS = auto()
    ADDRESS_LANE = auto()
    LANE = auto()
    LANES = auto()
    SELECT = auto()
    I32 = auto()
    I64 = auto()
    F32 = auto()
    F64 = auto()
    V128 = auto()
    HEAP_TYPE = auto()
    REFERENCE = auto()
    NULLABLE_REFERENCE = auto()
    FIELD = auto()
    TYPE_COUNT = auto()
    TYPE_PAIR = auto()
    TYPE_DATA = auto()
    TYPE_ELEMENTS = auto()
    CAST = auto()
    ZERO = auto()


class Opcode(NamedTuple):
    """One instruction.

    Attributes:
        name: its name in the text format.
        immediate: what follows it.
        alignment: of an access to memory, the one that need not be written; a power of two.
    """

    name: str
    immediate: Immediate
    alignment: int = 0


_I = Immediate

# First opcode, what follows it, names of it and the ones after it.
_CORE = (
    (0x00, _I.NOTHING, "unreachable nop"),
    (0x02, _I.BLOCK, "block loop if"),
    (0x05, _I.ELSE, "else"),
    (0x06, _I.BLOCK, "try"),
    (0x07, _I.CATCH, "catch"),
    (0x08, _I.TAG, "throw"),
    (0x09, _I.LABEL, "rethrow"),
    (0x0A, _I.NOTHING, "throw_ref"),
    (0x0B, _I.END, "end"),
    (0x0C, _I.LABEL, "br br_if"),
    (0x0E, _I.LABELS, "br_table"),
    (0x0F, _I.NOTHING, "return"),
    (0x10, _I.FUNCTION, "call"),
    (0x11, _I.INDIRECT, "call_indirect"),
    (0x12, _I.FUNCTION, "return_call"),
    (0x13, _I.INDIRECT, "return_call_indirect"),
    (0x14, _I.TYPE, "call_ref return_call_ref"),
    (0x18, _I.DELEGATE, "delegate"),
    (0x19, _I.ELSE, "catch_all"),
    (0x1A, _I.NOTHING, "drop select"),
    (0x1C, _I.SELECT, "select"),
    (0x1F, _I.TRY_TABLE, "try_table"),
    (0x20, _I.LOCAL, "local.get local.set local.tee"),
    (0x23, _I.GLOBAL, "global.get global.set"),
    (0x25, _I.TABLE, "table.get table.set"),
    (0x28, _I.ADDRESS, "i32.load i64.load f32.load f64.load"),
    (0x2C, _I.ADDRESS, "i32.load8_s i32.load8_u i32.load16_s i32.load16_u"),
    (0x30, _I.ADDRESS, "i64.load8_s i64.load8_u i64.load16_s i64.load16_u"),
    (0x34, _I.ADDRESS, "i64.load32_s i64.load32_u"),
    (0x36, _I.ADDRESS, "i32.store i64.store f32.store f64.store"),
    (0x3A, _I.ADDRESS, "i32.store8 i32.store16 i64.store8 i64.store16 i64.store32"),
    (0x3F, _I.MEMORY, "memory.size memory.grow"),
    (0x41, _I.I32, "i32.const"),
    (0x42, _I.I64, "i64.const"),
    (0x43, _I.F32, "f32.const"),
    (0x44, _I.F64, "f64.const"),
    (0x45, _I.NOTHING, "i32.eqz i32.eq i32.ne"),
    (0x48, _I.NOTHING, "i32.lt_s i32.lt_u i32.gt_s i32.gt_u i32.le_s i32.le_u i32.ge_s i32.ge_u"),
    (0x50, _I.NOTHING, "i64.eqz i64.eq i64.ne"),
    (0x53, _I.NOTHING, "i64.lt_s i64.lt_u i64.gt_s i64.gt_u i64.le_s i64.le_u i64.ge_s i64.ge_u"),
    (0x5B, _I.NOTHING, "f32.eq f32.ne f32.lt f32.gt f32.le f32.ge"),
    (0x61, _I.NOTHING, "f64.eq f64.ne f64.lt f64.gt f64.le f64.ge"),
    (0x67, _I.NOTHING, "i32.clz i32.ctz i32.popcnt i32.add i32.sub i32.mul"),
    (0x6D, _I.NOTHING, "i32.div_s i32.div_u i32.rem_s i32.rem_u i32.and i32.or i32.xor"),
    (0x74, _I.NOTHING, "i32.shl i32.shr_s i32.shr_u i32.rotl i32.rotr"),
    (0x79, _I.NOTHING, "i64.clz i64.ctz i64.popcnt i64.add i64.sub i64.mul"),
    (0x7F, _I.NOTHING, "i64.div_s i64.div_u i64.rem_s i64.rem_u i64.and i64.or i64.xor"),
    (0x86, _I.NOTHING, "i64.shl i64.shr_s i64.shr_u i64.rotl i64.rotr"),
    (0x8B, _I.NOTHING, "f32.abs f32.neg f32.ceil f32.floor f32.trunc f32.nearest f32.sqrt"),
    (0x92, _I.NOTHING, "f32.add f32.sub f32.mul f32.div f32.min f32.max f32.copysign"),
    (0x99, _I.NOTHING, "f64.abs f64.neg f64.ceil f64.floor f64.trunc f64.nearest f64.sqrt"),
    (0xA0, _I.NOTHING, "f64.add f64.sub f64.mul f64.div f64.min f64.max f64.copysign"),
    (0xA7, _I.NOTHING, "i32.wrap_i64"),
    (0xA8, _I.NOTHING, "i32.trunc_f32_s i32.trunc_f32_u i32.trunc_f64_s i32.trunc_f64_u"),
    (0xAC, _I.NOTHING, "i64.extend_i32_s i64.extend_i32_u"),
    (0xAE, _I.NOTHING, "i64.trunc_f32_s i64.trunc_f32_u i64.trunc_f64_s i64.trunc_f64_u"),
    (0xB2, _I.NOTHING, "f32.convert_i32_s f32.convert_i32_u f32.convert_i64_s f32.convert_i64_u"),
    (0xB6, _I.NOTHING, "f32.demote_f64"),
    (0xB7, _I.NOTHING, "f64.convert_i32_s f64.convert_i32_u f64.convert_i64_s f64.convert_i64_u"),
    (0xBB, _I.NOTHING, "f64.promote_f32 i32.reinterpret_f32 i64.reinterpret_f64"),
    (0xBE, _I.NOTHING, "f32.reinterpret_i32 f64.reinterpret_i64"),
    (0xC0, _I.NOTHING, "i32.extend8_s i32.extend16_s"),
    (0xC2, _I.NOTHING, "i64.extend8_s i64.extend16_s i64.extend32_s"),
    (0xD0, _I.HEAP_TYPE, "ref.null"),
    (0xD1, _I.NOTHING, "ref.is_null"),
    (0xD2, _I.FUNCTION, "ref.func"),
    (0xD3, _I.NOTHING, "ref.eq ref.as_non_null"),
    (0xD5, _I.LABEL, "br_on_null br_on_non_null"),
)
_GC = (
    (0, _I.TYPE, "struct.new struct.new_default"),
    (2, _I.FIELD, "struct.get struct.get_s struct.get_u struct.set"),
    (6, _I.TYPE, "array.new array.new_default"),
    (8, _I.TYPE_COUNT, "array.new_fixed"),
    (9, _I.TYPE_DATA, "array.new_data"),
    (10, _I.TYPE_ELEMENTS, "array.new_elem"),
    (11, _I.TYPE, "array.get array.get_s array.get_u array.set"),
    (15, _I.NOTHING, "array.len"),
    (16, _I.TYPE, "array.fill"),
    (17, _I.TYPE_PAIR, "array.copy"),
    (18, _I.TYPE_DATA, "array.init_data"),
    (19, _I.TYPE_ELEMENTS, "array.init_elem"),
    (20, _I.REFERENCE, "ref.test"),
    (21, _I.NULLABLE_REFERENCE, "ref.test"),
    (22, _I.REFERENCE, "ref.cast"),
    (23, _I.NULLABLE_REFERENCE, "ref.cast"),
    (24, _I.CAST, "br_on_cast br_on_cast_fail"),
    (26, _I.NOTHING, "any.convert_extern extern.convert_any ref.i31 i31.get_s i31.get_u"),
)
_BULK = (
    (0, _I.NOTHING, "i32.trunc_sat_f32_s i32.trunc_sat_f32_u"),
    (2, _I.NOTHING, "i32.trunc_sat_f64_s i32.trunc_sat_f64_u"),
    (4, _I.NOTHING, "i64.trunc_sat_f32_s i64.trunc_sat_f32_u"),
    (6, _I.NOTHING, "i64.trunc_sat_f64_s i64.trunc_sat_f64_u"),
    (8, _I.MEMORY_DATA, "memory.init"),
    (9, _I.DATA, "data.drop"),
    (10, _I.MEMORY_PAIR, "memory.copy"),
    (11, _I.MEMORY, "memory.fill"),
    (12, _I.TABLE_ELEMENTS, "table.init"),
    (13, _I.ELEMENTS, "elem.drop"),
    (14, _I.TABLE_PAIR, "table.copy"),
    (15, _I.TABLE, "table.grow table.size table.fill"),
    (19, _I.NOTHING, "i64.add128 i64.sub128 i64.mul_wide_s i64.mul_wide_u"),
)
_VECTOR = (
    (0, _I.ADDRESS, "v128.load v128.load8x8_s v128.load8x8_u v128.load16x4_s v128.load16x4_u"),
    (5, _I.ADDRESS, "v128.load32x2_s v128.load32x2_u v128.load8_splat v128.load16_splat"),
    (9, _I.ADDRESS, "v128.load32_splat v128.load64_splat v128.store"),
    (12, _I.V128, "v128.const"),
    (13, _I.LANES, "i8x16.shuffle"),
    (14, _I.NOTHING, "i8x16.swizzle i8x16.splat i16x8.splat i32x4.splat i64x2.splat"),
    (19, _I.NOTHING, "f32x4.splat f64x2.splat"),
    (21, _I.LANE, "i8x16.extract_lane_s i8x16.extract_lane_u i8x16.replace_lane"),
    (24, _I.LANE, "i16x8.extract_lane_s i16x8.extract_lane_u i16x8.replace_lane"),
    (27, _I.LANE, "i32x4.extract_lane i32x4.replace_lane i64x2.extract_lane i64x2.replace_lane"),
    (31, _I.LANE, "f32x4.extract_lane f32x4.replace_lane f64x2.extract_lane f64x2.replace_lane"),
    (35, _I.NOTHING, "i8x16.eq i8x16.ne i8x16.lt_s i8x16.lt_u i8x16.gt_s i8x16.gt_u"),
    (41, _I.NOTHING, "i8x16.le_s i8x16.le_u i8x16.ge_s i8x16.ge_u"),
    (45, _I.NOTHING, "i16x8.eq i16x8.ne i16x8.lt_s i16x8.lt_u i16x8.gt_s i16x8.gt_u"),
    (51, _I.NOTHING, "i16x8.le_s i16x8.le_u i16x8.ge_s i16x8.ge_u"),
    (55, _I.NOTHING, "i32x4.eq i32x4.ne i32x4.lt_s i32x4.lt_u i32x4.gt_s i32x4.gt_u"),
    (61, _I.NOTHING, "i32x4.le_s i32x4.le_u i32x4.ge_s i32x4.ge_u"),
    (65, _I.NOTHING, "f32x4.eq f32x4.ne f32x4.lt f32x4.gt f32x4.le f32x4.ge"),
    (71, _I.NOTHING, "f64x2.eq f64x2.ne f64x2.lt f64x2.gt f64x2.le f64x2.ge"),
    (77, _I.NOTHING, "v128.not v128.and v128.andnot v128.or v128.xor v128.bitselect v128.any_true"),
    (84, _I.ADDRESS_LANE, "v128.load8_lane v128.load16_lane v128.load32_lane v128.load64_lane"),
    (88, _I.ADDRESS_LANE, "v128.store8_lane v128.store16_lane v128.store32_lane v128.store64_lane"),
    (92, _I.ADDRESS, "v128.load32_zero v128.load64_zero"),
    (94, _I.NOTHING, "f32x4.demote_f64x2_zero f64x2.promote_low_f32x4"),
    (96, _I.NOTHING, "i8x16.abs i8x16.neg i8x16.popcnt i8x16.all_true i8x16.bitmask"),
    (101, _I.NOTHING, "i8x16.narrow_i16x8_s i8x16.narrow_i16x8_u"),
    (103, _I.NOTHING, "f32x4.ceil f32x4.floor f32x4.trunc f32x4.nearest"),
    (107, _I.NOTHING, "i8x16.shl i8x16.shr_s i8x16.shr_u i8x16.add i8x16.add_sat_s"),
    (112, _I.NOTHING, "i8x16.add_sat_u i8x16.sub i8x16.sub_sat_s i8x16.sub_sat_u"),
    (116, _I.NOTHING, "f64x2.ceil f64x2.floor"),
    (118, _I.NOTHING, "i8x16.min_s i8x16.min_u i8x16.max_s i8x16.max_u"),
    (122, _I.NOTHING, "f64x2.trunc i8x16.avgr_u"),
    (124, _I.NOTHING, "i16x8.extadd_pairwise_i8x16_s i16x8.extadd_pairwise_i8x16_u"),
    (126, _I.NOTHING, "i32x4.extadd_pairwise_i16x8_s i32x4.extadd_pairwise_i16x8_u"),
    (128, _I.NOTHING, "i16x8.abs i16x8.neg i16x8.q15mulr_sat_s i16x8.all_true i16x8.bitmask"),
    (133, _I.NOTHING, "i16x8.narrow_i32x4_s i16x8.narrow_i32x4_u"),
    (135, _I.NOTHING, "i16x8.extend_low_i8x16_s i16x8.extend_high_i8x16_s"),
    (137, _I.NOTHING, "i16x8.extend_low_i8x16_u i16x8.extend_high_i8x16_u"),
    (139, _I.NOTHING, "i16x8.shl i16x8.shr_s i16x8.shr_u i16x8.add i16x8.add_sat_s"),
    (144, _I.NOTHING, "i16x8.add_sat_u i16x8.sub i16x8.sub_sat_s i16x8.sub_sat_u"),
    (148, _I.NOTHING, "f64x2.nearest i16x8.mul"),
    (150, _I.NOTHING, "i16x8.min_s i16x8.min_u i16x8.max_s i16x8.max_u"),
    (155, _I.NOTHING, "i16x8.avgr_u i16x8.extmul_low_i8x16_s i16x8.extmul_high_i8x16_s"),
    (158, _I.NOTHING, "i16x8.extmul_low_i8x16_u i16x8.extmul_high_i8x16_u"),
    (160, _I.NOTHING, "i32x4.abs i32x4.neg"),
    (163, _I.NOTHING, "i32x4.all_true i32x4.bitmask"),
    (167, _I.NOTHING, "i32x4.extend_low_i16x8_s i32x4.extend_high_i16x8_s"),
    (169, _I.NOTHING, "i32x4.extend_low_i16x8_u i32x4.extend_high_i16x8_u"),
    (171, _I.NOTHING, "i32x4.shl i32x4.shr_s i32x4.shr_u i32x4.add"),
    (177, _I.NOTHING, "i32x4.sub"),
    (181, _I.NOTHING, "i32x4.mul i32x4.min_s i32x4.min_u i32x4.max_s i32x4.max_u"),
    (186, _I.NOTHING, "i32x4.dot_i16x8_s"),
    (188, _I.NOTHING, "i32x4.extmul_low_i16x8_s i32x4.extmul_high_i16x8_s"),
    (190, _I.NOTHING, "i32x4.extmul_low_i16x8_u i32x4.extmul_high_i16x8_u"),
    (192, _I.NOTHING, "i64x2.abs i64x2.neg"),
    (195, _I.NOTHING, "i64x2.all_true i64x2.bitmask"),
    (199, _I.NOTHING, "i64x2.extend_low_i32x4_s i64x2.extend_high_i32x4_s"),
    (201, _I.NOTHING, "i64x2.extend_low_i32x4_u i64x2.extend_high_i32x4_u"),
    (203, _I.NOTHING, "i64x2.shl i64x2.shr_s i64x2.shr_u i64x2.add"),
    (209, _I.NOTHING, "i64x2.sub"),
    (213, _I.NOTHING, "i64x2.mul i64x2.eq i64x2.ne i64x2.lt_s i64x2.gt_s i64x2.le_s i64x2.ge_s"),
    (220, _I.NOTHING, "i64x2.extmul_low_i32x4_s i64x2.extmul_high_i32x4_s"),
    (222, _I.NOTHING, "i64x2.extmul_low_i32x4_u i64x2.extmul_high_i32x4_u"),
    (224, _I.NOTHING, "f32x4.abs f32x4.neg"),
    (227, _I.NOTHING, "f32x4.sqrt f32x4.add f32x4.sub f32x4.mul f32x4.div"),
    (232, _I.NOTHING, "f32x4.min f32x4.max f32x4.pmin f32x4.pmax"),
    (236, _I.NOTHING, "f64x2.abs f64x2.neg"),
    (239, _I.NOTHING, "f64x2.sqrt f64x2.add f64x2.sub f64x2.mul f64x2.div"),
    (244, _I.NOTHING, "f64x2.min f64x2.max f64x2.pmin f64x2.pmax"),
    (248, _I.NOTHING, "i32x4.trunc_sat_f32x4_s i32x4.trunc_sat_f32x4_u"),
    (250, _I.NOTHING, "f32x4.convert_i32x4_s f32x4.convert_i32x4_u"),
    (252, _I.NOTHING, "i32x4.trunc_sat_f64x2_s_zero i32x4.trunc_sat_f64x2_u_zero"),
    (254, _I.NOTHING, "f64x2.convert_low_i32x4_s f64x2.convert_low_i32x4_u"),
    (256, _I.NOTHING, "i8x16.relaxed_swizzle"),
    (257, _I.NOTHING, "i32x4.relaxed_trunc_f32x4_s i32x4.relaxed_trunc_f32x4_u"),
    (259, _I.NOTHING, "i32x4.relaxed_trunc_f64x2_s_zero i32x4.relaxed_trunc_f64x2_u_zero"),
    (261, _I.NOTHING, "f32x4.relaxed_madd f32x4.relaxed_nmadd"),
    (263, _I.NOTHING, "f64x2.relaxed_madd f64x2.relaxed_nmadd"),
    (265, _I.NOTHING, "i8x16.relaxed_laneselect i16x8.relaxed_laneselect"),
    (267, _I.NOTHING, "i32x4.relaxed_laneselect i64x2.relaxed_laneselect"),
    (269, _I.NOTHING, "f32x4.relaxed_min f32x4.relaxed_max f64x2.relaxed_min f64x2.relaxed_max"),
    (273, _I.NOTHING, "i16x8.relaxed_q15mulr_s i16x8.relaxed_dot_i8x16_i7x16_s"),
    (275, _I.NOTHING, "i32x4.relaxed_dot_i8x16_i7x16_add_s"),
)
_RMW = (
    "i32.atomic.rmw.{0} i64.atomic.rmw.{0} i32.atomic.rmw8.{0}_u i32.atomic.rmw16.{0}_u "
    "i64.atomic.rmw8.{0}_u i64.atomic.rmw16.{0}_u i64.atomic.rmw32.{0}_u"
)
_ATOMIC = (
    (0x00, _I.ADDRESS, "memory.atomic.notify memory.atomic.wait32 memory.atomic.wait64"),
    (0x03, _I.ZERO, "atomic.fence"),
    (0x10, _I.ADDRESS, "i32.atomic.load i64.atomic.load i32.atomic.load8_u i32.atomic.load16_u"),
    (0x14, _I.ADDRESS, "i64.atomic.load8_u i64.atomic.load16_u i64.atomic.load32_u"),
    (0x17, _I.ADDRESS, "i32.atomic.store i64.atomic.store i32.atomic.store8 i32.atomic.store16"),
    (0x1B, _I.ADDRESS, "i64.atomic.store8 i64.atomic.store16 i64.atomic.store32"),
    *(
        (0x1E + 7 * number, _I.ADDRESS, _RMW.format(operation))
        for number, operation in enumerate(("add", "sub", "and", "or", "xor", "xchg", "cmpxchg"))
    ),
)


def _alignment(name: str) -> int:
    """The size of what an instruction reads or writes at once."""
    if name in ("v128.load", "v128.store"):
        return 16
    part = re.search(r"(?:load|store|rmw|wait)(\d+)(x?)", name)
    if part:
        return 8 if part[2] else int(part[1]) // 8
    return 8 if name[1:3] == "64" else 4


def _table(*ranges: tuple[int, Immediate, str]) -> dict[int, Opcode]:
    accesses = (Immediate.ADDRESS, Immediate.ADDRESS_LANE)
    return {
        number: Opcode(name, immediate, _alignment(name) if immediate in accesses else 0)
        for first, immediate, names in ranges
        for number, name in enumerate(names.split(), first)
    }


CORE = _table(*_CORE)
"""By their only byte."""

PREFIXED = {
    0xFB: _table(*_GC),
    0xFC: _table(*_BULK),
    0xFD: _table(*_VECTOR),
    0xFE: _table(*_ATOMIC),
}
"""By their first byte, then by the number after it."""
