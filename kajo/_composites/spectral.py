"""Windows and short-time Fourier transforms."""

from __future__ import annotations

import math
from typing import Any

from kajo import _core
from kajo._tensor import Tensor

__all__ = ["bartlett_window", "blackman_window", "hamming_window", "hann_window", "istft", "stft"]
METHODS = ("istft", "stft")


def _cosine_window(
    length: int, periodic: bool, weights: tuple[float, ...], options: dict[str, Any]
) -> Tensor:
    if length < 0:
        raise RuntimeError(f"window_length must be non-negative, got {length}")
    dtype = options.get("dtype") or _core.get_default_dtype()
    tracked = options.get("requires_grad", False)
    if length < 2:
        return _core.ones(length, dtype=dtype, requires_grad=tracked)
    angle = _core.arange(length, dtype=_core.float64) * (
        2 * math.pi / (length if periodic else length - 1)
    )
    window = _core.zeros(length, dtype=_core.float64)
    for order, weight in enumerate(weights):
        window = window + weight * (-1) ** order * (angle * order).cos()
    return window.to(dtype).requires_grad_(tracked)


def hann_window(window_length: int, periodic: bool = True, **options: Any) -> Tensor:
    """The Hann window: half a cosine, raised.

    >>> import kajo
    >>> kajo.hann_window(4)
    tensor([0.0000, 0.5000, 1.0000, 0.5000])
    """
    return _cosine_window(window_length, periodic, (0.5, 0.5), options)


def hamming_window(
    window_length: int,
    periodic: bool = True,
    alpha: float = 0.54,
    beta: float = 0.46,
    **options: Any,
) -> Tensor:
    """The Hamming window: alpha - beta * cos."""
    return _cosine_window(window_length, periodic, (alpha, beta), options)


def blackman_window(window_length: int, periodic: bool = True, **options: Any) -> Tensor:
    """The Blackman window: three cosines."""
    return _cosine_window(window_length, periodic, (0.42, 0.5, 0.08), options)


def bartlett_window(window_length: int, periodic: bool = True, **options: Any) -> Tensor:
    """The triangular window."""
    if window_length < 2:
        return _cosine_window(window_length, periodic, (1.0,), options)
    span = window_length if periodic else window_length - 1
    place = _core.arange(window_length, dtype=_core.float64) * (2 / span)
    window = 1 - (place - 1).abs()
    return window.to(options.get("dtype") or _core.get_default_dtype()).requires_grad_(
        options.get("requires_grad", False)
    )


def _full_window(window: Tensor | None, win_length: int, n_fft: int, like: Tensor) -> Tensor:
    """The window in the middle of n_fft zeros."""
    if window is None:
        window = _core.ones(win_length, dtype=like.real.dtype if like.is_complex() else like.dtype)
    if window.dim() != 1 or window.numel() != win_length:
        raise RuntimeError(
            f"stft: expected a 1D window tensor of size equal to win_length={win_length}, but got window with size {window.shape}"
        )
    left = (n_fft - win_length) // 2
    return _core.cat([window.new_zeros(left), window, window.new_zeros(n_fft - win_length - left)])


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

    Returns:
        (batch, frequencies, pieces), with a last dimension of 2 for return_complex=False.

    Raises:
        RuntimeError: if a length does not fit.

    >>> import kajo
    >>> kajo.stft(kajo.ones(16), 8, window=kajo.hann_window(8), return_complex=True).shape
    kajo.Size([5, 9])
    """
    from kajo import fft

    hop = n_fft // 4 if hop_length is None else hop_length
    length = n_fft if win_length is None else win_length
    tracked_complex = input.is_complex() or (window is not None and window.is_complex())
    if return_complex is None:
        if not tracked_complex:
            raise RuntimeError(
                "stft requires the return_complex parameter be given for real inputs, and will further require that return_complex=True in a future release."
            )
        return_complex = True
    if input.dim() not in (1, 2):
        raise RuntimeError(f"stft: expected a 1D or 2D tensor, got shape {input.shape}")
    if hop <= 0:
        raise RuntimeError(f"stft: expected hop_length > 0, but got hop_length={hop}")
    if not 0 < length <= n_fft:
        raise RuntimeError(f"stft: expected 0 < win_length <= n_fft, but got win_length={length}")
    signal = input if input.dim() == 2 else input.unsqueeze(0)
    if center:
        signal = _core.pad(signal.unsqueeze(1), (n_fft // 2, n_fft // 2), pad_mode).squeeze(1)
    if not 0 < n_fft <= signal.shape[-1]:
        raise RuntimeError(f"stft: expected 0 < n_fft < {signal.shape[-1]}, but got n_fft={n_fft}")
    pieces = signal.unfold(-1, n_fft, hop) * _full_window(window, length, n_fft, input)
    one = not tracked_complex if onesided is None else onesided
    if one and tracked_complex:
        raise RuntimeError("Cannot have onesided output if window or input is complex")
    mode = "ortho" if normalized else "backward"
    result = (fft.rfft if one else fft.fft)(pieces, norm=mode).transpose(-2, -1)
    result = result if input.dim() == 2 else result.squeeze(0)
    return result if return_complex else _core.view_as_real(result.clone())


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

    Args:
        input: complex, (frequencies, pieces) or (batch, frequencies, pieces).
        length: cut or fill the signal to this length.

    Returns:
        (time) or (batch, time).

    Raises:
        RuntimeError: if the windows do not cover the signal.

    >>> import kajo
    >>> x, w = kajo.arange(16.0), kajo.hann_window(8)
    >>> s = kajo.stft(x, 8, window=w, return_complex=True)
    >>> kajo.allclose(kajo.istft(s, 8, window=w), x, atol=1e-5)
    True
    """
    from kajo import fft

    if not input.is_complex():
        raise RuntimeError(
            "istft requires a complex-valued input tensor matching the output from stft with return_complex=True."
        )
    if input.dim() not in (2, 3):
        raise RuntimeError(
            f"istft: expected a tensor with 2 or 3 dimensions, but got {input.dim()}"
        )
    hop = n_fft // 4 if hop_length is None else hop_length
    span = n_fft if win_length is None else win_length
    one = (input.shape[-2] != n_fft) if onesided is None else onesided
    spectrum = (input if input.dim() == 3 else input.unsqueeze(0)).transpose(-2, -1)
    mode = "ortho" if normalized else "backward"
    pieces = fft.irfft(spectrum, n_fft, norm=mode) if one else fft.ifft(spectrum, n_fft, norm=mode)
    if not return_complex and pieces.is_complex():
        pieces = pieces.real
    full = _full_window(window, span, n_fft, pieces)
    count = pieces.shape[1]
    total = n_fft + hop * (count - 1)
    places = (_core.arange(count).unsqueeze(1) * hop + _core.arange(n_fft)).flatten()
    signal = pieces.new_zeros((pieces.shape[0], total)).index_add(
        1, places, (pieces * full).flatten(1)
    )
    weight = full.new_zeros(total).index_add(0, places, (full * full).repeat(count))
    start = n_fft // 2 if center else 0
    end = total - start if length is None else min(start + length, total)
    signal, weight = signal[:, start:end], weight[start:end]
    if weight.numel() and float(weight.abs().min()) < 1e-11:
        raise RuntimeError(
            "window overlap add min: the windows do not cover the signal; use another window or hop_length"
        )
    signal = signal / weight
    if length is not None and length > signal.shape[1]:
        signal = _core.cat(
            [signal, signal.new_zeros((signal.shape[0], length - signal.shape[1]))], 1
        )
    return signal if input.dim() == 3 else signal.squeeze(0)
