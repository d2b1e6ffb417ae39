"""`no_grad` and `enable_grad`, as blocks and as decorators."""

import pytest

import kajo


@pytest.mark.parametrize("block, on", [(kajo.no_grad, False), (kajo.enable_grad, True)])
def test_blocks_nest_and_put_back(block, on):
    for outer in (False, True):
        with kajo.set_grad_enabled(outer):
            with block():
                assert kajo.is_grad_enabled() is on
                with kajo.set_grad_enabled(not on):
                    assert kajo.is_grad_enabled() is not on
                assert kajo.is_grad_enabled() is on
            assert kajo.is_grad_enabled() is outer
            with pytest.raises(KeyError), block():
                raise KeyError
            assert kajo.is_grad_enabled() is outer


def test_decorators_with_and_without_brackets():
    @kajo.no_grad()
    def first():
        return kajo.is_grad_enabled()

    @kajo.no_grad
    def second():
        return kajo.is_grad_enabled()

    @kajo.no_grad()
    def steps():
        yield kajo.is_grad_enabled()
        yield kajo.is_grad_enabled()

    assert not first() and not second() and list(steps()) == [False, False]
    assert kajo.is_grad_enabled()
    assert kajo.no_grad(orig_func=second).__name__ == "second"


def test_a_subclass_with_arguments_of_its_own():
    class Quiet(kajo.no_grad):
        def __init__(self):
            super().__init__()
            self.entered = 0

        def __enter__(self):
            self.entered += 1
            super().__enter__()

    quiet = Quiet()
    with quiet:
        assert not kajo.is_grad_enabled()
    assert quiet.entered == 1 and kajo.is_grad_enabled()
