"""Write the C++ of the element-wise operations: generate_pointwise.py OUTPUT_FOLDER.

From the table in kajo/ops come the kernels (several units, each compiled for every instruction
set, and one for the rare kernels, compiled once), the table of kernels of one instruction set, the
descriptors with the gradient programs, the docstrings, and the identifiers.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kajo.ops.expression import Expr, order, value_of, variables
    from kajo.ops.operation import Operation
    from kajo.ops.pointwise import OPERATIONS
else:  # the package itself cannot be imported: it is not built yet
    sys.path.append(str(Path(__file__).resolve().parent.parent / "kajo"))
    from ops.expression import Expr, order, value_of, variables
    from ops.operation import Operation
    from ops.pointwise import OPERATIONS
from pointwise_kernels import PARAMETERS, TYPES, ComputeType, Kernel, tables, wide_functions

VECTOR_UNITS, SCALAR_UNITS = 5, 2
MAX_INPUTS = 4
HEADER = "// Made by tools/generate_pointwise.py from the table in kajo/ops.\n"


# ---- kernels -------------------------------------------------------------------------------------


@dataclass
class Gradients:
    """The gradient formulas of an operation for one compute type, by input."""

    formulas: tuple[Expr | None, ...]

    def live(self, inputs: Iterable[int]) -> list[Expr]:
        """The formulas of these inputs."""
        found = [self.formulas[i] for i in inputs]
        return [f for f in found if f is not None]


def result_type(op: Operation, t: ComputeType) -> str:
    """The C++ type of the result's elements."""
    if op.rule == "bool":
        return "mask"
    if op.rule == "real":
        return t.real
    return f"std::complex<{t.cpp}>" if op.rule == "complex" else t.cpp


def gradients_for(op: Operation, t: ComputeType) -> Gradients | None:
    """The gradient formulas that kernels of this compute type use, if there are any."""
    is_complex = t.dtype_class == "complex" or op.rule == "complex"
    formulas = op.complex_gradients if is_complex else op.gradients
    supported = t.dtype_class in ("float", "complex") and t.dtype_class in op.by_class
    return Gradients(formulas) if formulas and supported else None


def reads(op: Operation, inputs: Iterable[int]) -> tuple[bool, list[int]]:
    """Whether the gradients of these inputs read the result, and which inputs, for any type."""
    names: set[str] = set()
    for formulas in (op.gradients, op.complex_gradients):
        names |= variables(*Gradients(formulas).live(inputs)) if formulas else set()
    return "y" in names, [i for i, n in enumerate(op.inputs) if n in names]


def forward_kernel(op: Operation, t: ComputeType) -> Kernel | None:
    """The kernel of the operation itself."""
    formula = op.by_class.get(t.dtype_class)
    if formula is None:
        return None
    inputs = tuple((n, "mask" if n in op.masks else t.cpp) for n in op.inputs)
    name = f"{op.identifier}_{t.name}"
    return Kernel(name, t, (formula,), inputs, (result_type(op, t),), tuple(op.scalars))


def backward_kernel(
    op: Operation, t: ComputeType, wanted: Sequence[int], name: str
) -> Kernel | None:
    """The kernel of the gradients of the `wanted` inputs."""
    gradients = gradients_for(op, t)
    if gradients is None or not wanted:
        return None
    roots = gradients.live(wanted)
    if len(roots) != len(wanted):
        return None
    result, saved = reads(op, wanted)
    of_result = result_type(op, t)
    inputs = [("g", of_result)] + ([("y", of_result)] if result else [])
    inputs += [(op.inputs[i], "mask" if op.inputs[i] in op.masks else t.cpp) for i in saved]
    outputs = (t.cpp,) * len(roots)
    return Kernel(
        f"{op.identifier}_{name}_{t.name}",
        t,
        tuple(roots),
        tuple(inputs),
        outputs,
        tuple(op.scalars),
    )


