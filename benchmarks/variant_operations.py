"""Variants of single operations: element-wise, reductions, rows, movements of data, products."""

from __future__ import annotations

from variant_work import MEGA, F, Family, booleans, both, layer, merged, positive, typed

from kajo.bench.work import Call, integers, normal, positive_definite

UNARY = [
    "abs",
    "neg",
    "exp",
    "log",
    "sqrt",
    "rsqrt",
    "reciprocal",
    "sin",
    "cos",
    "tan",
    "tanh",
    "sigmoid",
    "erf",
    "sign",
    "floor",
    "round",
    "square",
    "expm1",
    "log1p",
    "exp2",
    "log2",
    "atan",
    "asin",
    "sinh",
    "lgamma",
    "relu",
    "isnan",
    "isfinite",
]
ACTIVATIONS = [
    "relu",
    "gelu",
    "silu",
    "elu",
    "selu",
    "leaky_relu",
    "softplus",
    "hardswish",
    "hardsigmoid",
    "mish",
    "relu6",
    "logsigmoid",
    "tanhshrink",
    "softsign",
    "hardtanh",
    "celu",
]
BINARY = [
    "add",
    "sub",
    "mul",
    "div",
    "maximum",
    "minimum",
    "pow",
    "fmod",
    "remainder",
    "atan2",
    "eq",
    "lt",
]

