"""How sparse tensors print."""

from __future__ import annotations

import re
from typing import Any

import kajo
from kajo._tensor_str import _str
from kajo.sparse._tensor import COMPRESSED, SparseTensor

__all__ = ["text_of"]


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
    tail = [f"size={tuple(x._size)}", f"nnz={x._parts[-2].shape[-1]}"]
    dtype = x._parts[-1].dtype
    usual = (kajo.get_default_dtype(), kajo.int64, kajo.bool)
    if dtype not in usual:
        tail.append(f"dtype={dtype}")
    end = [f"layout={x._kind}"]
    values = x._parts[-1]
    if values.grad_fn is not None:
        end.append(f"grad_fn=<{type(values.grad_fn).__name__}>")
    elif values.requires_grad:
        end.append("requires_grad=True")
    separator = ",\n" + " " * 7
    if x._kind is kajo.sparse_coo:
        lines = [*parts, ", ".join([*tail, end[0]])]
        text = "tensor(" + separator.join(lines)
    else:
        lines = [*parts[:-1], ", ".join([parts[-1], *tail]), end[0]]
        text = "tensor(" + separator.join(lines)
    for extra in end[1:]:
        short = len(text.rsplit("\n", 1)[-1]) + len(extra) + 3 <= 80
        text += (", " if short else separator) + extra
    return text + ")"