@dataclass
class KernelTable:
    """All kernels, equal ones once, and the function that serves each place of the table."""

    kernels: dict[str, Kernel] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)

    def enter(self, kernel: Kernel | None) -> str:
        """The name of the function that does what this kernel does."""
        if kernel is None:
            return "nullptr"
        space = "rare::" if kernel.is_rare else ""
        name = self.names.setdefault(kernel.text, f"{space}k_{kernel.name}")
        self.kernels.setdefault(name, kernel)
        return name

    def row(self, op: Operation) -> str:
        """The initialiser of an operation's OpKernels."""

        def kernel_set(kernels: Iterable[Kernel | None]) -> str:
            return "{{" + ", ".join(self.enter(k) for k in kernels) + "}}"

        differentiable = op.differentiable
        forward = kernel_set(forward_kernel(op, t) for t in TYPES)
        backward = kernel_set(backward_kernel(op, t, differentiable, "backward") for t in TYPES)
        single = []
        for i in range(MAX_INPUTS):
            wanted = [i] if i in differentiable else []
            single.append(kernel_set(backward_kernel(op, t, wanted, f"backward{i}") for t in TYPES))
        return f"    {{{forward}, {backward}, {{{', '.join(single)}}}}},\n"


def kernel_units(kernels: dict[str, Kernel]) -> list[str]:
    """The texts of the units of kernels, those written over vectors apart from plain loops."""
    kernels = {n: k for n, k in kernels.items() if not k.is_rare}
    vectors = {n: k for n, k in kernels.items() if k.is_vector}
    loops = {n: k for n, k in kernels.items() if not k.is_vector}
    texts = [unit_text(u) for u in balanced(vectors, VECTOR_UNITS)]
    # Only from this level on does the compiler vectorise loops of any length.
    optimize = '#pragma GCC optimize("O3")\n'
    return texts + [optimize + unit_text(u) for u in balanced(loops, SCALAR_UNITS)]


def balanced(kernels: dict[str, Kernel], count: int) -> list[list[tuple[str, Kernel]]]:
    """The kernels in so many groups of about equal length of text."""
    groups: list[list[tuple[str, Kernel]]] = [[] for _ in range(count)]
    sizes = [0] * count
    for name, kernel in sorted(kernels.items(), key=lambda item: -len(item[1].text)):
        smallest = sizes.index(min(sizes))
        groups[smallest].append((name, kernel))
        sizes[smallest] += len(kernel.text)
    return groups


def unit_text(unit: list[tuple[str, Kernel]]) -> str:
    """The text of a unit with these kernels."""
    text = HEADER + '#include "cpu/pointwise_table.h"\n#include "cpu/scalar_math.h"\n'
    text += '#include "cpu/vec.h"\n\nnamespace kajo::cpu::KAJO_ISA {\n\nnamespace {\n'
    text += tables([k for _, k in unit])
    text += wide_functions([k for _, k in unit]) + "}  // namespace\n\n"
    text += "".join(f"void {n}({PARAMETERS}) {{\n{k.text}}}\n\n" for n, k in unit)
    return text + "}  // namespace kajo::cpu::KAJO_ISA\n"


def rare_unit(kernels: dict[str, Kernel]) -> str:
    """The text of the unit with the kernels that are the same for all instruction sets."""
    text = HEADER + '#include "cpu/pointwise_table.h"\n#include "cpu/scalar_math.h"\n'
    text += '#include "cpu/special_functions.h"\n\nnamespace kajo::cpu::rare {\n\n'
    text += "".join(
        f"void {n.removeprefix('rare::')}({PARAMETERS});\n"
        f"void {n.removeprefix('rare::')}({PARAMETERS}) {{\n{k.text}}}\n\n"
        for n, k in kernels.items()
        if k.is_rare
    )
    return text + "}  // namespace kajo::cpu::rare\n"


