"""How nested tensors print."""

from __future__ import annotations

from typing import Any

import kajo
from kajo.nested._tensor import NestedTensor, components, is_contiguous

__all__ = ["text_of"]


def text_of(self: NestedTensor, **_: Any) -> str:
    """The size and offsets of a jagged tensor; the components of a strided one, one below the other."""
    node, tracked = self._held.grad_fn, self._held.requires_grad
    if self._kind is kajo.jagged:
        parts = [f"size={tuple(self._size)}", f"offsets={self._places[0]}"]
        if node is not None:
            parts.append(f"grad_fn={node}")
        elif tracked:
            parts.append("requires_grad=True")
        return f"NestedTensor({', '.join(parts)}, contiguous={is_contiguous(self)})"
    tail = f", grad_fn=<{type(node).__name__}>" if node is not None else ""
    tail = ", requires_grad=True" if tracked and node is None else tail
    shown = [repr(part.detach().requires_grad_(tracked)) for part in components(self)]
    lines = ",\n".join("  " + text.replace("\n", "\n  ") for text in shown)
    return f"nested_tensor([\n{lines}\n]{tail})"
