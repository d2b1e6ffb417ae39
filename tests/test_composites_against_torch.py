"""Composites give PyTorch's results."""

import numpy
import pytest

import kajo
from kajo.autograd import gradcheck, gradgradcheck

torch = pytest.importorskip("torch")

A = numpy.random.default_rng(0).standard_normal((3, 4))
B = numpy.random.default_rng(1).standard_normal((4, 5))
C = numpy.random.default_rng(2).standard_normal((2, 3, 4))
D = numpy.random.default_rng(3).standard_normal((2, 4, 3))
S = numpy.random.default_rng(4).standard_normal((3, 3))
V = numpy.random.default_rng(5).standard_normal(64)
Z = V[:32] + 1j * V[32:]
N = numpy.where(A > 0.8, numpy.nan, A)

CASES = {
    "einsum_matmul": lambda m, t: m.einsum("ij,jk->ik", t(A), t(B)),
    "einsum_implicit": lambda m, t: m.einsum("ij,jk", t(A), t(B)),
    "einsum_trace": lambda m, t: m.einsum("ii", t(S)),
    "einsum_diagonal": lambda m, t: m.einsum("ii->i", t(S)),
    "einsum_batch": lambda m, t: m.einsum("bij,bjk->bik", t(C), t(D)),
    "einsum_ellipsis": lambda m, t: m.einsum("...ij,...jk->...ik", t(C), t(D)),
    "einsum_ellipsis_sum": lambda m, t: m.einsum("i...->...", t(C)),
    "einsum_outer": lambda m, t: m.einsum("i,j->ij", t(V), t(V)),
    "einsum_three": lambda m, t: m.einsum("ij,jk,lj->il", t(A), t(B), t(A)),
    "einsum_permute": lambda m, t: m.einsum("bij->jbi", t(C)),
    "einsum_hadamard": lambda m, t: m.einsum("ij,ij->ij", t(A), t(A)),
    "einsum_sublists": lambda m, t: m.einsum(t(A), [0, 1], t(B), [1, 2], [2, 0]),
    "einsum_broadcast": lambda m, t: m.einsum("ij,kj->ik", t(A), t(A[:, :1])),
    "tensordot": lambda m, t: m.tensordot(t(C), t(D), dims=([1, 2], [2, 1])),
    "tensordot_int": lambda m, t: m.tensordot(t(A), t(B), dims=1),
    "chain_matmul": lambda m, t: (
        m.linalg.multi_dot([t(A), t(B)]) if m is torch else m.chain_matmul(t(A), t(B))
    ),
    "cdist": lambda m, t: m.cdist(t(A), t(A) + 1),
    "cdist_one": lambda m, t: m.cdist(t(A), t(A) + 1, p=1.0),
    "meshgrid_xy": lambda m, t: m.meshgrid(t(A[0]), t(A[1, :3]), indexing="xy")[1],
    "meshgrid_ij": lambda m, t: m.meshgrid(t(A[0]), t(A[1, :3]), indexing="ij")[0],
    "cartesian_prod": lambda m, t: m.cartesian_prod(t(A[0]), t(A[1])),
    "combinations": lambda m, t: m.combinations(t(A[0]), 3),
    "block_diag": lambda m, t: m.block_diag(t(A), t(B), t(A[0])),
    "atleast_3d": lambda m, t: m.atleast_3d(t(A)),
    "atleast_3d_vector": lambda m, t: m.atleast_3d(t(V)),
    "hsplit": lambda m, t: m.hsplit(t(A), 2)[1],
    "dsplit": lambda m, t: m.dsplit(t(C), [1, 3])[1],
    "vander": lambda m, t: m.vander(t(A[0]), 3),
    "quantile": lambda m, t: m.quantile(t(A), t(numpy.array([0.1, 0.5])), dim=1, keepdim=True),
    "quantile_all": lambda m, t: m.quantile(t(A), 0.3),
    "quantile_nan": lambda m, t: m.quantile(t(N), 0.3, dim=0),
    "nanquantile": lambda m, t: m.nanquantile(t(N), 0.3, dim=1, interpolation="midpoint"),
    "cov": lambda m, t: m.cov(t(A)),
    "cov_weights": lambda m, t: m.cov(t(A), fweights=m.tensor([1, 2, 1, 3]), aweights=t(abs(A[0]))),
    "corrcoef": lambda m, t: m.corrcoef(t(A)),
    "gradient": lambda m, t: m.gradient(t(A), spacing=2.0)[1],
    "gradient_uneven": lambda m, t: m.gradient(
        t(V), spacing=(t(numpy.cumsum(abs(V))),), edge_order=2
    )[0],
    "gradient_coordinates": lambda m, t: m.gradient(
        t(A), spacing=[t(numpy.array([0.0, 3.0, 1.0])), t(numpy.array([1.0, 2.0, 4.0, 8.0]))]
    )[0],
    "gradient_integers": lambda m, t: m.gradient(m.tensor([1, 4, 9, 17]), spacing=2)[0],
    "histogram": lambda m, t: m.histogram(t(A), 5, range=(-1.0, 1.5), weight=t(abs(A)))[0],
    "histogram_edges": lambda m, t: m.histogram(
        t(V), t(numpy.array([-1.0, 0.0, 0.25, 3.0])), density=True
    )[0],
    "histogram_default": lambda m, t: m.histogram(t(V))[1],
    "histogramdd": lambda m, t: m.histogramdd(t(C), 3, density=True)[0],
    "histogramdd_edges": lambda m, t: m.histogramdd(t(A), [2, 1, 3, 2]).bin_edges[2],
    "histc_half": lambda m, t: m.histc(t(V).to(m.bfloat16), 50, 0, 3).double(),
    "nonzero_static": lambda m, t: m.nonzero_static(t(A) > 0, size=9, fill_value=7),
    "fill_diagonal": lambda m, t: m.zeros(9, 3).fill_diagonal_(2.0, wrap=True),
    "fill_diagonal_cube": lambda m, t: t(C[:, :2, :2]).fill_diagonal_(9),
    "apply": lambda m, t: t(A).apply_(lambda x: 2 * x),
    "map": lambda m, t: t(A).map_(t(B[:3, :4]), lambda x, y: x * y),
    "map2": lambda m, t: t(A).map2_(t(A), t(A), lambda x, y, z: x + y * z),
    "native_layer_norm": lambda m, t: m.native_layer_norm(t(C), (3, 4), None, None, 0.1)[2],
    "native_group_norm": lambda m, t: m.native_group_norm(t(D), None, None, 2, 4, 3, 2, 0.1)[1],
    "native_batch_norm": lambda m, t: m.native_batch_norm(
        t(D), t(B[:, 0]), None, None, None, True, 0.1, 0.1
    )[1],
    "grid_sampler": lambda m, t: m.grid_sampler_2d(
        t(C[None]), t(numpy.tanh(D[None, 0, :, :2].reshape(1, 2, 2, 2))), 2, 1, False
    ),
    "grid_sampler_bfloat16": lambda m, t: m.grid_sampler_2d(
        t(C[None]).to(m.bfloat16),
        t(numpy.tanh(D[None, 0, :, :2].reshape(1, 2, 2, 2))).to(m.bfloat16),
        2,
        0,
        True,
    ).float(),
    "logcumsumexp_complex": lambda m, t: m.logcumsumexp(t(Z), 0),
    "diff_none": lambda m, t: m.diff(t(A), 0, prepend=t(A)),
    "pad_circular_crop": lambda m, t: m.nn.functional.pad(t(C), (-1, 2), "circular"),
    "norm": lambda m, t: m.norm(t(A)),
    "norm_dim": lambda m, t: t(C).norm(3, dim=(0, 1), keepdim=True),
    "norm_inf": lambda m, t: t(C).norm(float("inf"), dim=1),
    "renorm": lambda m, t: m.renorm(t(A), 2, 0, 1.0),
    "cross": lambda m, t: m.cross(t(A[:, :2]), t(A[:, 2:]), dim=0),
    "trace": lambda m, t: t(S).trace(),
    "fft": lambda m, t: m.fft.fft(t(V)),
    "fft_n": lambda m, t: m.fft.fft(t(Z), 40, norm="ortho"),
    "ifft": lambda m, t: m.fft.ifft(t(Z), 20),
    "rfft": lambda m, t: m.fft.rfft(t(A), dim=0, norm="forward"),
    "irfft": lambda m, t: m.fft.irfft(t(Z), 31),
    "hfft": lambda m, t: m.fft.hfft(t(Z)),
    "ihfft": lambda m, t: m.fft.ihfft(t(V)),
    "fft2": lambda m, t: m.fft.fft2(t(C)),
    "ifftn": lambda m, t: m.fft.ifftn(t(C), (3, 3)),
    "rfftn": lambda m, t: m.fft.rfftn(t(C)),
    "irfft2": lambda m, t: m.fft.irfft2(t(C)),
    "hfftn": lambda m, t: m.fft.hfftn(t(C)),
    "ihfftn": lambda m, t: m.fft.ihfftn(t(C)),
    "fftfreq": lambda m, t: m.fft.fftfreq(7, 0.5),
    "rfftfreq": lambda m, t: m.fft.rfftfreq(7, 0.5),
    "fftshift": lambda m, t: m.fft.fftshift(t(A)),
    "ifftshift": lambda m, t: m.fft.ifftshift(t(C), 2),
    "hann": lambda m, t: m.hann_window(9),
    "hamming": lambda m, t: m.hamming_window(9, periodic=False),
    "blackman": lambda m, t: m.blackman_window(8),
    "bartlett": lambda m, t: m.bartlett_window(8),
    "stft": lambda m, t: m.stft(
        t(V), 16, 4, window=m.hann_window(16, dtype=m.float64), return_complex=True
    ),
    "stft_real": lambda m, t: m.stft(
        t(V), 16, 5, 12, center=False, normalized=True, return_complex=False
    ),
    "istft": lambda m, t: m.istft(m.stft(t(V), 16, return_complex=True), 16),
    "range": lambda m, t: m.arange(1.0, 4.5, 0.5) if m is torch else m.range(1, 4, 0.5),
}