def kernel_table(table: KernelTable, rows: str) -> str:
    """The unit that lists the kernels of one instruction set."""
    plain = "const void* const* in, void* const* out, const void* scalars, int64_t n"

    def declarations(rare: bool) -> str:
        names = [n.removeprefix("rare::") for n, k in table.kernels.items() if k.is_rare == rare]
        return "".join(f"void {n}({plain});\n" for n in names)

    text = HEADER + '#include "cpu/pointwise_table.h"\n\nnamespace kajo::cpu::rare {\n'
    text += declarations(rare=True) + "}\n\nnamespace kajo::cpu::KAJO_ISA {\n\n"
    text += declarations(rare=False)
    text += f"\nnamespace {{\nconst OpKernels table[] = {{\n{rows}}};\n}}  // namespace\n\n"
    text += "const OpKernels* op_kernels();\nconst OpKernels* op_kernels() { return table; }\n\n"
    return text + "}  // namespace kajo::cpu::KAJO_ISA\n"


# ---- gradient programs ---------------------------------------------------------------------------

# Primitives of formulas and the table operations that compute them; all others have one name in
# both.
AS_OPERATION = {
    "and": "logical_and", "or": "logical_or", "not": "logical_not", "max": "maximum", "min":
    "minimum",
}  # fmt: skip


class Program:
    """Gradient formulas as instructions over operations of the table."""

    def __init__(self, op: Operation, formulas: tuple[Expr | None, ...]) -> None:
        live = [f for f in formulas if f is not None]
        nodes = order(*live)
        values = [value_of(e) for e in nodes if e.op == "const"]
        self.constants = list(dict.fromkeys(values))
        leaves = ["g", "y", *op.inputs, *op.scalars]
        self.first = len(leaves) + len(self.constants)
        self.code: list[tuple[str, list[int]]] = []
        registers: dict[Expr, int] = {}
        for e in nodes:
            if e.op == "var":
                registers[e] = leaves.index(str(e.val))
            elif e.op == "const":
                registers[e] = len(leaves) + self.constants.index(value_of(e))
            elif e.op == "powi":
                registers[e] = self._power(registers[e.args[0]], int(str(e.val)))
            else:
                registers[e] = self._emit(
                    AS_OPERATION.get(e.op, e.op), [registers[a] for a in e.args]
                )
        self.results = [-1 if f is None else registers[f] for f in formulas]

    def _emit(self, operation: str, arguments: list[int]) -> int:
        if operation not in OPERATIONS:
            raise ValueError(f"a gradient uses '{operation}', which is no operation of the table")
        self.code.append((operation, arguments))
        return self.first + len(self.code) - 1

    def _power(self, base: int, n: int) -> int:
        result = base
        for _ in range(n - 1):
            result = self._emit("mul", [result, base])
        return result

    def text(self, name: str) -> str:
        """The C++ of the program."""

        def row(values: Sequence[object], length: int) -> str:
            return ", ".join(map(str, [*values, *[-1] * (length - len(values))]))

        lines = [
            f"    {{int16_t(OpId::{o}), {{{row(a, MAX_INPUTS)}}}}},\n" for o, a in self.code
        ] or ["    {-1, {-1, -1, -1, -1}},\n"]
        numbers = ", ".join(cpp_double(c) for c in self.constants) or "0.0"
        return (
            f"const Instruction {name}_code[] = {{\n{''.join(lines)}}};\n"
            f"const double {name}_constants[] = {{{numbers}}};\n"
            f"const GradientProgram {name} = {{{name}_code, {len(self.code)}, {name}_constants, "
            f"{len(self.constants)}, {{{row(self.results, MAX_INPUTS)}}}}};\n"
        )


def cpp_double(value: float) -> str:
    """A C++ literal, exact to the last bit."""
    if value != value:
        return '__builtin_nan("")'
    if value in (float("inf"), float("-inf")):
        return ("-" if value < 0 else "") + "__builtin_inf()"
    return float(value).hex()


# ---- descriptors ---------------------------------------------------------------------------------

CLASSES = {
    "float": "FloatClass",
    "int": "IntClass",
    "bool": "BoolClass",
    "complex": "ComplexClass",
    "unsigned": "UnsignedClass",
    "complex_half": "ComplexHalfClass",
    "float8": "Float8Class",
}


def bits(places: Iterable[int]) -> int:
    """The number with these bits set."""
    return sum(1 << i for i in places)


