"""Calls of the indexing, joining, sorting and cumulative families, for any module with this API.

Each case is a name and a function of (module, tensors); the tensors are made from INPUTS, of which
the floating ones are differentiated.
"""

import numpy as np

_random = np.random.default_rng(7)

INPUTS = {
    "matrix": _random.permutation(24).reshape(4, 6) / 7.0 - 1.5,
    "cube": _random.permutation(60).reshape(3, 4, 5) / 9.0 - 3.0,
    "image": _random.permutation(32).reshape(1, 2, 4, 4) / 5.0 - 3.0,
    "vector": np.array([2.5, -1.0, 0.5, 3.0, -2.0, 1.25]),
    "zeros": np.array([[1.5, 0.0, 2.0, -1.0], [0.0, 3.0, 0.0, 2.0]]),
    "rows": np.array([2, 0, 3, 0]),
    "columns": np.array([1, 5, 0, 1]),
    "few": np.array([[0, 2], [1, 1], [3, 0]]),
    "lanes": _random.integers(0, 4, (2, 6)),
    "mask": _random.random((4, 6)) > 0.5,
    "mask_row": np.array([True, False, True, True, False, False]),
    "ties": _random.integers(0, 3, (4, 6)).astype(float),
    "counts": np.array([1, 0, 2, 3, 1, 1]),
}