@pytest.mark.parametrize("name", CASES)
def test_same_as_torch(name):
    ours = CASES[name](kajo, lambda a: kajo.from_numpy(a.copy()))
    theirs = CASES[name](torch, lambda a: torch.from_numpy(a.copy()))
    expected = theirs.resolve_conj().numpy()
    assert ours.numpy().dtype == expected.dtype
    numpy.testing.assert_allclose(ours.numpy(), expected, rtol=1e-6, atol=1e-7)


GRADIENTS = [
    lambda x: kajo.einsum("ij,kj->ik", x, x),
    lambda x: kajo.fft.fft(x),
    lambda x: kajo.fft.rfft(x, 5),
    lambda x: kajo.fft.irfft(x, 6),
    lambda x: kajo.fft.irfft(x, 5),
    lambda x: kajo.fft.hfft(x),
    lambda x: kajo.cov(x),
    lambda x: kajo.quantile(x, 0.4, dim=1),
    lambda x: kajo.renorm(x, 2, 0, 1.0),
    lambda x: kajo.gradient(x)[0],
    lambda x: kajo.native_group_norm(x.reshape(1, 4, 3), None, None, 1, 4, 3, 2, 0.1),
    lambda x: kajo.index_fill(x, 0, kajo.tensor([1, 1]), x[0, 0]),
    lambda x: kajo.tile(x[:0], (2, 1)),
]


@pytest.mark.parametrize("number", range(len(GRADIENTS)))
def test_gradients(number):
    x = kajo.from_numpy(A.copy()).requires_grad_()
    assert gradcheck(GRADIENTS[number], x)
    assert gradgradcheck(GRADIENTS[number], x)


def test_gradients_of_complex_input():
    z = kajo.from_numpy(Z[:6].copy()).requires_grad_()
    for function in (kajo.fft.fft, kajo.fft.ifft, kajo.fft.irfft, kajo.fft.hfft):
        assert gradcheck(function, z) and gradgradcheck(function, z)
