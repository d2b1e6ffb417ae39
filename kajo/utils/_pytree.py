"""Nested containers of values ("trees"): taken apart into leaves and a structure, and put together again.

Lists, tuples, named tuples, dicts, ordered and default dicts and deques are nodes; further types join
by `register_pytree_node`. Everything else is a leaf.

>>> leaves, spec = tree_flatten({"a": 1, "b": [2, 3]})
>>> leaves
[1, 2, 3]
>>> tree_unflatten([10, 20, 30], spec)
{'a': 10, 'b': [20, 30]}
"""

from __future__ import annotations

from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

__all__ = [
    "LeafSpec",
    "PyTree",
    "TreeSpec",
    "register_pytree_node",
    "tree_all",
    "tree_any",
    "tree_flatten",
    "tree_iter",
    "tree_leaves",
    "tree_map",
    "tree_map_",
    "tree_map_only",
    "tree_structure",
    "tree_unflatten",
]

PyTree = Any


@dataclass(frozen=True)
class _Node:
    flatten: Callable[[Any], tuple[list[Any], Any]]
    unflatten: Callable[[Iterable[Any], Any], Any]


_NODES: dict[type, _Node] = {}


def register_pytree_node(
    cls: type,
    flatten_fn: Callable[[Any], tuple[list[Any], Any]],
    unflatten_fn: Callable[[Iterable[Any], Any], Any],
    **_: Any,
) -> None:
    """Make instances of a class nodes of trees.

    Args:
        cls: the class; its subclasses are not included.
        flatten_fn: from an instance to its children and a context that can be compared.
        unflatten_fn: from children and context to an instance.

    Raises:
        ValueError: if the class is registered already.
    """
    if cls in _NODES:
        raise ValueError(f"{cls} is already registered as pytree node.")
    _NODES[cls] = _Node(flatten_fn, unflatten_fn)


def _default_dict(children: Iterable[Any], context: Any) -> Any:
    factory, keys = context
    return defaultdict(factory, zip(keys, children))


register_pytree_node(list, lambda x: (list(x), None), lambda items, _: list(items))
register_pytree_node(tuple, lambda x: (list(x), None), lambda items, _: tuple(items))
register_pytree_node(
    dict, lambda x: (list(x.values()), list(x)), lambda items, keys: dict(zip(keys, items))
)
register_pytree_node(
    OrderedDict,
    lambda x: (list(x.values()), list(x)),
    lambda items, keys: OrderedDict(zip(keys, items)),
)
register_pytree_node(
    defaultdict, lambda x: (list(x.values()), (x.default_factory, list(x))), _default_dict
)
register_pytree_node(
    deque, lambda x: (list(x), x.maxlen), lambda items, length: deque(items, maxlen=length)
)

_NAMED_TUPLE = _Node(lambda x: (list(x), type(x)), lambda items, cls: cls(*items))
_STRUCT_SEQUENCE = _Node(lambda x: (list(x), type(x)), lambda items, cls: cls(tuple(items)))


def _node_of(tree: Any) -> tuple[Any, _Node] | None:
    """The kind of a node and how it is taken apart; None for a leaf."""
    cls = type(tree)
    if cls in _NODES:
        return cls, _NODES[cls]
    if isinstance(tree, tuple):
        if hasattr(cls, "_fields"):
            return cls, _NAMED_TUPLE
        if hasattr(cls, "n_sequence_fields"):
            return cls, _STRUCT_SEQUENCE
    return None


@dataclass(frozen=True)
class TreeSpec:
    """The structure of a tree: the kind of each node, without the leaves.

    Attributes:
        type: the class of the root; None for a leaf.
        context: what the class needs besides its children, such as the keys of a dict.
        children_specs: the structures of its children.
    """

    type: Any
    context: Any
    children_specs: tuple[TreeSpec, ...]

    @property
    def num_leaves(self) -> int:
        """How many leaves such a tree has."""
        if self.type is None:
            return 1
        return sum(child.num_leaves for child in self.children_specs)

    @property
    def num_children(self) -> int:
        """How many children the root has."""
        return len(self.children_specs)

    def is_leaf(self) -> bool:
        """Whether the tree is a single leaf."""
        return self.type is None

    def unflatten(self, leaves: Iterable[Any]) -> Any:
        """A tree of this structure with these leaves."""
        return tree_unflatten(leaves, self)

    def flatten_up_to(self, tree: Any) -> list[Any]:
        """The subtrees of `tree` in place of this structure's leaves.

        Raises:
            ValueError: if the tree has another structure.
        """
        if self.type is None:
            return [tree]
        found = _node_of(tree)
        if found is None or found[0] is not self.type:
            raise ValueError(f"Type mismatch; expected {self.type!r}, but got {type(tree)!r}.")
        children, _ = found[1].flatten(tree)
        if isinstance(tree, dict):
            if set(tree) != set(self._keys()):
                raise ValueError(f"Node keys mismatch; expected {self._keys()}, got {list(tree)}.")
            children = [tree[key] for key in self._keys()]
        elif len(children) != len(self.children_specs):
            raise ValueError(
                f"Node arity mismatch; expected {len(self.children_specs)}, but got {len(children)}."
            )
        return [
            leaf
            for child, spec in zip(children, self.children_specs)
            for leaf in spec.flatten_up_to(child)
        ]

    def _keys(self) -> list[Any]:
        return list(self.context[1] if self.type is defaultdict else self.context)

    def __hash__(self) -> int:
        return hash((self.type, len(self.children_specs)))

    def __repr__(self) -> str:
        if self.type is None:
            return "*"
        children = ", ".join(map(repr, self.children_specs))
        return f"TreeSpec({self.type.__name__}, {self.context}, [{children}])"


