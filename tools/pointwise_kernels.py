"""C++ text of the element-wise kernels, from the expressions of kajo/ops.

Floating-point kernels are written out over the vectors of csrc/cpu/vec.h, from formulas lowered to
machine operations; integer, bool and complex ones are plain loops over csrc/cpu/scalar_math.h, and
so are those with a rare primitive, which compute in double.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kajo.ops.expression import Expr, order, value_of, var, variables
    from kajo.ops.primitives import F32, F64, F64_FOR_F32, RARE, WIDE, Float, lower
    from kajo.ops.tables import TABLES
else:  # by the way that generate_pointwise.py opens, past the package, which is not built yet
    from ops.expression import Expr, order, value_of, var, variables
    from ops.primitives import F32, F64, F64_FOR_F32, RARE, WIDE, Float, lower
    from ops.tables import TABLES

PARAMETERS = (
    "[[maybe_unused]] const void* const* in, void* const* out, "
    "[[maybe_unused]] const void* scalars, int64_t n"
)


@dataclass(frozen=True)
class ComputeType:
    """A computing type: its name in the enumeration, its C++ type, and its class of dtypes."""

    name: str
    cpp: str
    dtype_class: str
    vector: Float | None = None

    @property
    def real(self) -> str:
        """The C++ type of the parts of a complex number; of others the type itself."""
        return {"C64": "float", "C128": "double"}.get(self.name, self.cpp)


TYPES = [
    ComputeType("F32", "float", "float", F32),
    ComputeType("F64", "double", "float", F64),
    ComputeType("I8", "int8_t", "int"),
    ComputeType("I16", "int16_t", "int"),
    ComputeType("I32", "int32_t", "int"),
    ComputeType("I64", "int64_t", "int"),
    ComputeType("U8", "uint8_t", "int"),
    ComputeType("B8", "bool", "bool"),
    ComputeType("C64", "std::complex<float>", "complex"),
    ComputeType("C128", "std::complex<double>", "complex"),
]
DOUBLE = TYPES[1]


@dataclass(frozen=True)
class Kernel:
    """What a kernel computes: roots over inputs (name, C++ type of an element) and scalars.

    The C++ types of the outputs stand in `outputs`; "mask" is a byte that is 0 or 1.
    """

    name: str
    type: ComputeType
    roots: tuple[Expr, ...]
    inputs: tuple[tuple[str, str], ...]
    outputs: tuple[str, ...]
    scalars: tuple[str, ...]

    @property
    def is_vector(self) -> bool:
        """Whether the kernel is written over vectors."""
        plain = self.is_rare or any("complex" in o for o in self.element_types)
        return self.type.vector is not None and not plain

    @property
    def is_rare(self) -> bool:
        """Whether the kernel calls functions of csrc/cpu/special_functions.h."""
        return self.type.vector is not None and any(e.op in RARE for e in order(*self.roots))

    @property
    def computing(self) -> ComputeType:
        """The type that a plain loop computes in."""
        return DOUBLE if self.is_rare else self.type

    @property
    def element_types(self) -> tuple[str, ...]:
        """The C++ types of all operands."""
        return tuple(t for _, t in self.inputs) + self.outputs

    @property
    def text(self) -> str:
        """The function's body, the same for kernels that do the same."""
        return _vector_kernel(self) if self.is_vector else _scalar_kernel(self)


# ---- vectors -------------------------------------------------------------------------------------

INFIX = {
    "add": "+", "sub": "-", "mul": "*", "div": "/", "lt": "<", "le": "<=", "eq": "==", "and": "&",
    "or": "|", "xor": "^", "int_add": "+", "int_sub": "-", "int_shift_left": "<<",
    "int_shift_right": ">>",
}  # fmt: skip
VECTORS = {F32: ("VF", "VFI"), F64: ("VD", "VDI"), F64_FOR_F32: ("VD", "VDI")}


def literal(value: float, t: Float) -> str:
    """A floating-point constant, exact to the last bit."""
    suffix = "f" if t is F32 else ""
    limits = f"std::numeric_limits<{'float' if t is F32 else 'double'}>"
    if math.isnan(value):
        return f"{limits}::quiet_NaN()"
    rounded = value if math.isinf(value) else t.round(value)
    if math.isinf(rounded):
        return ("-" if value < 0 else "") + f"{limits}::infinity()"
    return rounded.hex() + suffix


