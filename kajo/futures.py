"""Results that may come later.

>>> import kajo
>>> future = kajo.futures.Future()
>>> doubled = future.then(lambda f: 2 * f.wait())
>>> future.set_result(21)
>>> doubled.wait()
42
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

__all__ = ["Future", "collect_all", "fork", "wait", "wait_all"]

T = TypeVar("T")


class Future(Generic[T]):
    """A value that somebody sets, once, and others wait for.

    Args:
        devices: accepted; values on the CPU are there when they are set.
    """

    def __init__(self, *, devices: Any = None) -> None:
        self._changed = threading.Condition()
        self._done = False
        self._value: Any = None
        self._error: BaseException | None = None
        self._callbacks: list[Callable[[Future[T]], Any]] = []

    def done(self) -> bool:
        """Whether there is a value, or an error in its place."""
        return self._done

    def wait(self) -> T:
        """The value, when it is there.

        Raises:
            The error that was set in its place.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._done)
        return self.value()

    def value(self) -> T:
        """The value, which must be there.

        Raises:
            RuntimeError: if it is not; or the error that was set in its place.
        """
        if not self._done:
            raise RuntimeError("Future.value(): there is no value yet: use wait()")
        if self._error is not None:
            raise self._error
        value: T = self._value
        return value

    def set_result(self, result: T) -> None:
        """Set the value, and call what waits for it.

        Raises:
            RuntimeError: if it was set before.
        """
        self._complete(result, None)

    def set_exception(self, result: BaseException) -> None:
        """Set an error in place of the value.

        Raises:
            AssertionError: if it is no exception.
            RuntimeError: if one of them was set before.
        """
        if not isinstance(result, BaseException):
            raise AssertionError(f"{result} is of type {type(result)}, not an Exception.")
        self._complete(None, result)

    def _complete(self, value: Any, error: BaseException | None) -> None:
        with self._changed:
            if self._done:
                raise RuntimeError(
                    "Future: attempting to mark a completed Future as complete again"
                )
            self._value, self._error, self._done = value, error, True
            callbacks, self._callbacks = self._callbacks, []
            self._changed.notify_all()
        for callback in callbacks:
            callback(self)

    def add_done_callback(self, callback: Callable[[Future[T]], None]) -> None:
        """Call `callback(self)` when the value is there: at once, if it is."""
        with self._changed:
            if not self._done:
                self._callbacks.append(callback)
                return
        callback(self)

    def then(self, callback: Callable[[Future[T]], Any]) -> Future[Any]:
        """The future of what `callback(self)` returns when the value is there."""
        following: Future[Any] = Future()

        def call(future: Future[T]) -> None:
            try:
                result = callback(future)
            except Exception as error:  # it belongs to who waits for the result
                following.set_exception(error)
            else:
                following.set_result(result)

        self.add_done_callback(call)
        return following


def collect_all(futures: Sequence[Future[Any]]) -> Future[list[Future[Any]]]:
    """The future of a list of futures, there when all of them are.

    >>> import kajo
    >>> done = kajo.futures.Future()
    >>> done.set_result(1)
    >>> [f.wait() for f in kajo.futures.collect_all([done]).wait()]
    [1]
    """
    together: Future[list[Future[Any]]] = Future()
    missing = [len(futures)]
    lock = threading.Lock()

    def one_more(_: Future[Any]) -> None:
        with lock:
            missing[0] -= 1
            last = missing[0] == 0
        if last:
            together.set_result(list(futures))

    for future in futures:
        future.add_done_callback(one_more)
    if not futures:
        together.set_result([])
    return together


def wait_all(futures: Sequence[Future[Any]]) -> list[Any]:
    """The values of futures, when all of them are there.

    Raises:
        The first error among them.
    """
    return [future.wait() for future in collect_all(futures).wait()]


def fork(function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
    """The future of what a function returns.

    A Python function holds the interpreter, so it runs at once: the future is done. Operations use all
    threads by themselves.

    Args:
        function: what to call.
        *args, **kwargs: its arguments.

    >>> import kajo
    >>> kajo.wait(kajo.fork(lambda x: x + 1, kajo.ones(2)))
    tensor([2., 2.])
    """
    future: Future[Any] = Future()
    future.set_result(function(*args, **kwargs))
    return future


def wait(future: Future[T], /) -> T:
    """The value of a future, when it is there.

    Raises:
        TypeError: if it is none.
    """
    if not isinstance(future, Future):
        raise TypeError(f"wait(): expected a Future, got {type(future).__name__}")
    return future.wait()