CASES = {
    "rows": lambda T, t: t["matrix"][t["rows"]],
    "negative": lambda T, t: t["matrix"][t["rows"] - 4],
    "pairs": lambda T, t: t["matrix"][t["rows"], t["columns"]],
    "broadcast": lambda T, t: t["matrix"][t["rows"].unsqueeze(1), t["columns"]],
    "adjacent": lambda T, t: t["cube"][:, t["rows"], t["rows"]],
    "apart": lambda T, t: t["cube"][t["few"][:2, 0], :, t["few"][:2, 1]],
    "slice and index": lambda T, t: t["cube"][1:, t["few"], ::2],
    "new dimension": lambda T, t: t["cube"][None, t["few"][:2] * 0, None],
    "transposed": lambda T, t: t["matrix"].t()[t["columns"]],
    "mask": lambda T, t: t["matrix"][t["mask"]],
    "mask of a dimension": lambda T, t: t["matrix"][:, t["mask_row"]],
    "masked_select": lambda T, t: T.masked_select(t["matrix"], t["mask_row"]),
    "masked_fill": lambda T, t: t["matrix"].masked_fill(t["mask_row"], 2.5),
    "masked_scatter": lambda T, t: t["matrix"].masked_scatter(t["mask"], t["cube"]),
    "index_put": lambda T, t: t["matrix"].index_put((t["rows"], t["columns"]), t["vector"][:4]),
    "index_put adds": lambda T, t: t["matrix"].index_put((t["rows"],), t["vector"], True),
    "index_select": lambda T, t: T.index_select(t["cube"], 1, t["rows"]),
    "index_add": lambda T, t: T.index_add(t["matrix"], 0, t["rows"], t["matrix"], alpha=2),
    "index_copy": lambda T, t: T.index_copy(t["matrix"], 1, t["few"][:, 0], t["matrix"][:, :3]),
    "index_fill": lambda T, t: T.index_fill(t["matrix"], 1, t["columns"], 9.0),
    "take": lambda T, t: T.take(t["matrix"], t["few"] * 5),
    "put": lambda T, t: T.put(t["matrix"], t["columns"], t["vector"][:4], accumulate=True),
    "gather": lambda T, t: T.gather(t["matrix"], 0, t["lanes"]),
    "gather in a cube": lambda T, t: T.gather(t["cube"], 1, t["lanes"][:, :4].unsqueeze(2)),
    "take_along_dim": lambda T, t: T.take_along_dim(t["matrix"], t["lanes"][:, :1].t(), 1),
    "scatter": lambda T, t: T.scatter(t["matrix"], 1, t["few"], t["cube"][0, :3, :2]),
    "scatter a number": lambda T, t: T.scatter(t["matrix"], 0, t["lanes"], 4.0),
    "scatter_add": lambda T, t: T.scatter_add(t["matrix"], 0, t["lanes"], t["matrix"][:2]),
    "embedding": lambda T, t: T.embedding(t["matrix"], t["few"], 1),
    "embedding by frequency": lambda T, t: T.embedding(t["matrix"], t["few"], -1, True),
    "cat": lambda T, t: T.cat((t["matrix"], t["matrix"][1:]), 0),
    "cat columns": lambda T, t: T.cat([t["matrix"], t["matrix"].t()[:4]], -1),
    "stack": lambda T, t: T.stack((t["matrix"], t["matrix"]), -1),
    "hstack": lambda T, t: T.hstack((t["vector"], t["vector"])),
    "vstack": lambda T, t: T.vstack((t["vector"], t["matrix"])),
    "dstack": lambda T, t: T.dstack((t["vector"], t["vector"])),
    "column_stack": lambda T, t: T.column_stack((t["vector"], t["matrix"].t())),
    "repeat": lambda T, t: t["matrix"].repeat(2, 1, 3),
    "tile": lambda T, t: t["cube"].tile((2,)),
    "repeat_interleave": lambda T, t: T.repeat_interleave(t["matrix"], 2, 1),
    "repeat_interleave each": lambda T, t: T.repeat_interleave(t["vector"], t["counts"]),
    "kron": lambda T, t: T.kron(t["vector"], t["zeros"]),
    "roll": lambda T, t: T.roll(t["matrix"], (1, -2), (0, 1)),
    "roll flat": lambda T, t: T.roll(t["matrix"], 7),
    "flip": lambda T, t: T.flip(t["cube"], (0, 2)),
    "fliplr": lambda T, t: T.fliplr(t["matrix"]),
    "rot90": lambda T, t: T.rot90(t["matrix"], 3),
    "tril": lambda T, t: T.tril(t["cube"], -1),
    "triu": lambda T, t: T.triu(t["matrix"].t(), 1),
    "diag": lambda T, t: T.diag(t["vector"], 1),
    "diag of a matrix": lambda T, t: T.diag(t["matrix"], -1),
    "diag_embed": lambda T, t: T.diag_embed(t["matrix"], 1, 0, 2),
    "diagonal_scatter": lambda T, t: T.diagonal_scatter(t["matrix"], t["vector"][:4]),
    "select_scatter": lambda T, t: T.select_scatter(t["matrix"], t["vector"], 0, -1),
    "slice_scatter": lambda T, t: T.slice_scatter(t["matrix"], t["zeros"].t(), 1, 0, 4, 2),
    "sort": lambda T, t: T.sort(t["matrix"], 0),
    "sort descending": lambda T, t: T.sort(t["ties"], stable=True, dim=1, descending=True),
    "argsort": lambda T, t: T.argsort(t["ties"], stable=True, dim=0),
    "topk": lambda T, t: T.topk(t["cube"], 2, 1),
    "topk smallest": lambda T, t: T.topk(t["matrix"], 3, 0, largest=False),
    "kthvalue": lambda T, t: T.kthvalue(t["cube"], 2, 1),
    "median": lambda T, t: T.median(t["matrix"], 1, True),
    "median of all": lambda T, t: T.median(t["matrix"]),
    "mode": lambda T, t: T.mode(t["ties"], 1),
    "unique": lambda T, t: T.unique(t["ties"].detach(), return_inverse=True, return_counts=True),
    "unique rows": lambda T, t: T.unique(t["ties"].detach()[t["rows"]], dim=0, return_inverse=True),
    "unique_consecutive": lambda T, t: T.unique_consecutive(t["ties"].detach(), return_counts=True),
    "searchsorted": lambda T, t: T.searchsorted(t["vector"].sort()[0], t["matrix"], right=True),
    "bucketize": lambda T, t: T.bucketize(t["ties"], t["ties"].flatten().sort()[0]),
    "isin": lambda T, t: T.isin(t["matrix"], t["matrix"][1]),
    "nonzero": lambda T, t: T.nonzero(t["mask"]),
    "where": lambda T, t: T.where(t["mask"]),
    "bincount": lambda T, t: T.bincount(t["columns"], minlength=9),
    "histc": lambda T, t: T.histc(t["matrix"].detach(), 5, -1, 1),
    "cumsum": lambda T, t: T.cumsum(t["cube"], 1),
    "cumsum of integers": lambda T, t: T.cumsum(t["few"], 0),
    "cumprod": lambda T, t: T.cumprod(t["zeros"], 1),
    "cummax": lambda T, t: T.cummax(t["ties"], 1),
    "cummin": lambda T, t: T.cummin(t["matrix"], 0),
    "logcumsumexp": lambda T, t: T.logcumsumexp(t["cube"], 2),
    "diff": lambda T, t: T.diff(t["matrix"], 2, 0),
    "trapezoid": lambda T, t: T.trapezoid(t["matrix"], t["vector"]),
    "cumulative_trapezoid": lambda T, t: T.cumulative_trapezoid(t["matrix"], dx=0.5, dim=0),
}
for _reduce in ("sum", "prod", "mean", "amax", "amin"):
    for _include in (True, False):
        CASES[f"scatter_reduce {_reduce} {_include}"] = lambda T, t, r=_reduce, i=_include: (
            T.scatter_reduce(t["matrix"], 0, t["lanes"], t["matrix"][1:3] * 0.5, r, include_self=i)
        )


def as_list(result):
    """The result as a flat list of tensors."""
    return list(result) if isinstance(result, (tuple, list)) else [result]