POINTWISE: Family = merged(
    {f"{name}_1m": Call(name, (positive(MEGA),)) for name in UNARY},
    {f"{name}_64k": Call(name, (positive(1 << 16),)) for name in UNARY},
    {f"{name}_1m_float64": Call(name, (positive(MEGA, dtype="float64"),)) for name in UNARY},
    {f"{name}_1m_bfloat16": Call(name, (positive(MEGA, dtype="bfloat16"),)) for name in UNARY},
    *(both(f"{name}_1m", F + name, (MEGA,)) for name in ACTIVATIONS),
    both("gelu_tanh_1m", F + "gelu", (MEGA,), approximate="tanh"),
    both("prelu_1m", F + "prelu", (MEGA // 64, 64), (64,)),
    both("glu_1m", F + "glu", (MEGA // 64, 64)),
    both("dropout_1m", F + "dropout", (MEGA,)),
    {f"{name}_1m": Call(name, (positive(MEGA), positive(MEGA))) for name in BINARY},
    {
        f"{name}_1m_{dtype}": Call(name, (typed(dtype, MEGA), typed(dtype, MEGA)))
        for name in ("add", "mul", "maximum", "eq")
        for dtype in ("float64", "bfloat16", "float16", "int64", "int32", "uint8")
    },
    {
        f"pow_{power}_1m": Call("pow", (positive(MEGA),), (power,))
        for power in (2, 3, 0.5, -1, -2, 2.5, 1.5)
    },
    {
        "floor_divide_int64": Call(lambda a: a // 3, (typed("int64", MEGA),)),
        "remainder_int64": Call(lambda a: a % 7, (typed("int64", MEGA),)),
        "add_row": Call("add", (normal(1024, 1024), normal(1024))),
        "add_column": Call("add", (normal(1024, 1024), normal(1024, 1))),
        "mul_channel": Call("mul", (normal(32, 64, 28, 28), normal(1, 64, 1, 1))),
        "outer_sum": Call("add", (normal(1024, 1), normal(1, 1024))),
        "add_transposed": Call(lambda a, b: a + b.t(), (normal(1024, 1024), normal(1024, 1024))),
        "add_strided": Call(lambda a: a[:, ::2] + 1, (normal(1024, 2048),)),
        "add_in_place": Call(".add_", (normal(MEGA), normal(MEGA))),
        "addcmul": Call("addcmul", (normal(MEGA), normal(MEGA), normal(MEGA))),
        "addcdiv": Call("addcdiv", (normal(MEGA), normal(MEGA), positive(MEGA))),
        "lerp": Call("lerp", (normal(MEGA), normal(MEGA)), (0.3,)),
        "clamp": Call("clamp", (normal(MEGA),), (-0.5, 0.5)),
        "where": Call("where", (booleans(MEGA), normal(MEGA), normal(MEGA))),
        "masked_fill": Call(".masked_fill", (normal(MEGA), booleans(MEGA)), (0.0,)),
        "and_bool": Call("logical_and", (booleans(MEGA), booleans(MEGA))),
        "not_bool": Call("logical_not", (booleans(MEGA),)),
        "xor_int": Call("bitwise_xor", (typed("int64", MEGA), typed("int64", MEGA))),
        "complex_mul": Call("mul", (typed("complex64", MEGA), typed("complex64", MEGA))),
        "complex_abs": Call("abs", (typed("complex64", MEGA),)),
        "complex_exp": Call("exp", (typed("complex64", MEGA),)),
        "nan_to_num": Call("nan_to_num", (normal(MEGA),)),
        "full": Call(lambda T: T.full((MEGA,), 2.0), (lambda framework: framework,)),
        "arange": Call(lambda T: T.arange(MEGA), (lambda framework: framework,)),
        "linspace": Call(lambda T: T.linspace(0, 1, MEGA), (lambda framework: framework,)),
        "zeros_like": Call("zeros_like", (normal(MEGA),)),
    },
    {
        f"to_{there}_from_{here}": Call(
            lambda a, T, there=there: a.to(getattr(T, there)),
            (typed(here, MEGA), lambda framework: framework),
        )
        for here, there in (
            *(("float32", "float64"), ("float32", "bfloat16"), ("bfloat16", "float32")),
            *(("float32", "float16"), ("float16", "float32"), ("float32", "int64")),
            *(("int64", "float32"), ("uint8", "float32"), ("bool", "float32")),
            *(("float64", "float32"), ("int64", "int32"), ("float32", "bool")),
        )
    },
    {
        f"{name}_1m": Call(
            lambda T, name=name: getattr(T, name)(MEGA), (lambda framework: framework,)
        )
        for name in ("rand", "randn", "randperm")
    },
    {
        "bernoulli": Call("bernoulli", (positive(MEGA // 4),), (0.5,)),
        "randint": Call(lambda T: T.randint(0, 10, (MEGA,)), (lambda framework: framework,)),
        "exponential_": Call(".exponential_", (normal(MEGA),)),
        "multinomial": Call("multinomial", (positive(64, 1000),), (1,)),
    },
    both("mul_grad_1m", "mul", (MEGA,), (MEGA,)),
    both("div_grad_1m", "div", (MEGA,), positive(MEGA)),
    both("add_row_grad", "add", (1024, 1024), (1024,)),
    both("where_grad", "where", booleans(MEGA), (MEGA,), (MEGA,)),
    both("mse_loss", F + "mse_loss", (4096, 64), (4096, 64)),
    both("l1_loss", F + "l1_loss", (4096, 64), (4096, 64)),
    both("smooth_l1_loss", F + "smooth_l1_loss", (4096, 64), (4096, 64)),
    both("bce_logits", F + "binary_cross_entropy_with_logits", (4096, 64), positive(4096, 64)),
    both("kl_div", F + "kl_div", (4096, 64), positive(4096, 64), reduction="batchmean"),
    both("cosine_similarity", F + "cosine_similarity", (1024, 256), (1024, 256)),
    both("normalize", F + "normalize", (1024, 256)),
)

REDUCTIONS = [
    "sum",
    "mean",
    "amax",
    "amin",
    "prod",
    "var",
    "std",
    "norm",
    "argmax",
    "argmin",
    "logsumexp",
    "all",
    "any",
    "median",
    "count_nonzero",
    "max",
    "min",
]


def reduction(name: str, dim: int | None, *shape: int, dtype: str = "float32") -> Call:
    """A reduction over one dimension or all."""
    operand = booleans(*shape) if name in ("all", "any") else normal(*shape, dtype=dtype)
    if dim is None:
        return Call(f".{name}", (operand,))
    return Call(f".{name}", (operand,), settings={"dim": dim})


REDUCING: Family = merged(
    {f"{name}_all_1m": reduction(name, None, MEGA) for name in REDUCTIONS if name != "logsumexp"},
    {f"{name}_rows_1m": reduction(name, 1, 1024, 1024) for name in REDUCTIONS},
    {f"{name}_columns_1m": reduction(name, 0, 1024, 1024) for name in REDUCTIONS},
    {f"{name}_rows_64k": reduction(name, 1, 256, 256) for name in REDUCTIONS},
    {f"{name}_inner_1m": reduction(name, 1, 64, 256, 64) for name in REDUCTIONS},
    {f"{name}_short_rows": reduction(name, 1, 65536, 16) for name in REDUCTIONS},
    {
        f"{name}_{place}_{dtype}": reduction(name, dim, 1024, 1024, dtype=dtype)
        for name in ("sum", "mean", "amax", "argmax", "var")
        for place, dim in (("all", None), ("rows", 1), ("columns", 0))
        for dtype in ("float64", "bfloat16")
    },
    {
        f"{name}_all_{dtype}": Call(name, (typed(dtype, MEGA),))
        for name in ("sum", "amax", "argmax")
        for dtype in ("int64", "int32", "uint8")
    },
    {
        "sum_bool": Call("sum", (booleans(MEGA),)),
        "mean_images": Call("mean", (normal(32, 64, 56, 56),), ((2, 3),)),
        "var_channels": Call("var", (normal(32, 64, 28, 28),), ((0, 2, 3),)),
        "sum_rows_4m": Call("sum", (normal(2048, 2048),), (1,)),
        "sum_4m": Call("sum", (normal(4 * MEGA),)),
        "dot_1m": Call("dot", (normal(MEGA), normal(MEGA))),
        "norm_p1": Call("norm", (normal(MEGA),), (1,)),
        "allclose": Call("allclose", (positive(MEGA), positive(MEGA))),
        "equal": Call("equal", (typed("int64", MEGA), typed("int64", MEGA))),
        "cdist": Call("cdist", (normal(512, 64), normal(512, 64))),
        "cdist_p1": Call("cdist", (normal(256, 64), normal(256, 64)), (1.0,)),
        "std_mean": Call("std_mean", (normal(1024, 1024),), (1,)),
        "quantile": Call("quantile", (normal(1 << 16),), (0.3,)),
    },
    *(
        both(f"{name}_grad_rows", f".{name}", (1024, 1024), dim=1)
        for name in ("sum", "mean", "var", "amax", "logsumexp", "norm")
    ),
)

ROWS: Family = merged(
    *(
        both(f"{name}_{rows}x{columns}", F + name, (rows, columns), dim=-1)
        for name in ("softmax", "log_softmax")
        for rows, columns in (
            (32, 32),
            (128, 128),
            (4096, 64),
            (512, 512),
            (1024, 1000),
            (64, 32000),
        )
    ),
    both("softmax_heads", F + "softmax", (16, 8, 128, 128), dim=-1),
    both("softmax_columns", F + "softmax", (1024, 1024), dim=0),
    both("softmax_channels", F + "softmax", (8, 21, 64, 64), dim=1),
    *(
        layer(
            f"layer_norm_{rows}x{columns}",
            lambda nn, columns=columns: nn.LayerNorm(columns),
            rows,
            columns,
        )
        for rows, columns in ((64, 64), (4096, 64), (2048, 256), (1024, 768), (256, 4096))
    ),
    layer("layer_norm_float64", lambda nn: nn.LayerNorm(256), 2048, 256, dtype="float64"),
    layer("layer_norm_bfloat16", lambda nn: nn.LayerNorm(256), 2048, 256, dtype="bfloat16"),
    layer("rms_norm", lambda nn: nn.RMSNorm(768), 1024, 768),
    {
        f"softmax_{dtype}": Call(
            F + "softmax", (normal(1024, 1024, dtype=dtype),), settings={"dim": -1}
        )
        for dtype in ("float64", "bfloat16")
    },
    *(
        both(
            f"cross_entropy_{rows}x{classes}",
            F + "cross_entropy",
            (rows, classes),
            integers(classes, rows),
        )
        for rows, classes in ((8, 10), (128, 10), (1024, 1000), (512, 32000))
    ),
    both("cross_entropy_pixels", F + "cross_entropy", (8, 21, 64, 64), integers(21, 8, 64, 64)),
    both(
        "cross_entropy_smoothed",
        F + "cross_entropy",
        (1024, 100),
        integers(100, 1024),
        label_smoothing=0.1,
    ),
    both("nll_loss", F + "nll_loss", (1024, 100), integers(100, 1024)),
    *(
        both(f"{name}_{place}", name, (1024, 1024), dim=dim)
        for name in ("cumsum", "cumprod")
        for place, dim in (("rows", 1), ("columns", 0))
    ),
    {
        f"{name}_{place}": Call(name, (normal(1024, 1024),), settings={"dim": dim})
        for name in (
            "cummax",
            "logcumsumexp",
            "sort",
            "argsort",
            "kthvalue",
            "topk",
            "flip",
            "diff",
        )
        for place, dim in (("rows", 1), ("columns", 0))
        if name not in ("kthvalue", "topk", "flip")
    },
    {
        "cumsum_int64": Call("cumsum", (typed("int64", MEGA),), (0,)),
        "sort_int64": Call("sort", (typed("int64", MEGA),)),
        "sort_64": Call("sort", (normal(4096, 64),)),
        "topk_rows": Call("topk", (normal(1024, 1024),), (5,)),
        "topk_vocabulary": Call("topk", (normal(16, 32000),), (50,)),
        "kthvalue_rows": Call("kthvalue", (normal(1024, 1024),), (10,)),
        "unique": Call("unique", (typed("int64", MEGA),)),
        "unique_consecutive": Call("unique_consecutive", (typed("int64", MEGA),)),
        "bincount": Call("bincount", (typed("int64", MEGA),)),
        "histc": Call("histc", (normal(MEGA),), (100,)),
        "searchsorted": Call(
            lambda T, a, b: T.searchsorted(a, b),
            (lambda T: T, lambda T: T.linspace(-2, 2, 1000), normal(1 << 16)),
        ),
        "nonzero": Call("nonzero", (booleans(MEGA),)),
        "masked_select": Call("masked_select", (normal(MEGA), booleans(MEGA))),
        "isin": Call("isin", (typed("int64", 1 << 16), typed("int64", 50))),
    },
)

MOVING: Family = merged(
    both("cat_0", lambda a, b, T: T.cat((a, b)), (512, 512), (512, 512), lambda T: T),
    both(
        "cat_1", lambda a, b, T: T.cat((a, b), 1), (32, 64, 28, 28), (32, 64, 28, 28), lambda T: T
    ),
    both("cat_last", lambda a, b, T: T.cat((a, b), -1), (4096, 64), (4096, 64), lambda T: T),
    both("stack_0", lambda a, b, T: T.stack((a, b)), (512, 512), (512, 512), lambda T: T),
    both("stack_last", lambda a, b, T: T.stack((a, b), -1), (512, 512), (512, 512), lambda T: T),
    both("split_add", lambda a: sum(a.split(64, 1)), (1024, 256)),
    both("chunk_mul", lambda a: a.chunk(2, -1)[0] * a.chunk(2, -1)[1], (1024, 256)),
    both("transpose_contiguous", lambda a: a.t().contiguous(), (1024, 1024)),
    both("permute_heads", lambda a: a.permute(0, 2, 1, 3).contiguous(), (16, 128, 8, 64)),
    both("permute_images", lambda a: a.permute(0, 2, 3, 1).contiguous(), (16, 64, 56, 56)),
    both("expand_contiguous", lambda a: a.expand(1024, 1024).contiguous(), (1024, 1)),
    both("repeat", ".repeat", (256, 256), repeats=(4, 4)),
    both("index_select", "index_select", (4096, 256), lambda T: 0, integers(4096, 4096)),
    both("index_rows", lambda a, i: a[i], (4096, 256), integers(4096, 4096)),
    both(
        "index_pairs",
        lambda a, i, j: a[i, j],
        (1024, 1024),
        integers(1024, 65536),
        integers(1024, 65536),
    ),
    both("gather_columns", "gather", (1024, 1024), lambda T: 1, integers(1024, 1024, 64)),
    both("embedding", F + "embedding", integers(10000, 32, 128), (10000, 256)),
    both("embedding_small", F + "embedding", integers(65, 64, 64), (65, 128)),
    both("pad", F + "pad", (32, 64, 28, 28), pad=(1, 1, 1, 1)),
    both("pad_reflect", F + "pad", (32, 16, 28, 28), pad=(1, 1, 1, 1), mode="reflect"),
    both("slice_rows", lambda a: a[:, 10:500] * 2, (1024, 1024)),
    both("tril", "tril", (1024, 1024)),
    both("roll", "roll", (1024, 1024), shifts=3, dims=1),
    both("flip", "flip", (1024, 1024), dims=(1,)),
    both("unfold", F + "unfold", (8, 16, 32, 32), kernel_size=3),
    both("fold", F + "fold", (8, 144, 900), output_size=32, kernel_size=3),
    both(
        "masked_fill_grad", lambda a, m: a.masked_fill(m, 0.0), (1024, 1024), booleans(1024, 1024)
    ),
    both("repeat_interleave", lambda a: a.repeat_interleave(4, 0), (1024, 256)),
    both("interpolate_nearest", F + "interpolate", (8, 32, 32, 32), scale_factor=2),
    both(
        "interpolate_bilinear", F + "interpolate", (8, 32, 32, 32), scale_factor=2, mode="bilinear"
    ),
    both("pixel_shuffle", F + "pixel_shuffle", (8, 64, 32, 32), upscale_factor=2),
    {
        "scatter_add": Call(
            lambda a, i, b: a.scatter_add_(0, i, b),
            (normal(1024, 256), integers(1024, 4096, 256), normal(4096, 256)),
        ),
        "index_add": Call(
            lambda a, i, b: a.index_add_(0, i, b),
            (normal(1024, 256), integers(1024, 4096), normal(4096, 256)),
        ),
        "index_put": Call(
            lambda a, i, b: a.index_put_((i,), b),
            (normal(4096, 256), integers(4096, 1024), normal(1024, 256)),
        ),
        "index_put_accumulate": Call(
            lambda a, i, b: a.index_put_((i,), b, accumulate=True),
            (normal(4096, 256), integers(4096, 1024), normal(1024, 256)),
        ),
        "scatter_one_hot": Call(F + "one_hot", (integers(100, 4096),), (100,)),
        "clone_strided": Call(lambda a: a[:, ::2].clone(), (normal(1024, 2048),)),
        "copy_bfloat16_transposed": Call(
            lambda a: a.t().contiguous(), (normal(1024, 1024, dtype="bfloat16"),)
        ),
        "meshgrid": Call(
            lambda T, a: [x.contiguous() for x in T.meshgrid(a, a, indexing="ij")],
            (lambda T: T, normal(512)),
        ),
        "take_along_dim": Call(
            lambda T, a: T.take_along_dim(a, a.argsort(1), 1), (lambda T: T, normal(256, 256))
        ),
        "tolist": Call(".tolist", (normal(100, 100),)),
        "from_list": Call(lambda T: T.tensor([[1.0] * 100] * 100), (lambda T: T,)),
        "numpy": Call(lambda a: a.numpy(), (normal(100, 100),)),
        "add_in_loop": Call(lambda a: [a[i] + 1 for i in range(20)], (normal(20, 20),)),
        "assign_slices": Call(lambda a: [a[i].fill_(1.0) for i in range(20)], (normal(20, 20),)),
        "set_rows": Call(
            lambda a, b: a.__setitem__(slice(0, 100), b), (normal(1024, 256), normal(100, 256))
        ),
    },
)

PRODUCTS: Family = merged(
    *(
        both(f"matmul_{n}", "matmul", (n, n), (n, n))
        for n in (8, 16, 32, 64, 100, 128, 333, 500, 512)
    ),
    *(
        both(f"matmul_{m}x{k}x{n}", "matmul", (m, k), (k, n))
        for m, k, n in (
            (1, 512, 512),
            (8, 768, 3072),
            (64, 784, 128),
            (4096, 64, 64),
            (65536, 64, 64),
            (128, 8192, 128),
            (1000, 10, 1000),
            (32, 4096, 10),
        )
    ),
    *(
        both(f"linear_{m}x{k}x{n}", F + "linear", (m, k), (n, k), (n,))
        for m, k, n in (
            (1, 512, 512),
            (16, 2048, 512),
            (64, 784, 512),
            (2048, 256, 1024),
            (8, 128, 10),
        )
    ),
    *(
        both(f"bmm_{b}x{m}x{k}x{n}", "bmm", (b, m, k), (b, k, n))
        for b, m, k, n in (
            (64, 32, 32, 32),
            (128, 64, 64, 64),
            (64, 128, 64, 128),
            (8, 256, 256, 256),
            (1000, 8, 8, 8),
            (32, 1, 64, 512),
        )
    ),
    both("matmul_batched_broadcast", "matmul", (32, 128, 64), (64, 256)),
    both("mv_1024", "mv", (1024, 1024), (1024,)),
    both("outer_1024", "outer", (1024,), (1024,)),
    both("addmm", "addmm", (256, 256), (256, 512), (512, 256)),
    both("matmul_nt", lambda a, b: a @ b.t(), (512, 256), (512, 256)),
    both("matmul_tn", lambda a, b: a.t() @ b, (512, 256), (512, 256)),
    both(
        "einsum_heads",
        lambda a, b, T: T.einsum("bqhd,bkhd->bhqk", a, b),
        (8, 64, 8, 32),
        (8, 64, 8, 32),
        lambda T: T,
    ),
    both("bilinear", F + "bilinear", (64, 32), (64, 32), (16, 32, 32)),
    {
        f"matmul_{n}_{dtype}": Call("matmul", (typed(dtype, n, n), typed(dtype, n, n)))
        for n in (64, 256, 512)
        for dtype in ("float64", "bfloat16", "float16", "int64", "complex64")
    },
    {
        f"linear_{m}_bfloat16": Call(
            F + "linear", (normal(m, 768, dtype="bfloat16"), normal(3072, 768, dtype="bfloat16"))
        )
        for m in (1, 16, 128, 1024)
    },
    {
        f"{name}_{n}": Call(name, (positive_definite(n),))
        for name in (
            "linalg.cholesky",
            "linalg.inv",
            "linalg.det",
            "linalg.qr",
            "linalg.eigh",
            "linalg.svd",
            "linalg.slogdet",
            "linalg.eig",
            "linalg.pinv",
            "matrix_exp",
        )
        for n in (4, 32, 128)
    },
    {
        f"{name}_batch": Call(
            name, (lambda T: T.eye(8) * 8 + T.randn(500, 8, 8) @ T.randn(500, 8, 8) * 0.01,)
        )
        for name in ("linalg.inv", "linalg.det", "linalg.qr", "linalg.svd", "linalg.eigh")
    },
    {
        "linalg.solve_256": Call("linalg.solve", (positive_definite(256), normal(256, 16))),
        "linalg.lstsq": Call("linalg.lstsq", (normal(256, 64), normal(256, 4))),
        "fft_rows": Call("fft.fft", (typed("complex64", 256, 1024),)),
        "rfft_rows": Call("fft.rfft", (normal(256, 1024),)),
        "fft2": Call("fft.fft2", (normal(16, 128, 128),)),
        "irfft": Call("fft.irfft", (typed("complex64", 256, 513),)),
        "fft_odd": Call("fft.fft", (typed("complex64", 100, 1001),)),
        "stft": Call(
            lambda T, a, w: T.stft(a, 512, 128, window=w, return_complex=True),
            (lambda T: T, normal(16000), lambda T: T.hann_window(512)),
        ),
        "kron": Call("kron", (normal(32, 32), normal(32, 32))),
        "cross": Call("linalg.cross", (normal(65536, 3), normal(65536, 3))),
    },
)
