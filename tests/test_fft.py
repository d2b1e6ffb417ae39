"""kajo.fft and the short-time transforms: values against NumPy, gradients, options, errors."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy
import pytest

import kajo
from kajo import fft
from kajo.autograd import gradcheck, gradgradcheck

COMPLEX = kajo.complex128


def signal(*shape, dtype=kajo.float64):
    kajo.manual_seed(1)
    return kajo.randn(*shape, dtype=dtype)


def close(result, expected, tolerance=1e-10):
    numpy.testing.assert_allclose(result.numpy(), expected, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("norm", [None, "backward", "forward", "ortho"])
@pytest.mark.parametrize("n", [None, 4, 9])
@pytest.mark.parametrize("name", ["fft", "ifft", "rfft", "irfft", "hfft", "ihfft"])
def test_one_dimension(name, n, norm):
    real = name in ("rfft", "ihfft")
    x = signal(5, 6, dtype=kajo.float64 if real else COMPLEX)
    for dim in (-1, 0):
        expected = getattr(numpy.fft, name)(x.numpy(), n, dim, norm)
        close(getattr(fft, name)(x, n, dim, norm), expected)


@pytest.mark.parametrize(
    "options", [{}, {"s": (4, 7), "norm": "ortho"}, {"s": (3, 8), "axes": (1, 0)}]
)
@pytest.mark.parametrize(
    "name", ["fft2", "ifft2", "rfft2", "irfft2", "fftn", "ifftn", "rfftn", "irfftn"]
)
def test_several_dimensions(name, options):
    x = signal(5, 6, dtype=kajo.float64 if name.startswith("rfft") else COMPLEX)
    dims = {"dim": options["axes"]} if "axes" in options else {}
    given = {key: value for key, value in options.items() if key != "axes"}
    # NumPy wants the dimensions named where it is given sizes.
    there = {"axes": (-2, -1), **options}
    close(getattr(fft, name)(x, **given, **dims), getattr(numpy.fft, name)(x.numpy(), **there))


def test_hermitian_transforms_undo_each_other():
    x = signal(3, 4, 6)
    for one, other in (("hfft", "ihfft"), ("hfft2", "ihfft2"), ("hfftn", "ihfftn")):
        close(getattr(fft, one)(getattr(fft, other)(x)), x.numpy())
    # Along one dimension of a matrix, the others by the ordinary transform.
    close(fft.hfftn(fft.ihfftn(x, dim=(0, 2)), dim=(0, 2)), x.numpy())


@pytest.mark.parametrize("dtype", [kajo.float32, kajo.complex64, kajo.int64, kajo.bool])
def test_dtypes(dtype):
    x = kajo.ones(2, 8).to(dtype)
    assert fft.fft(x).dtype == kajo.complex64
    assert fft.irfft(x).dtype == kajo.float32
    assert fft.fft(x.to(kajo.float64)).dtype == COMPLEX
    for half in (kajo.float16, kajo.bfloat16):
        with pytest.raises(RuntimeError, match="Unsupported dtype"):
            fft.rfft(kajo.ones(4, dtype=half))


@pytest.mark.parametrize(
    ("name", "dtype", "arguments"),
    [
        ("fft", COMPLEX, (5, 0)),
        ("ifft", COMPLEX, (None, -1, "ortho")),
        ("rfft", kajo.float64, (5,)),
        ("rfft", kajo.float64, (4, 0, "forward")),
        ("irfft", COMPLEX, (5,)),
        ("irfft", COMPLEX, (6, 0, "ortho")),
        ("hfft", COMPLEX, (5,)),
        ("ihfft", kajo.float64, (4,)),
        ("fft2", kajo.float64, ()),
        ("rfftn", kajo.float64, ((3, 5),)),
        ("irfftn", COMPLEX, ((4, 4),)),
        ("hfftn", COMPLEX, ()),
        ("ihfft2", kajo.float64, ()),
    ],
)
def test_gradients(name, dtype, arguments):
    x = signal(3, 4, dtype=dtype).requires_grad_()

    def transform(input):
        return getattr(fft, name)(input, *arguments)

    assert gradcheck(transform, (x,))
    assert gradgradcheck(transform, (x,))


def test_bits_do_not_depend_on_threads():
    before = kajo.get_num_threads()
    x = signal(37, 1000, dtype=kajo.float32)
    results = []
    for threads in (1, 2, 3):
        kajo.set_num_threads(threads)
        results.append([fft.rfft(x), fft.fft2(x), fft.irfft(fft.rfft(x))])
    kajo.set_num_threads(before)
    for others in results[1:]:
        for one, other in zip(results[0], others):
            assert one.numpy().tobytes() == other.numpy().tobytes()


# Each way of the kernels: few points, passes of every radix, a prime as one of them, primes beyond by
# convolution, and single signals cut into a matrix, of even and odd lengths.
LENGTHS = [
    1,
    2,
    3,
    5,
    6,
    7,
    8,
    11,
    12,
    16,
    31,
    60,
    64,
    127,
    128,
    131,
    210,
    262,
    360,
    521,
    1024,
    1155,
]
LONG = [2048, 4099, 19683, 20000, 65536, 65537]


@pytest.mark.parametrize("dtype", [kajo.float32, kajo.float64])
@pytest.mark.parametrize("shape", [(), (3,), (37,), (2, 70)])
def test_lengths(dtype, shape):
    wide = numpy.complex128

    def close_enough(result, wanted):
        error = numpy.abs(result.numpy() - wanted).max()
        assert error <= 30 * kajo.finfo(dtype).eps * numpy.abs(wanted).max()

    for n in LENGTHS if len(shape) == 1 else LENGTHS + LONG if not shape else LENGTHS[::3]:
        x = kajo.complex(signal(*shape, n, dtype=dtype), signal(*shape, n, dtype=dtype).flip(-1))
        expected = numpy.fft.fft(x.numpy().astype(wide))
        close_enough(fft.fft(x), expected)
        close_enough(fft.ifft(x) * n, numpy.fft.ifft(x.numpy().astype(wide)) * n)
        half = numpy.fft.rfft(x.real.numpy().astype(float))
        close_enough(fft.rfft(x.real.contiguous()), half)
        spectrum = kajo.from_numpy(half).to(x.dtype)
        close_enough(fft.irfft(spectrum, n) * n, x.real.numpy() * n)
        if shape:
            close_enough(fft.fft(x.movedim(-1, 0).contiguous(), dim=0).movedim(0, -1), expected)
            along = fft.rfft(x.real.movedim(-1, 0).contiguous(), dim=0)
            close_enough(along.movedim(0, -1), half)
            close_enough(fft.irfft(along, n, 0).movedim(0, -1) * n, x.real.numpy() * n)


@pytest.mark.parametrize("isa", ["baseline", "avx2"])
def test_instruction_sets(isa, tmp_path):
    code = """
