"""Short-time Fourier transforms."""

from __future__ import annotations

from typing import Any

from kajo import _core
from kajo._operation import operation
from kajo._tensor import Tensor

__all__: list[str] = []
METHODS: tuple[str, ...] = ()


def _check(ok: bool, name: str, text: str) -> None:
    if not ok:
        raise RuntimeError(f"{name}(): {text}")


def _full_window(
    name: str, window: Tensor | None, win_length: int, n_fft: int, dtype: Any
) -> Tensor:
    """The window in the middle of n_fft zeros."""
    if window is None:
        window = _core.ones(win_length, dtype=dtype)
    _check(
        window.dim() == 1 and window.numel() == win_length,
        name,
        f"expected a 1D window tensor of size equal to win_length={win_length}, but got window with "
        f"size {window.shape}",
    )
    left = (n_fft - win_length) // 2
    return _core.pad(window, (left, n_fft - win_length - left))


@operation(method=True)
def stft(
    input: Tensor,
    n_fft: int,
    hop_length: int | None = None,
    win_length: int | None = None,
    window: Tensor | None = None,
    center: bool = True,
    pad_mode: str = "reflect",
    normalized: bool = False,
    onesided: bool | None = None,
    return_complex: bool | None = None,
    align_to_window: bool | None = None,
) -> Tensor:
    """The Fourier transforms of overlapping pieces of a signal.

    X[f, t] is the sum over k of window[k] input[t hop_length + k] exp(-2 pi i f k / n_fft).

    Args:
        input: (time) or (batch, time), real or complex.
        n_fft: the length of a piece.
        hop_length: from one piece to the next; n_fft // 4 by default.
        win_length: the length of the window; n_fft by default.
        window: what a piece is multiplied by; ones by default.
        center: pad the signal so that piece t is centred at t * hop_length.
        pad_mode: how.
        normalized: divide by sqrt(n_fft).
        onesided: leave out the redundant half; the default for real signals.
        return_complex: complex result; must be True for real signals, or False for two numbers.
        align_to_window: without `center`, the first window rather than the first piece begins at 0.

    Returns:
        (batch, frequencies, pieces), with a last dimension of 2 for return_complex=False.

    Raises:
        RuntimeError: if a length does not fit.

    >>> import kajo
    >>> kajo.stft(kajo.ones(16), 8, window=kajo.hann_window(8), return_complex=True).shape
    kajo.Size([5, 9])
    """
    hop = n_fft // 4 if hop_length is None else hop_length
    length = n_fft if win_length is None else win_length
    is_complex = input.is_complex() or (window is not None and window.is_complex())
    if return_complex is None:
        _check(
            is_complex,
            "stft",
            "requires the return_complex parameter be given for real inputs: use return_complex=True, "
            "and view_as_real() of the result for pairs of numbers",
        )
        return_complex = True
    _check(
        input.is_floating_point() or input.is_complex(),
        "stft",
        f"expected a tensor of floating point or complex values, got {input.dtype}",
    )
    _check(
        input.dim() in (1, 2), "stft", f"expected a 1D or 2D tensor, got one of shape {input.shape}"
    )
    _check(
        not (center and align_to_window), "stft", "align_to_window needs center=False to have a use"
    )
    _check(hop > 0, "stft", f"expected hop_length > 0, but got hop_length={hop}")
    _check(
        0 < length <= n_fft,
        "stft",
        f"expected 0 < win_length <= n_fft, but got win_length={length} and n_fft={n_fft}",
    )
    signal = input if input.dim() == 2 else input.unsqueeze(0)
    if center:
        _check(signal.numel() > 0, "stft", f"expected a signal to pad, got shape {input.shape}")
        signal = _core.pad(signal.unsqueeze(1), (n_fft // 2, n_fft // 2), pad_mode).squeeze(1)
    elif align_to_window:
        left = (n_fft - length) // 2
        signal = _core.pad(signal, (left, n_fft - length - left))
    _check(
        0 < n_fft <= signal.shape[-1],
        "stft",
        f"expected 0 < n_fft <= {signal.shape[-1]}, the length of the signal, but got n_fft={n_fft}",
    )
    one = not is_complex if onesided is None else onesided
    _check(
        not (one and is_complex),
        "stft",
        "Cannot have onesided output if window or input is complex",
    )
    dtype = input.real.dtype if input.is_complex() else input.dtype
    pieces = signal.unfold(-1, n_fft, hop) * _full_window("stft", window, length, n_fft, dtype)
    mode = "ortho" if normalized else "backward"
    result = (_core.fft.rfft if one else _core.fft.fft)(pieces, norm=mode).transpose(-2, -1)
    result = result if input.dim() == 2 else result.squeeze(0)
    return result if return_complex else _core.view_as_real(result.clone())


def _check_spectrum(
    input: Tensor,
    n_fft: int,
    hop: int,
    span: int,
    onesided: bool,
    return_complex: bool,
    window: Tensor | None,
) -> None:
    shape = input.shape
    _check(
        input.is_complex(),
        "istft",
        f"requires a complex input, as stft gives with return_complex=True, got {input.dtype}",
    )
    _check(
        input.dim() in (2, 3) and input.numel() > 0,
        "istft",
        f"expected a tensor with 2 or 3 dimensions and some elements, got shape {shape}",
    )
    wanted = n_fft // 2 + 1 if onesided else n_fft
    _check(
        shape[-2] == wanted,
        "istft",
        f"expected the frequency dimension (the second last) to have size {wanted} for "
        f"n_fft={n_fft} and onesided={onesided}, got shape {shape}",
    )
    _check(
        0 < hop <= span,
        "istft",
        f"expected 0 < hop_length <= win_length, but got hop_length={hop} and win_length={span}",
    )
    _check(
        0 < span <= n_fft,
        "istft",
        f"expected 0 < win_length <= n_fft, but got win_length={span} and n_fft={n_fft}",
    )
    is_complex = window is not None and window.is_complex()
    _check(
        return_complex or not is_complex,
        "istft",
        "Complex windows are incompatible with return_complex=False",
    )
    _check(
        not (return_complex and onesided),
        "istft",
        "Cannot have onesided input for a complex result: use onesided=False",
    )


@operation(method=True)
def istft(
    input: Tensor,
    n_fft: int,
    hop_length: int | None = None,
    win_length: int | None = None,
    window: Tensor | None = None,
    center: bool = True,
    normalized: bool = False,
    onesided: bool | None = None,
    length: int | None = None,
    return_complex: bool = False,
) -> Tensor:
    """The signal whose short-time Fourier transform is given: undoes :func:`kajo.stft`.

    The pieces are transformed back, multiplied by the window and added where they overlap; the sum is
    divided by that of the squared windows.

    Args:
        input: complex, (frequencies, pieces) or (batch, frequencies, pieces).
        n_fft, hop_length, win_length, window, center, normalized: as for :func:`kajo.stft`.
        onesided: whether the redundant half is missing; by default as the shape says.
        length: cut or fill the signal to this length.
        return_complex: complex result; the input must have all frequencies.

    Returns:
        (time) or (batch, time).

    Raises:
        RuntimeError: if a length does not fit, or the windows do not cover the signal.

    >>> import kajo
    >>> x, w = kajo.arange(16.0), kajo.hann_window(8)
    >>> s = kajo.stft(x, 8, window=w, return_complex=True)
    >>> kajo.allclose(kajo.istft(s, 8, window=w), x, atol=1e-5)
    True
    """
    if input.dim() < 2:
        raise IndexError(f"istft(): expected 2 or 3 dimensions, got shape {input.shape}")
    hop = n_fft // 4 if hop_length is None else hop_length
    span = n_fft if win_length is None else win_length
    one = (input.shape[-2] != n_fft) if onesided is None else onesided
    _check_spectrum(input, n_fft, hop, span, one, return_complex, window)
    spectrum = (input if input.dim() == 3 else input.unsqueeze(0)).transpose(-2, -1)
    mode = "ortho" if normalized else "backward"
    if return_complex:
        pieces = _core.fft.ifft(spectrum, norm=mode)
    else:
        # A real signal needs half of the frequencies only, also where all are given.
        pieces = _core.fft.irfft(spectrum[..., : n_fft // 2 + 1], n_fft, norm=mode)
    dtype = pieces.real.dtype if pieces.is_complex() else pieces.dtype
    full = _full_window("istft", window, span, n_fft, dtype)
    weighted = (pieces * full).flatten(1)
    count = pieces.shape[1]
    total = n_fft + hop * (count - 1)
    places = (_core.arange(count).unsqueeze(1) * hop + _core.arange(n_fft)).flatten()
    signal = weighted.new_zeros((pieces.shape[0], total)).index_add(1, places, weighted)
    weight = full.new_zeros(total).index_add(0, places, (full * full).repeat(count))
    start = n_fft // 2 if center else 0
    end = start + length if length is not None else total - start
    signal, weight = signal[:, start : min(end, total)], weight[start : min(end, total)]
    _check(weight.numel() > 0, "istft", "the signal would have no samples")
    smallest = float(weight.detach().abs().min())
    _check(
        smallest > 1e-11,
        "istft",
        f"window overlap add min: {smallest}: the windows do not cover the signal; use another "
        "window or hop_length",
    )
    signal = signal / weight
    if end > total:
        signal = _core.pad(signal, (0, end - total))
    return signal if input.dim() == 3 else signal.squeeze(0)
