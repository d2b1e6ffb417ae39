"""Finding the operation that made a gradient nan."""

from __future__ import annotations

import warnings

from kajo import _core

__all__ = ["detect_anomaly", "set_detect_anomaly"]


class set_detect_anomaly:
    """Switch anomaly detection on or off at once; as a context manager, until its end.

    With it on, operations remember the program's stack, an error in backward shows the forward
    call that made the failing step, and a backward step that gives nan raises RuntimeError.

    >>> import kajo
    >>> with kajo.autograd.set_detect_anomaly(True):
    ...     kajo.is_anomaly_enabled()
    True
    """

    def __init__(self, mode: bool, check_nan: bool = True) -> None:
        self._before = _core._set_anomaly_enabled(bool(mode))
        self._before_nan = _core._set_anomaly_check_nan(bool(check_nan))

    def __enter__(self) -> None:
        return None

    def __exit__(self, *_: object) -> None:
        _core._set_anomaly_enabled(self._before)
        _core._set_anomaly_check_nan(self._before_nan)


class detect_anomaly:
    """A context manager: anomaly detection is on inside.

    >>> import kajo
    >>> x = kajo.tensor(0.0, requires_grad=True)
    >>> with kajo.autograd.detect_anomaly():
    ...     (x * 2).backward()
    """

    def __init__(self, check_nan: bool = True) -> None:
        warnings.warn(
            "Anomaly Detection has been enabled. This mode will increase the runtime and should only "
            "be enabled for debugging.",
            stacklevel=2,
        )
        self._check_nan = bool(check_nan)

    def __enter__(self) -> None:
        self._before = _core._set_anomaly_enabled(True)
        self._before_nan = _core._set_anomaly_check_nan(self._check_nan)

    def __exit__(self, *_: object) -> None:
        _core._set_anomaly_enabled(self._before)
        _core._set_anomaly_check_nan(self._before_nan)
