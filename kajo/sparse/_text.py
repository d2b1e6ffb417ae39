"""How sparse tensors print."""

from __future__ import annotations

import re
from typing import Any

import kajo
from kajo._tensor_str import _str
from kajo.sparse._tensor import COMPRESSED, SparseTensor

__all__ = ["text_of"]

_INDENT = len("tensor(")


def text_of(x: SparseTensor, **_: Any) -> str:
    """The parts one below the other, then size, number of values and layout."""
    names = [*COMPRESSED[x._kind][:2], "values"] if x._kind in COMPRESSED else ["indices", "values"]
    parts = []
    for name, part in zip(names, x._parts):
        text = _str(part.detach())
        if part.numel() == 0:
            text = f"tensor([], size={tuple(part.shape)})"
        elif "dtype=" in text:
            text = text[: text.rindex(", dtype=")] + ")"
        # Lines after the first stand under the first bracket.
        indent = "\n" + " " * (len("tensor(") + len(f"{name}="))
        first = f"{name}=" + re.sub(r"\n(?!\n)", indent, text)
        parts.append(first)
    values = x._parts[-1]
    tail = [f"size={tuple(x._size)}", f"nnz={x._parts[-2].shape[-1]}"]
    default = kajo.get_default_dtype()
    twofold = kajo.complex128 if default is kajo.float64 else kajo.complex64
    usual = (default, twofold, kajo.int64, kajo.bool)
    if values.dtype not in usual:
        tail.append(f"dtype={values.dtype}")
    tail.append(f"layout={x._kind}")
    if values.grad_fn is not None:
        tail.append(f"grad_fn=<{type(values.grad_fn).__name__}>")
    elif values.requires_grad:
        tail.append("requires_grad=True")
    break_line = ",\n" + " " * _INDENT
    text = "tensor(" + break_line.join(parts)
    width = len(text) - text.rfind("\n")
    anew = x._kind is kajo.sparse_coo
    for item in tail:
        # As wide as it is in PyTorch, whose name is longer, so that lines break in the same places.
        length = len(item.replace("kajo", "torch"))
        anew = anew or width + length + 2 >= 80
        text += (break_line if anew else ", ") + item
        width = _INDENT + length if anew else width + length + 2
        anew = False
    return text + ")"
