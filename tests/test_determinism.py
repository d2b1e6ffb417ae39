"""Results have the same bits for every number of threads, forward and backward.

Every public operation is called with arguments that one of its schemas allows: they are found by trying
with few elements, and then made so large that the work is shared out. What that does not find, and what is
no operation, is called as `SPECIAL` says.
"""

import itertools
import re
import warnings

import pytest

import kajo
from kajo._documentation.listing import operations
from kajo.nn import functional as F

THREADS = (1, 2, 3)
SMALL, LARGE = 4, 320
MOST_TRIALS = 4000
# What an argument of each type may be, in the order in which it is tried; tensors are those of `tensors`.
CANDIDATES = {
    "Tensor": ("matrix", "index", "vector", "indices", "batch", "truths", "images", "complex", "number"),
    "Tensor[]": (["matrix", "matrix"], ["vector", "vector"], ["index"]),
    "Tensor?[]": (["index"],),
    "Scalar": (2,),
    "int": (1, 0, 2),
    "int[]": ([1], [0, 1], [2, 2], [1, 1, 1]),
    "float": (0.5,),
    "float[]": ([0.5],),
    "bool": (True,),
    "str": ("sum", "mean", "prod"),
    "ScalarType": (kajo.float64,),
}
# Uninitialised, or Python calls for each element, or the parts of a tensor that are there already.
NOTHING_TO_SHARE = """
    apply_ map_ map2_ empty empty_like empty_strided new_empty new_empty_strided resize_ resize_as_
    ccol_indices col_indices crow_indices row_indices indices values is_coalesced
""".split()
MISSING = """\
No arguments were found for these operations. Give a call of each in SPECIAL in tests/test_determinism.py, with
tensors large enough for several threads; or, where there is nothing to compute, name it in NOTHING_TO_SHARE.
"""


def tensors(n):
    """What a tensor argument may be, by its kind, with sides of n elements."""
    source = kajo.Generator().manual_seed(7)
    return {
        "matrix": kajo.rand(n, n, generator=source) + n * kajo.eye(n),  # positive definite
        "vector": kajo.rand(n, generator=source),
        "indices": kajo.randint(0, n, (n, n), generator=source),
        "index": kajo.randint(0, n, (n,), generator=source),
        "truths": kajo.rand(n, n, generator=source) < 0.5,
        "batch": kajo.rand(2, n, n, generator=source),
        "images": kajo.rand(1, 2, n, n, generator=source),
        "complex": kajo.complex(kajo.rand(n, n, generator=source), kajo.rand(n, n, generator=source)),
        "number": kajo.tensor(0.5),
    }


class Arguments(dict):
    """Tensors by kind, and others at random; gradients are computed for all of them."""

    def __init__(self, made):
        super().__init__({kind: tensor.clone() for kind, tensor in made.items()})
        self.leaves = with_gradients([*self.values()])

    def random(self, *shape):
        source = kajo.Generator().manual_seed(len(shape))
        self.leaves.append(kajo.rand(*shape, generator=source).requires_grad_())
        return self.leaves[-1]


def of_sparse(work):
    """A call on a sparse matrix that gives its result, or the result's elements."""
    return lambda t: work((t["matrix"] * (t["matrix"] > 0.9)).to_sparse())


def recurrent(kind):
    def call(t):
        module = getattr(kajo.nn, kind)(24, 48, num_layers=2)
        t.leaves.extend(module.parameters())
        return module(t.random(12, 40, 24))

    return call


def steps(kind):
    """Parameters after three steps of an optimiser."""

    def call(t):
        parameter = kajo.nn.Parameter(t["matrix"].detach().clone())
        optimiser = getattr(kajo.optim, kind)([parameter], lr=0.1)
        for _ in range(3):
            parameter.grad = t["batch"][0].detach().clone()
            optimiser.step()
        return parameter.detach()

    return call


def transformer(t):
    layer = kajo.nn.TransformerEncoderLayer(64, 4, 128, dropout=0.1)
    t.leaves.extend(layer.parameters())
    return layer(t.random(40, 16, 64))