def vector_statements(
    roots: Sequence[Expr], t: Float, copies: int = 1
) -> tuple[list[str], list[list[str]]]:
    """Straight-line statements, and the names of the roots of each copy.

    Copies work on vectors side by side, statement by statement, so that the processor has work
    while it waits for a result; what they read has the copy's number in its name.
    """
    vector, integer = VECTORS[t]
    lowered = lower(list(roots), t)
    nodes = order(*lowered)
    # Computed only in the lanes that the condition picks, or for vectors with such a lane.
    rarely = {e.args[1] for e in nodes if e.op == "where" and e.args[1].op == "libm"}
    rarely |= {e.args[2] for e in nodes if e.op == "where" and e.args[2].op == "wide"}
    lines: list[str] = []
    names: list[dict[Expr, str]] = [{} for _ in range(copies)]
    for e in nodes:
        for copy, own in enumerate(names):
            if e.op == "var":
                own[e] = str(e.val) + (f"_{copy}" if copies > 1 else "")
            elif e in rarely:
                own[e] = ""
            elif e.op == "const" and copy:
                own[e] = names[0][e]
            else:
                own[e] = f"t{len(lines)}"
                kind = vector if e.kind == "f" else integer
                value = _vector_value(e, own, t, rarely)
                lines.append(f"[[maybe_unused]] const {kind} {own[e]} = {value};")
    return lines, [[own[r] for r in lowered] for own in names]


def _vector_value(e: Expr, names: dict[Expr, str], t: Float, rarely: set[Expr]) -> str:
    vector, integer = VECTORS[t]
    a = [names[x] for x in e.args]
    if e.op == "const":
        if e.kind == "f":
            return f"splat<{vector}>({literal(value_of(e), t)})"
        smallest = e.val == -(2**63)
        return f"({integer})({integer}{{}} + {'INT64_MIN' if smallest else e.val})"
    if e.op in INFIX:
        return f"{a[0]} {INFIX[e.op]} {a[1]}"
    if e.op == "not":
        return f"~{a[0]}"
    if e.op == "lookup":
        return f"v_lookup({table_name(e)}, {a[0]})"
    if e.op == "libm":
        return f"each_lane<{vector}>({_libm(e)}, {', '.join(a)})"
    if e.op == "wide":
        return f"widen(wide_{e.val}, {', '.join(a)})"
    if e.op == "where":
        return _vector_where(e, a, names, vector, rarely)
    return f"v_{e.op}({', '.join(a)})"


def table_name(e: Expr) -> str:
    """The array that a look-up reads."""
    return "table_" + str(e.val).replace(" ", "_")


def tables(kernels: Sequence[Kernel]) -> str:
    """The arrays that these float32 kernels look up in."""
    needed = {
        table_name(e): str(e.val)
        for k in kernels
        if k.is_vector and k.type.vector is F32
        for e in order(*lower(list(k.roots), F32))
        if e.op == "lookup"
    }
    text = ""
    for array, place in sorted(needed.items()):
        name, column, turn = place.split()
        values = TABLES[name][int(column)]
        turned = [values[(i + int(turn)) % len(values)] for i in range(len(values))]
        numbers = ", ".join(literal(v, F32) for v in turned)
        text += f"alignas(64) constexpr float {array}[] = {{{numbers}}};\n"
    return text


def _libm(e: Expr) -> str:
    return f"[](auto... v) {{ return std::{e.val}(v...); }}"


def _vector_where(
    e: Expr, a: list[str], names: dict[Expr, str], vector: str, rarely: set[Expr]
) -> str:
    condition, first, second = e.args
    if first in rarely:
        operands = ", ".join(names[x] for x in first.args)
        return f"rare<{vector}>({a[0]}, {a[2]}, {_libm(first)}, {operands})"
    if second in rarely:
        operands = ", ".join(names[x] for x in second.args)
        return f"widen_rest({a[0]}, {a[1]}, wide_{second.val}, {operands})"
    # a < b ? a : b is the machine's min(a, b), where nan and equals give b; b < a ? a : b its max.
    if condition.op == "lt" and e.kind == "f" and {first, second} == set(condition.args):
        return f"v_{'min' if first is condition.args[0] else 'max'}({a[1]}, {a[2]})"
    return f"{a[0]} ? {a[1]} : {a[2]}"


def wide_functions(kernels: Sequence[Kernel]) -> str:
    """The float64 functions that these float32 kernels call."""
    needed = {
        str(e.val)
        for k in kernels
        if k.is_vector and k.type.vector is F32
        for e in order(*lower(list(k.roots), F32))
        if e.op == "wide"
    }
    return "".join(_wide_function(name) for name in sorted(needed))


def _wide_function(name: str) -> str:
    implementation = WIDE[name]
    parameters = implementation.__code__.co_varnames[1 : implementation.__code__.co_argcount]
    root = implementation(F64_FOR_F32, *map(var, parameters))
    lines, results = vector_statements([root], F64_FOR_F32)
    signature = ", ".join(f"VD {p}" for p in parameters)
    body = "".join(f"    {line}\n" for line in lines)
    return f"VD wide_{name}({signature}) {{\n{body}    return {results[0][0]};\n}}\n\n"


# Statements of a kernel up to which it is run on two vectors at a time; for more, registers do not suffice.
PAIRED = 100