def multiple(op: Operation, place: int) -> str:
    """What InputGradient::multiple says of an input, for real and complex types alike."""
    found = {
        _multiple(formulas[place], list(op.scalars))
        for formulas in (op.gradients, op.complex_gradients)
        if place < len(formulas)
    }
    return found.pop() if len(found) == 1 else "InputGradient::kOther"


def _multiple(gradient: Expr | None, scalars: list[str]) -> str:
    """Whether a gradient is g itself, or g times a scalar (or its conjugate)."""
    if gradient is not None and gradient.op == "var" and gradient.val == "g":
        return "InputGradient::kItself"
    if gradient is not None and gradient.op == "mul":
        leaves = [a.args[0] if a.op == "conj" else a for a in gradient.args]
        names = [str(a.val) for a in leaves if a.op == "var"]
        other = [n for n in names if n in scalars]
        if len(names) == 2 and "g" in names and other:
            return str(scalars.index(other[0]))
    return "InputGradient::kOther"


def takes_repeated(op: Operation) -> bool:
    """Whether all kernels of float32 and float64 are written over vectors."""
    kernels = []
    for t in TYPES[:2]:
        kernels.append(forward_kernel(op, t))
        for wanted in (op.differentiable, *([i] for i in op.differentiable)):
            kernels.append(backward_kernel(op, t, wanted, "backward"))
    return all(k is None or k.is_vector for k in kernels)


def descriptor(op: Operation) -> str:
    """The initialiser of an operation's PointwiseOp, its kernels left out."""
    names = ", ".join(f'"{s}"' for s in op.scalars) or "nullptr"
    defaults = ", ".join(cpp_double(v) for v in op.scalars.values()) or "0.0"
    allowed = " | ".join(CLASSES[c] for c in CLASSES if c in op.allowed)
    result, saved = reads(op, op.differentiable)
    single = []
    for i in range(MAX_INPUTS):
        r, s = reads(op, [i]) if i in op.differentiable else (False, [])
        single.append(f"{{{{}}, {str(r).lower()}, {bits(s)}, {multiple(op, i)}}}")
    node = f'"{op.node_name}"' if op.differentiable and op.node_name else "nullptr"
    real = f"&{op.identifier}_program" if op.gradients else "nullptr"
    complex_ = f"&{op.identifier}_complex_program" if op.complex_gradients else "nullptr"
    masks = bits(i for i, n in enumerate(op.inputs) if n in op.masks)
    underivable = bits(i for i, n in enumerate(op.inputs) if n in op.underivable)
    return (
        f"const double {op.identifier}_defaults[] = {{{defaults}}};\n"
        f"const char* const {op.identifier}_scalars[] = {{{names}}};\n"
        f"PointwiseOp {op.identifier}_descriptor() {{\n"
        f'    return {{"{op.name}", {node}, {len(op.inputs)}, {len(op.scalars)}, '
        f"ResultRule::{op.rule.capitalize()}, uint8_t({allowed}), {masks}, "
        f"{str(op.checks_zero_divisor).lower()}, {op.identifier}_defaults, "
        f"{op.identifier}_scalars, "
        f"{{}}, {{}}, {str(result).lower()}, {bits(saved)}, {bits(op.differentiable)}, "
        f"{{{', '.join(single)}}}, {real}, {complex_}, {underivable}, "
        f"{str(takes_repeated(op)).lower()}}};\n}}\n\n"
    )


SELECTION = """
const OpKernels* chosen_kernels() {
#if defined(KAJO_X86)
    if (cpu_isa() == Isa::AVX512) return avx512::op_kernels();
    if (cpu_isa() == Isa::AVX2) return avx2::op_kernels();
#endif
    return baseline::op_kernels();
}

using Descriptor = PointwiseOp (*)();
"""


