"""The graph of a model for TensorBoard: its operations, in boxes of the modules that ran them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import kajo
from kajo import Tensor
from kajo.overrides import TorchFunctionMode
from kajo.utils._pytree import tree_leaves


class _Watch(TorchFunctionMode):
    """Notes each operation of a call: its name, its module, where its arguments came from."""

    def __init__(self) -> None:
        super().__init__()
        self.scopes: list[str] = []
        self.nodes: list[tuple[str, str, list[str], list[Tensor]]] = []
        # From a tensor's identity to the node that made it; the tensors are kept so that it stays theirs.
        self.sources: dict[int, str] = {}
        self.kept: list[Tensor] = []

    def name(self, tensor: Tensor, node: str) -> None:
        """Notes that a node made a tensor."""
        self.sources[id(tensor)] = node
        self.kept.append(tensor)

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        outputs = _tensors(result)
        operation = getattr(func, "__name__", "")
        if not outputs or operation.startswith("__"):
            return result
        inputs = [
            self.sources[id(t)] for t in _tensors((args, kwargs or {})) if id(t) in self.sources
        ]
        node = "/".join([*self.scopes, f"{operation}_{len(self.nodes)}"])
        self.nodes.append((node, f"aten::{operation}", inputs, outputs))
        for tensor in outputs:
            self.name(tensor, node)
        return result


def _tensors(value: Any) -> list[Tensor]:
    return [leaf for leaf in tree_leaves(value) if isinstance(leaf, Tensor)]


def _watched(model: Any, inputs: tuple[Any, ...]) -> _Watch:
    watch = _Watch()
    named = dict(model.named_modules()) if hasattr(model, "named_modules") else {}
    kind = type(model).__name__
    handles = []
    for path, module in named.items():
        label = f"{type(module).__name__}[{path.rpartition('.')[2]}]" if path else kind
        before = lambda _module, _args, label=label: watch.scopes.append(label)  # noqa: E731
        handles.append(module.register_forward_pre_hook(before))
        handles.append(
            module.register_forward_hook(lambda *_: watch.scopes.pop() and None, always_call=True)
        )
    for name, parameter in model.named_parameters() if named else ():
        watch.name(parameter, f"{kind}/{name.replace('.', '/')}")
    for position, tensor in enumerate(_tensors(inputs)):
        watch.name(tensor, f"input/{position}")
    try:
        with kajo.no_grad(), watch:
            result = model(*inputs)
    finally:
        for handle in handles:
            handle.remove()
    for position, tensor in enumerate(_tensors(result)):
        source = watch.sources.get(id(tensor))
        watch.nodes.append((f"output/{position}", "IO Node", [source] if source else [], [tensor]))
    return watch


def graph_of(model: Any, inputs: Any) -> Any:
    """The record (a GraphDef) of one call of a model."""
    from tensorboardX.proto import (
        attr_value_pb2,
        graph_pb2,
        node_def_pb2,
        tensor_shape_pb2,
        versions_pb2,
    )

    arguments = inputs if isinstance(inputs, tuple) else () if inputs is None else (inputs,)
    watch = _watched(model, arguments)
    sources = {node for _, _, given, _ in watch.nodes for node in given}
    made = {node for node, *_ in watch.nodes}
    nodes: list[tuple[str, str, list[str], list[Tensor]]] = [
        (source, "Parameter" if not source.startswith("input/") else "IO Node", [], [])
        for source in sorted(sources - made)
    ]
    size = tensor_shape_pb2.TensorShapeProto.Dim

    def record(node: str, kind: str, given: list[str], outputs: list[Tensor]) -> Any:
        shapes = [
            tensor_shape_pb2.TensorShapeProto(dim=[size(size=n) for n in t.shape]) for t in outputs
        ]
        listed = attr_value_pb2.AttrValue.ListValue(shape=shapes)
        attributes = {"_output_shapes": attr_value_pb2.AttrValue(list=listed)} if outputs else {}
        return node_def_pb2.NodeDef(name=node, op=kind, input=given, attr=attributes)

    return graph_pb2.GraphDef(
        node=[record(*node) for node in [*nodes, *watch.nodes]],
        versions=versions_pb2.VersionDef(producer=22),
    )
