"""Which operations autocast runs in which precision on the CPU; all others take what they get.

The names are those of functions without their namespace; methods and operators go by the same names.
"""

from __future__ import annotations

# What gains from 16 bits: products.
LOWER_PRECISION = frozenset({
    "addbmm", "addmm", "baddbmm", "bmm", "chain_matmul", "conv1d", "conv2d", "conv3d", "conv_tbc",
    "conv_transpose1d", "conv_transpose2d", "conv_transpose3d", "linalg.matrix_power",
    "linalg.multi_dot", "linalg.vecdot", "linear", "matmul", "matrix_power", "mm", "prelu",
    "scaled_dot_product_attention",
})  # fmt: skip

# What loses too much in 16 bits: losses, sums of many terms, factorisations, transforms.
FLOAT32 = frozenset({
    "adaptive_avg_pool3d", "adaptive_max_pool3d", "avg_pool3d", "binary_cross_entropy",
    "binary_cross_entropy_with_logits", "cdist", "cholesky", "cholesky_inverse", "cholesky_solve",
    "cosine_embedding_loss", "cross_entropy", "ctc_loss", "fractional_max_pool2d",
    "fractional_max_pool3d", "geqrf", "grid_sample", "hinge_embedding_loss", "huber_loss", "inverse",
    "istft", "kl_div", "l1_loss", "lu_solve", "margin_ranking_loss", "max_pool3d", "max_unpool1d",
    "max_unpool2d", "max_unpool3d", "mse_loss", "multi_margin_loss", "multilabel_margin_loss", "nanquantile",
    "nll_loss", "orgqr", "ormqr", "pinverse", "poisson_nll_loss", "polar", "prod", "qr", "quantile",
    "smooth_l1_loss", "soft_margin_loss", "stft", "svd", "trace", "triangular_solve",
    "triplet_margin_loss", "view_as_complex",
    "fft.fft", "fft.fft2", "fft.fftn", "fft.hfft", "fft.ifft", "fft.ifft2", "fft.ifftn", "fft.ihfft",
    "fft.irfft", "fft.irfft2", "fft.irfftn", "fft.rfft", "fft.rfft2", "fft.rfftn",
    "linalg.cholesky", "linalg.cholesky_ex", "linalg.cond", "linalg.eig", "linalg.eigh",
    "linalg.eigvals", "linalg.eigvalsh", "linalg.householder_product", "linalg.inv", "linalg.inv_ex",
    "linalg.lstsq", "linalg.matrix_norm", "linalg.matrix_rank", "linalg.norm", "linalg.pinv",
    "linalg.qr", "linalg.solve", "linalg.svd", "linalg.svdvals", "linalg.tensorinv",
    "linalg.tensorsolve",
})  # fmt: skip

# Ways to pad that are done in float32.
FLOAT32_PADDING = frozenset({"reflect", "replicate"})

# Made of products, but done as a whole in the dtype given.
UNCHANGED = frozenset({"tensordot"})

# What puts tensors together: all take the widest of their dtypes.
PROMOTE = frozenset({"cat", "index_copy", "stack"})