IMAGES = (6, 16, 24, 24)
SPECIAL = {
    "clamp": lambda t: kajo.clamp(t["matrix"], t["vector"]),
    "clip": lambda t: kajo.clip(t["matrix"], 0.2, 0.7),
    "clamp_": lambda t: kajo.clamp_(t["matrix"].detach(), 0.2, 0.7),
    "clip_": lambda t: kajo.clip_(t["matrix"].detach(), 0.2, 0.7),
    "float_power_": lambda t: t["matrix"].detach().double().float_power_(2),
    "cross": lambda t: kajo.cross(t.random(90000, 3), t.random(90000, 3), dim=1),
    "linalg.cross": lambda t: kajo.linalg.cross(t.random(90000, 3), t.random(90000, 3)),
    "kron": lambda t: kajo.kron(t.random(40, 40), t.random(20, 20)),
    "diagflat": lambda t: kajo.diagflat(t["vector"]),
    "diag_embed": lambda t: kajo.diag_embed(t["vector"].expand(4, -1)),
    "linalg.vander": lambda t: kajo.linalg.vander(t["vector"]),
    "quantile": lambda t: kajo.quantile(t["matrix"], 0.3, dim=0),
    "nanquantile": lambda t: kajo.nanquantile(t["matrix"], 0.3, dim=1),
    "segment_reduce": lambda t: kajo.segment_reduce(
        t["matrix"], "mean", lengths=kajo.tensor([LARGE // 2] * 2)
    ),
    "istft": lambda t: kajo.istft(kajo.stft(t.random(60000), 64, return_complex=True), 64),
    "stft": lambda t: kajo.stft(t.random(60000), 64, return_complex=True),
    "view_as_complex": lambda t: kajo.view_as_complex(t.random(90000, 2)) * 2,
    "view_as_complex_copy": lambda t: kajo.view_as_complex_copy(t.random(90000, 2)),
    "unflatten": lambda t: t["matrix"].unflatten(1, (2, -1)).sum(0),
    "view": lambda t: t["matrix"].view(-1, 2).sum(0),
    "view_copy": lambda t: kajo.view_copy(t["matrix"], (-1, 2)),
    "reshape": lambda t: t["matrix"].t().reshape(-1, 2),
    "split_with_sizes": lambda t: t["matrix"].split_with_sizes([1, LARGE - 1]),
    "split_with_sizes_copy": lambda t: kajo.split_with_sizes_copy(t["matrix"], [1, LARGE - 1]),
    "unsafe_split_with_sizes": lambda t: t["matrix"].unsafe_split_with_sizes([1, LARGE - 1]),
    # factorisations and what is solved with them
    "lu_unpack": lambda t: kajo.lu_unpack(*kajo.linalg.lu_factor(t["matrix"])),
    "lu_solve": lambda t: kajo.lu_solve(t["matrix"], *kajo.linalg.lu_factor(t["matrix"])),
    "linalg.lu_solve": lambda t: kajo.linalg.lu_solve(
        *kajo.linalg.lu_factor(t["matrix"]), t["matrix"]
    ),
    "linalg.ldl_solve": lambda t: kajo.linalg.ldl_solve(
        *kajo.linalg.ldl_factor(t["matrix"]), t["matrix"].detach()
    ),
    "svd of a batch": lambda t: kajo.linalg.svdvals(t.random(64, 24, 24)),
    # sparse
    "coalesce": of_sparse(lambda s: s.coalesce().values()),
    "sparse_mask": lambda t: t["matrix"].sparse_mask((t["matrix"] > 0.9).to_sparse()).values(),
    "to_sparse_bsr": lambda t: t["matrix"].to_sparse_bsr((2, 2)).values(),
    "to_sparse_bsc": lambda t: t["matrix"].to_sparse_bsc((2, 2)).values(),
    "smm": of_sparse(lambda s: kajo.smm(s, kajo.ones(LARGE, 4)).to_dense()),
    "sparse_coo_tensor": lambda t: kajo.sparse_coo_tensor(
        t["indices"].view(2, -1), t.random(t["indices"].numel() // 2), (LARGE, LARGE)
    ).to_dense(),
    **{
        f"sparse_{kind}_tensor": lambda t, kind=kind: getattr(kajo, f"sparse_{kind}_tensor")(
            kajo.arange(LARGE + 1), t["index"], t["vector"], (LARGE, LARGE)
        ).to_dense()
        for kind in ("csr", "csc")
    },
    **{
        f"sparse_{kind}_tensor": lambda t, kind=kind: getattr(kajo, f"sparse_{kind}_tensor")(
            kajo.arange(LARGE + 1), t["index"], t.random(LARGE, 2, 2), (2 * LARGE, 2 * LARGE)
        ).to_dense()
        for kind in ("bsr", "bsc")
    },
    "sparse_compressed_tensor": lambda t: kajo.sparse_compressed_tensor(
        kajo.arange(LARGE + 1), t["index"], t["vector"], (LARGE, LARGE), layout=kajo.sparse_csr
    ).to_dense(),
    "product with sparse": of_sparse(lambda s: s @ kajo.ones(LARGE, 64)),
    # networks
    "batch_norm": lambda t: kajo.batch_norm(t.random(*IMAGES), *4 * [None], True, 0.1, 1e-5),
    "native_batch_norm": lambda t: kajo.native_batch_norm(
        t.random(*IMAGES), *4 * [None], True, 0.1, 1e-5
    ),
    "layer_norm": lambda t: kajo.layer_norm(t["matrix"], [LARGE], t["vector"], t["vector"]),
    "native_layer_norm": lambda t: kajo.native_layer_norm(
        t["matrix"], [LARGE], t["vector"], t["vector"], 1e-5
    ),
    "native_group_norm": lambda t: kajo.native_group_norm(
        t.random(*IMAGES), None, None, 6, 16, 576, 4, 1e-5
    ),
    "native_dropout": lambda t: kajo.native_dropout(t["matrix"], 0.5, True),
    "conv1d": lambda t: kajo.conv1d(t.random(6, 16, 500), t.random(24, 16, 5), t.random(24)),
    "conv2d": lambda t: kajo.conv2d(t.random(*IMAGES), t.random(24, 16, 3, 3), t.random(24)),
    "conv2d in groups": lambda t: kajo.conv2d(t.random(*IMAGES), t.random(32, 4, 3, 3), groups=4),
    "conv2d by Winograd": lambda t: kajo.conv2d(t.random(4, 64, 24, 24), t.random(64, 64, 3, 3), padding=1),
    "conv2d of every channel": lambda t: kajo.conv2d(t.random(*IMAGES), t.random(16, 1, 3, 3), groups=16),
    "conv3d": lambda t: kajo.conv3d(t.random(2, 4, 12, 12, 12), t.random(8, 4, 3, 3, 3)),
    "conv_transpose1d": lambda t: kajo.conv_transpose1d(t.random(6, 16, 500), t.random(16, 8, 5)),
    "conv_transpose2d": lambda t: kajo.conv_transpose2d(t.random(*IMAGES), t.random(16, 8, 3, 3)),
    "conv_transpose3d": lambda t: kajo.conv_transpose3d(t.random(2, 4, 12, 12, 12), t.random(4, 4, 3, 3, 3)),
    "convolution": lambda t: kajo.convolution(
        t.random(*IMAGES), t.random(16, 16, 3, 3), None, [2, 2], [1, 1], [1, 1], False, [0, 0], 1
    ),
    "conv_tbc": lambda t: kajo.conv_tbc(t.random(60, 8, 32), t.random(3, 32, 32), t.random(32)),
    "ctc_loss": lambda t: kajo.ctc_loss(
        t.random(60, 30, 12).log_softmax(2), kajo.arange(11).add(1).expand(30, -1), [60] * 30, [11] * 30
    ),
    "embedding_bag": lambda t: F.embedding_bag(t["indices"], t["matrix"]),
    "embedding": lambda t: F.embedding(t["indices"], t["matrix"]),
    "grid_sample": lambda t: F.grid_sample(t.random(*IMAGES), t.random(6, 50, 50, 2), align_corners=False),
    "interpolate": lambda t: F.interpolate(t.random(*IMAGES), scale_factor=2, mode="bicubic"),
    "cross_entropy": lambda t: F.cross_entropy(t["matrix"], t["index"]),
    "fold": lambda t: F.fold(F.unfold(t.random(*IMAGES), 3), (24, 24), 3),
    "fractional_max_pool2d": lambda t: F.fractional_max_pool2d(t.random(*IMAGES), 2, output_size=12),
    "attention": lambda t: F.scaled_dot_product_attention(*(t.random(4, 8, 70, 32) for _ in range(3))),
    "causal attention": lambda t: F.scaled_dot_product_attention(
        *(t.random(4, 8, 70, 32) for _ in range(3)), is_causal=True
    ),
    "cdist": lambda t: kajo.cdist(t["matrix"], t["matrix"]),
    "einsum": lambda t: kajo.einsum("bij,jk->ik", t["batch"], t["matrix"]),
    "unique": lambda t: kajo.unique(t["indices"], return_inverse=True, return_counts=True),
    "sums of 16 bits": lambda t: t["matrix"].bfloat16().sum(),
    "accumulated places": lambda t: t["matrix"].index_put((t["index"],), t["matrix"], accumulate=True),
    "Fourier transform": lambda t: kajo.fft.fft2(t["matrix"]),
    **{kind: recurrent(kind) for kind in ("RNN", "GRU", "LSTM")},
    "transformer": transformer,
    **{kind: steps(kind) for kind in ("SGD", "Adam", "AdamW", "RMSprop", "Adagrad", "Adadelta")},
}


# ---- calls ------------------------------------------------------------------------------------------


def parameters(schema):
    """(type, name, whether it has to be given) of each parameter of a schema."""
    inside = schema[schema.index("(") + 1 : schema.rindex(") -> ")]
    for part in re.split(r", (?![^\[]*\])", inside):
        match = re.match(r"([\w\[\]?]+?)(\[\d\])?(\?)? (\w+)(=.*)?$", part)
        if match:
            kind, fixed, optional, name, default = match.groups()
            yield kind + ("[]" if fixed else ""), name, default is None and not optional


def drawn(choice, made):
    """The argument that a candidate stands for; tensors are copied, as calls may write to them."""
    if isinstance(choice, list) and choice and isinstance(choice[0], str):
        return [drawn(item, made) for item in choice]
    return made[choice].clone() if isinstance(choice, str) and choice in made else choice


def attempt(operation, names, choices, made):
    try:
        result = operation(**{name: drawn(choice, made) for name, choice in zip(names, choices)})
    except Exception:  # whatever refuses the arguments
        return None
    return (result,)


def found_arguments(operation, schema):
    """Names of arguments and candidates that a call takes with few as well as with many elements."""
    needed = [(kind, name) for kind, name, required in parameters(schema) if required]
    if any(kind not in CANDIDATES for kind, _ in needed):
        return None
    names = [name for _, name in needed]
    few = tensors(SMALL)
    trials = itertools.product(*(CANDIDATES[kind] for kind, _ in needed))
    for choices in itertools.islice(trials, MOST_TRIALS):
        if attempt(operation, names, choices, few):
            return names, choices
    return None


def leaves_of(value):
    if isinstance(value, kajo.Tensor):
        yield value
    elif isinstance(value, (tuple, list)):
        for item in value:
            yield from leaves_of(item)
    elif isinstance(value, dict):
        yield from leaves_of(list(value.values()))


def bits(value):
    if value.layout is not kajo.strided:
        value = value.to_dense()
    plain = value.detach().resolve_conj().resolve_neg().contiguous()
    return plain.dtype, tuple(plain.shape), bytes(plain.untyped_storage()) if plain.numel() else b""


def gradients(result, inputs):
    outputs = [t for t in leaves_of(result) if t.requires_grad and t.grad_fn is not None]
    if not outputs or not inputs:
        return ()
    source = kajo.Generator().manual_seed(3)
    starts = [kajo.randn(t.shape, dtype=t.dtype, generator=source) for t in outputs]
    try:
        return kajo.autograd.grad(outputs, inputs, starts, allow_unused=True)
    except NotImplementedError:  # there is none, by some inputs
        return ()


def outcome(call, threads):
    """The bits of the results of a call and of the gradients by its arguments."""
    kajo.set_num_threads(threads)
    kajo.manual_seed(1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        result, inputs = call()
        return [bits(t) for t in leaves_of([result, gradients(result, inputs)])]


def differs(call):
    first, *others = [outcome(call, threads) for threads in THREADS]
    return any(first != other for other in others)


def with_gradients(values):
    """The tensors among some values that gradients are computed for."""
    floating = (t for t in leaves_of(values) if t.is_floating_point() or t.is_complex())
    return [t.requires_grad_() for t in floating]


def prepared(operation, names, choices, made):
    """A call with fresh arguments that gives its result and what gradients are computed for."""

    def call():
        arguments = {name: drawn(choice, made) for name, choice in zip(names, choices)}
        inputs = [] if operation.__name__.endswith("_") else with_gradients(arguments)
        return operation(**arguments), inputs

    return call


def special(name, made):
    def call():
        arguments = Arguments(made)
        return SPECIAL[name](arguments), [] if name.endswith("_") else arguments.leaves

    return call


@pytest.fixture(autouse=True)
def restore_threads():
    before = kajo.get_num_threads()
    yield
    kajo.set_num_threads(before)


def names_of(listed):
    return {listed.operation.full_name, listed.operation.__name__}


def test_operations_give_the_same_bits_for_every_number_of_threads():
    many = tensors(LARGE)
    different, missing = [], []
    for listed in operations():
        operation = listed.operation
        if names_of(listed) & {*NOTHING_TO_SHARE, *SPECIAL}:
            continue
        called = False
        for schema in operation.schemas:
            found = found_arguments(operation, schema)
            if found is None:
                continue
            try:
                if differs(prepared(operation, *found, many)):
                    different.append(schema)
                called = True
            except (RuntimeError, ValueError, TypeError, IndexError):  # large ones do not fit
                pass
        if not called:
            missing.append(f"{listed.name}: {operation.schemas[0]}")
    assert not different, "\n".join(different)
    assert not missing, MISSING + "\n".join(missing)


@pytest.mark.parametrize("name", SPECIAL)
def test_further_calls_give_the_same_bits_for_every_number_of_threads(name):
    assert not differs(special(name, tensors(LARGE)))