class LeafSpec(TreeSpec):
    """The structure of a single leaf."""

    def __init__(self) -> None:
        super().__init__(None, None, ())


_LEAF = TreeSpec(None, None, ())
_IsLeaf = Callable[[Any], bool]


def _flatten(tree: Any, leaves: list[Any], is_leaf: _IsLeaf | None) -> TreeSpec:
    found = None if is_leaf is not None and is_leaf(tree) else _node_of(tree)
    if found is None:
        leaves.append(tree)
        return _LEAF
    kind, node = found
    children, context = node.flatten(tree)
    return TreeSpec(kind, context, tuple(_flatten(child, leaves, is_leaf) for child in children))


def tree_flatten(tree: Any, is_leaf: _IsLeaf | None = None) -> tuple[list[Any], TreeSpec]:
    """The leaves of a tree, in order, and its structure.

    Args:
        tree: any value.
        is_leaf: says of a node that it is to be taken as a leaf.
    """
    leaves: list[Any] = []
    return leaves, _flatten(tree, leaves, is_leaf)


def tree_unflatten(leaves: Iterable[Any], treespec: TreeSpec) -> Any:
    """The tree of a structure with the given leaves.

    Raises:
        ValueError: if there are more or fewer leaves than places.
    """
    items = list(leaves)
    if len(items) != treespec.num_leaves:
        raise ValueError(
            f"tree_unflatten(leaves, treespec): `leaves` has length {len(items)} but the spec refers "
            f"to a pytree that holds {treespec.num_leaves} items ({treespec})."
        )
    return _unflatten(iter(items), treespec)


def _unflatten(leaves: Any, spec: TreeSpec) -> Any:
    if spec.type is None:
        return next(leaves)
    children = [_unflatten(leaves, child) for child in spec.children_specs]
    node = _NODES.get(spec.type)
    if node is None:
        node = _NAMED_TUPLE if hasattr(spec.type, "_fields") else _STRUCT_SEQUENCE
    return node.unflatten(children, spec.context)


def tree_leaves(tree: Any, is_leaf: _IsLeaf | None = None) -> list[Any]:
    """The leaves of a tree, in order."""
    return tree_flatten(tree, is_leaf)[0]


def tree_iter(tree: Any, is_leaf: _IsLeaf | None = None) -> Iterable[Any]:
    """An iterator over the leaves of a tree."""
    return iter(tree_leaves(tree, is_leaf))


def tree_structure(tree: Any, is_leaf: _IsLeaf | None = None) -> TreeSpec:
    """The structure of a tree."""
    return tree_flatten(tree, is_leaf)[1]


def tree_map(
    func: Callable[..., Any], tree: Any, *rests: Any, is_leaf: _IsLeaf | None = None
) -> Any:
    """A tree of the same structure with `func` applied to each leaf.

    Args:
        func: gets a leaf, and the values at its place in each of `rests`.
        tree: gives the structure.
        rests: trees of the same structure, or with further structure below it.
        is_leaf: says of a node that it is to be taken as a leaf.

    >>> tree_map(lambda a, b: a + b, {"x": 1, "y": (2,)}, {"x": 10, "y": (20,)})
    {'x': 11, 'y': (22,)}
    """
    leaves, spec = tree_flatten(tree, is_leaf)
    others = [spec.flatten_up_to(rest) for rest in rests]
    return _unflatten(iter([func(*items) for items in zip(leaves, *others)]), spec)


def tree_map_(func: Callable[..., Any], tree: Any, *rests: Any) -> Any:
    """Calls `func` for each leaf as `tree_map` does and returns the tree as it is."""
    tree_map(func, tree, *rests)
    return tree


def tree_map_only(type_or_types: Any, func: Callable[[Any], Any], tree: Any) -> Any:
    """`tree_map` for the leaves of some types; the others stay."""
    return tree_map(lambda x: func(x) if isinstance(x, type_or_types) else x, tree)


def tree_all(predicate: Callable[[Any], bool], tree: Any) -> bool:
    """Whether `predicate` holds for all leaves."""
    return all(map(predicate, tree_leaves(tree)))


def tree_any(predicate: Callable[[Any], bool], tree: Any) -> bool:
    """Whether `predicate` holds for some leaf."""
    return any(map(predicate, tree_leaves(tree)))


def _broadcast_to_and_flatten(
    tree: Any, treespec: TreeSpec, is_leaf: _IsLeaf | None = None
) -> list[Any] | None:
    """The leaves of a prefix of a structure, each repeated for all that stands below it.

    None where `tree` is no prefix.
    """
    found = None if is_leaf is not None and is_leaf(tree) else _node_of(tree)
    if found is None:
        return [tree] * treespec.num_leaves
    if treespec.type is None or found[0] is not treespec.type:
        return None
    children, context = found[1].flatten(tree)
    if context != treespec.context or len(children) != len(treespec.children_specs):
        return None
    leaves: list[Any] = []
    for child, spec in zip(children, treespec.children_specs):
        below = _broadcast_to_and_flatten(child, spec, is_leaf)
        if below is None:
            return None
        leaves += below
    return leaves