import kajo, numpy
for n, dtype in ((24, kajo.complex64), (1024, kajo.complex64), (262, kajo.complex128), (8192, kajo.complex128)):
    for shape in ((n,), (19, n)):
        x = kajo.randn(shape, dtype=dtype)
        for name in ("fft", "rfft", "irfft"):
            y = x.real if name == "rfft" else x
            wanted = getattr(numpy.fft, name)(y.numpy())
            difference = abs(getattr(kajo.fft, name)(y).numpy() - wanted).max()
            assert difference <= 30 * kajo.finfo(dtype).eps * abs(wanted).max(), (n, name)
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"KAJO_ISA": isa},
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


def test_layouts_empty_and_meta():
    x = signal(4, 6)
    close(fft.fft(x.t()), numpy.fft.fft(x.numpy().T))
    close(fft.fft(x[:, ::2]), numpy.fft.fft(x.numpy()[:, ::2]))
    assert fft.rfft(kajo.zeros(0, 6)).shape == (0, 4)
    assert fft.irfft2(kajo.ones(3, 3, device="meta")).shape == (3, 4)
    assert fft.fftn(x, dim=()).dtype == COMPLEX


def test_out():
    x = signal(4)
    out = kajo.empty(0, dtype=COMPLEX)
    assert fft.fft(x, out=out) is out
    close(out, numpy.fft.fft(x.numpy()))
    with pytest.raises(RuntimeError, match="can't be cast"):
        fft.fft(x, out=kajo.empty(0, dtype=kajo.int64))


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda x: fft.fft(x, 0), RuntimeError, "Invalid number of data points"),
        (lambda x: fft.fft(x, norm="half"), RuntimeError, "Invalid normalization mode"),
        (lambda x: fft.fft(x, dim=2), IndexError, "Dimension out of range"),
        (lambda x: fft.fft(x[0, 0]), IndexError, "no dimensions"),
        (lambda x: fft.rfft(x + 0j), RuntimeError, "real input"),
        (lambda x: fft.fftn(x, s=(1, 2, 3)), RuntimeError, "only has"),
        (lambda x: fft.fftn(x, s=(1,), dim=(0, 1)), RuntimeError, "same length"),
        (lambda x: fft.fftn(x, dim=(0, -2)), RuntimeError, "unique"),
        (lambda x: fft.rfftn(x, dim=()), RuntimeError, "at least one"),
        (lambda x: fft.fft(3), TypeError, "input"),
        (lambda x: fft.fftfreq(-1), RuntimeError, "negative dimension"),
        (lambda x: fft.rfftfreq(3, dtype=kajo.int64), RuntimeError, "floating point"),
    ],
)
def test_errors(call, error, text):
    with pytest.raises(error, match=text):
        call(signal(4, 6))


