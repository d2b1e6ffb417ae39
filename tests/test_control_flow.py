"""Decisions as operations, and results that come later."""

import threading

import pytest

import kajo


@pytest.mark.parametrize("pred", [True, 1, kajo.tensor(True), kajo.tensor([2.0])])
def test_the_function_that_was_chosen_has_the_gradient(pred):
    x = kajo.ones(2, requires_grad=True)
    kajo.cond(pred, lambda x: x * 2, lambda x: x * 3, (x,)).sum().backward()
    kajo.cond(kajo.tensor(0), lambda: x, lambda: x * 5).sum().backward()
    assert x.grad.tolist() == [7, 7]


@pytest.mark.parametrize("pred", ["a", None, kajo.ones(2)])
def test_what_is_no_truth_value(pred):
    with pytest.raises(RuntimeError, match="pred"):
        kajo.cond(pred, lambda: 1, lambda: 2)


def test_a_fork_is_done():
    future = kajo.fork(lambda a, b=1: a + b, 2, b=3)
    assert future.done() and kajo.wait(future) == 5
    with pytest.raises(ZeroDivisionError):
        kajo.fork(lambda: 1 / 0)
    with pytest.raises(TypeError):
        kajo.wait(3)


def test_futures():
    future, seen = kajo.futures.Future(), []
    following = future.then(lambda f: f.wait() + 1).then(lambda f: f.wait() * 2)
    future.add_done_callback(lambda f: seen.append(f.value()))
    with pytest.raises(RuntimeError, match="no value"):
        future.value()
    threading.Timer(0.01, future.set_result, (20,)).start()
    assert following.wait() == 42 and seen == [20]
    with pytest.raises(RuntimeError, match="completed"):
        future.set_result(1)
    failed = kajo.futures.Future()
    failed.set_exception(KeyError("lost"))
    with pytest.raises(KeyError):
        failed.then(lambda f: f.wait()).wait()
    assert kajo.futures.wait_all([future, following]) == [20, 42]
    assert kajo.futures.collect_all([]).wait() == []
    with pytest.raises(KeyError):
        kajo.futures.wait_all([future, failed])
    with pytest.raises(AssertionError):
        failed.set_exception(3)