def descriptors() -> str:
    """The unit with all descriptors."""
    text = HEADER + '#include <array>\n#include <string_view>\n\n#include "cpu/isa.h"\n'
    text += '#include "cpu/pointwise_table.h"\n'
    text += '#include "pointwise_ids.h"\n\nnamespace kajo::cpu {\n\n'
    declared = "namespace {} {{\nconst OpKernels* op_kernels();\n}}\n".format
    text += declared("baseline") + "#if defined(KAJO_X86)\n"
    text += declared("avx2") + declared("avx512") + "#endif\n"
    text += "\nnamespace {\n"
    for op in OPERATIONS.values():
        if op.gradients:
            text += Program(op, op.gradients).text(f"{op.identifier}_program")
        if op.complex_gradients:
            text += Program(op, op.complex_gradients).text(f"{op.identifier}_complex_program")
        text += descriptor(op)
    text += SELECTION
    rows = "".join(f'    {{"{i}", {i}_descriptor}},\n' for i in OPERATIONS)
    text += f"const std::pair<const char*, Descriptor> descriptors[] = {{\n{rows}}};\n"
    return (
        text
        + """
std::array<PointwiseOp, kOpCount> complete() {
    std::array<PointwiseOp, kOpCount> ops{};
    const OpKernels* kernels = chosen_kernels();
    for (int i = 0; i < kOpCount; i++) {
        PointwiseOp& op = ops[size_t(i)] = descriptors[i].second();
        op.forward = kernels[i].forward;
        op.backward = kernels[i].backward;
        for (int k = 0; k < kMaxInputs; k++) op.backward_of[k].kernel = kernels[i].backward_of[k];
    }
    return ops;
}

const std::array<PointwiseOp, kOpCount>& operations() {
    static const std::array<PointwiseOp, kOpCount> ops = complete();
    return ops;
}
}  // namespace

const PointwiseOp& pointwise_op(OpId op) { return operations()[size_t(op)]; }

const PointwiseOp* find_pointwise_op(std::string_view id) {
    for (int i = 0; i < kOpCount; i++)
        if (id == descriptors[i].first) return &operations()[size_t(i)];
    return nullptr;
}

}  // namespace kajo::cpu
"""
    )


def documentation() -> str:
    """The unit with the docstrings."""
    rows = "".join(
        f'    {{"{op.identifier}", R"doc({op.documentation})doc"}},\n'
        for op in OPERATIONS.values()
        if op.doc
    )
    return (
        f'{HEADER}#include "cpu/pointwise_documentation.h"\n\n#include <utility>\n\n'
        "namespace kajo::cpu {\n\nnamespace {\n"
        f"constexpr std::pair<std::string_view, const char*> docs[] = {{\n{rows}}};\n"
        "}  // namespace\n\n"
        "const char* pointwise_documentation(std::string_view identifier) {\n"
        "    for (const auto& [name, text] : docs)\n"
        "        if (name == identifier) return text;\n"
        "    return nullptr;\n}\n\n}  // namespace kajo::cpu\n"
    )


def identifiers() -> str:
    """The header with the enumeration."""
    names = "".join(f"    {i},\n" for i in OPERATIONS)
    return (
        f"{HEADER}#pragma once\n#include <cstdint>\n\nnamespace kajo::cpu {{\n\n"
        f"enum class OpId : int16_t {{\n{names}}};\nconstexpr int kOpCount = {len(OPERATIONS)};\n\n"
        "}  // namespace kajo::cpu\n"
    )


def write(path: Path, text: str) -> None:
    """Write a file unless it says the same already, so that nothing is rebuilt for it."""
    if not path.exists() or path.read_text() != text:
        path.write_text(text)


def main(folder: Path) -> None:
    """Write everything into the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    table = KernelTable()
    rows = "".join(table.row(op) for op in OPERATIONS.values())
    for i, text in enumerate(kernel_units(table.kernels)):
        write(folder / f"kernels_{i}.cpp", text)
    write(folder / "kernels_table.cpp", kernel_table(table, rows))
    write(folder / "pointwise_rare.cpp", rare_unit(table.kernels))
    write(folder / "pointwise_table.cpp", descriptors())
    write(folder / "pointwise_documentation.cpp", documentation())
    write(folder / "pointwise_ids.h", identifiers())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