def test_frequencies_and_shifts():
    for n in range(6):
        if n:
            close(fft.fftfreq(n, 0.5, dtype=kajo.float64), numpy.fft.fftfreq(n, 0.5))
            close(fft.rfftfreq(n, 0.5, dtype=kajo.float64), numpy.fft.rfftfreq(n, 0.5))
        x = kajo.arange(float(n * 3)).reshape(n, 3)
        close(fft.fftshift(x), numpy.fft.fftshift(x.numpy()))
        close(fft.ifftshift(x, 0), numpy.fft.ifftshift(x.numpy(), 0))


# ---- short-time transforms -----------------------------------------------------------------------


def test_stft_is_the_transform_of_windowed_pieces():
    x, w = signal(2, 30), kajo.hann_window(6, dtype=kajo.float64)
    result = kajo.stft(x, 8, 3, 6, w, center=False, return_complex=True)
    pieces = numpy.stack([x.numpy()[:, t : t + 8] for t in range(0, 23, 3)], 1)
    close(result, numpy.fft.rfft(pieces * numpy.pad(w.numpy(), 1)).transpose(0, 2, 1))


@pytest.mark.parametrize("center", [True, False])
@pytest.mark.parametrize("normalized", [True, False])
def test_istft_undoes_stft(center, normalized):
    w = kajo.hamming_window(8, dtype=kajo.float64)
    options = {"window": w, "center": center, "normalized": normalized}
    x = signal(2, 32)
    spectrum = kajo.stft(x, 8, 4, return_complex=True, **options)
    close(kajo.istft(spectrum, 8, 4, **options), x.numpy())
    assert kajo.istft(spectrum, 8, 4, length=20, **options).shape == (2, 20)
    z = kajo.complex(x, x.flip(1))
    spectrum = z.stft(8, 4, **options)
    close(spectrum.istft(8, 4, return_complex=True, **options), z.numpy())


def test_stft_gradients():
    x = signal(12).requires_grad_()
    w = kajo.hamming_window(4, dtype=kajo.float64)

    def there(input):
        return kajo.stft(input, 4, 2, window=w, return_complex=True)

    assert gradcheck(there, (x,))
    assert gradcheck(lambda s: kajo.istft(s, 4, 2, window=w), (there(x).detach().requires_grad_(),))


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda x: kajo.stft(x, 4), "return_complex"),
        (lambda x: kajo.stft(x, 4, 0, return_complex=True), "hop_length"),
        (lambda x: kajo.stft(x, 4, win_length=5, return_complex=True), "win_length"),
        (lambda x: kajo.stft(x, 40, center=False, return_complex=True), "n_fft"),
        (lambda x: kajo.stft(x + 0j, 4, onesided=True), "onesided"),
        (lambda x: kajo.stft(x.to(kajo.int64), 4, return_complex=True), "floating point"),
        (lambda x: kajo.istft(x, 4), "complex"),
        (lambda x: kajo.istft(x + 0j, 4), "frequency dimension"),
        (lambda x: kajo.istft(x[:3] + 0j, 4, window=kajo.zeros(4)), "overlap"),
        (lambda x: kajo.istft(x[:3] + 0j, 4, 9), "hop_length"),
    ],
)
def test_short_time_errors(call, text):
    with pytest.raises(RuntimeError, match=text):
        call(signal(6, 10))