def _copies(k: Kernel, t: Float) -> int:
    nodes = order(*lower(list(k.roots), t))
    seldom = {e.args[2] for e in nodes if e.op == "where"}
    calls = any(e.op == "wide" and e not in seldom for e in nodes)
    work = sum(e.op not in ("var", "const") for e in nodes)
    return 2 if work < PAIRED and not calls else 1


def _vector_kernel(k: Kernel) -> str:
    t = k.type.vector
    assert t is not None
    vector, integer = VECTORS[t]
    used = variables(*k.roots)
    copies = _copies(k, t)
    lines, results = vector_statements(k.roots, t, copies)
    mask_in = sum(1 << i for i, (_, c) in enumerate(k.inputs) if c == "mask")
    mask_out = sum(1 << i for i, c in enumerate(k.outputs) if c == "mask")
    suffixes = [f"_{copy}" for copy in range(copies)] if copies > 1 else [""]
    head = [
        f"const {vector} {s}{suffix} = splat<{vector}>(static_cast<const {k.type.cpp}*>(scalars)[{i}]);"
        for i, s in enumerate(k.scalars)
        if s in used
        for suffix in suffixes
    ]
    counts = f"{len(k.inputs)}, {len(k.outputs)}, {mask_in}, {mask_out}, {copies}"
    read = []
    for copy, suffix in enumerate(suffixes):
        for i, (n, c) in enumerate(k.inputs):
            if n in used:
                kind = integer if c == "mask" else vector
                value = f"a[{copy * len(k.inputs) + i}]"
                read.append(f"const {kind} {n}{suffix} = ({kind}){value};")
    write = [
        f"r[{copy * len(names) + i}] = ({vector}){name};"
        for copy, names in enumerate(results)
        for i, name in enumerate(names)
    ]
    inner = "".join(f"        {line}\n" for line in read + lines + write)
    return (
        "".join(f"    {line}\n" for line in head)
        + f"    tile<{vector}, {counts}>(in, out, n, [&]([[maybe_unused]] const {vector}* a, "
        + f"{vector}* r) __attribute__((always_inline)) {{\n{inner}    }});\n"
    )


# ---- plain loops ---------------------------------------------------------------------------------

BOOLEAN = {"and": "&", "or": "|", "xor": "!="}
RENAMED = {"pow": "power"}  # std::pow is found by argument-dependent lookup


def _scalar_kernel(k: Kernel) -> str:
    used = variables(*k.roots)
    lines, results = _scalar_statements(k)
    head = [
        f"const {k.computing.cpp} {s} = static_cast<const {k.type.cpp}*>(scalars)[{i}];"
        for i, s in enumerate(k.scalars)
        if s in used
    ]
    stored = {"mask": "uint8_t", "bool": "uint8_t"}
    read = []
    for i, (name, c) in enumerate(k.inputs):
        if name in used:
            element = stored.get(c, c)
            head.append(f"const auto* in{i} = static_cast<const {element}*>(in[{i}]);")
            convert = " != 0" if element == "uint8_t" and c in stored else ""
            value = "bool" if c in stored else k.computing.cpp if k.is_rare else c
            read.append(f"const {value} {name} = in{i}[i]{convert};")
    write = []
    for i, (c, name) in enumerate(zip(k.outputs, results)):
        head.append(f"auto* out{i} = static_cast<{stored.get(c, c)}*>(out[{i}]);")
        write.append(f"out{i}[i] = {stored.get(c, c)}({name});")
    inner = "".join(f"        {line}\n" for line in read + lines + write)
    # An output is an input or apart from it, so that no element depends on another.
    loop = f"#pragma GCC ivdep\n    for (int64_t i = 0; i < n; i++) {{\n{inner}    }}\n"
    return "".join(f"    {line}\n" for line in head) + loop


def _scalar_statements(k: Kernel) -> tuple[list[str], list[str]]:
    lines: list[str] = []
    names: dict[Expr, str] = {}
    for e in order(*k.roots):
        a = [names[x] for x in e.args]
        if e.op == "var":
            names[e] = str(e.val)
            continue
        if e.op == "const":
            names[e] = _scalar_constant(value_of(e), k.computing)
            continue
        if e.op == "not":
            value = f"!{a[0]}"
        elif e.op in BOOLEAN and e.kind == "b":
            value = f"{a[0]} {BOOLEAN[e.op]} {a[1]}"
        elif e.op == "powi":
            value = a[0]
            for _ in range(int(str(e.val)) - 1):
                value = f"scalar::mul({value}, {a[0]})"
        else:
            value = f"scalar::{RENAMED.get(e.op, e.op)}({', '.join(a)})"
        names[e] = f"t{len(lines)}"
        lines.append(f"const auto {names[e]} = {value};")
    return lines, [names[r] for r in k.roots]


def _scalar_constant(value: float, t: ComputeType) -> str:
    if t.dtype_class in ("int", "bool"):
        return f"{t.cpp}({int(value)})"
    return f"({literal(value, F32 if t.real == 'float' else F64)})"
