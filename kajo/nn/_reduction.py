"""The ways to reduce a loss, as the core numbers them, and their older spelling."""

from __future__ import annotations

import warnings

_NUMBER = {"none": 0, "mean": 1, "sum": 2}


def get_enum(reduction: str) -> int:
    """The core's number for a way to reduce.

    Args:
        reduction: "none", "mean" or "sum".

    Returns:
        0, 1 or 2.

    Raises:
        ValueError: if it is none of these.

    Example:
        >>> from kajo.nn._reduction import get_enum
        >>> get_enum("sum")
        2
    """
    number = _NUMBER.get(reduction)
    if number is None:
        if reduction == "elementwise_mean":
            warnings.warn(
                "reduction='elementwise_mean' is deprecated. Please use reduction='mean' instead.",
                stacklevel=2,
            )
            return _NUMBER["mean"]
        raise ValueError(f"{reduction} is not a valid value for reduction")
    return number


def legacy_get_string(size_average: bool | None, reduce: bool | None) -> str:
    """What ``size_average`` and ``reduce`` say, as a name.

    Args:
        size_average, reduce: None stands for True.

    Returns:
        "none", "mean" or "sum".

    Example:
        >>> import warnings
        >>> from kajo.nn._reduction import legacy_get_string
        >>> with warnings.catch_warnings():
        ...     warnings.simplefilter("ignore")
        ...     legacy_get_string(False, None)
        'sum'
    """
    if reduce is False:
        reduction = "none"
    else:
        reduction = "sum" if size_average is False else "mean"
    warnings.warn(
        "size_average and reduce args will be deprecated, "
        f"please use reduction='{reduction}' instead.",
        stacklevel=4,
    )
    return reduction


def number_of(size_average: bool | None, reduce: bool | None, reduction: str) -> int:
    """The core's number, from whichever spelling is used.

    Args:
        size_average, reduce: the older spelling; where given it wins.
        reduction: the newer one.

    Returns:
        0, 1 or 2.

    Example:
        >>> from kajo.nn._reduction import number_of
        >>> number_of(None, None, "mean")
        1
    """
    if size_average is not None or reduce is not None:
        reduction = legacy_get_string(size_average, reduce)
    return get_enum(reduction)
