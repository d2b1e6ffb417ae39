"""Results have the same bits for every number of threads, forward and backward.

Every public operation is called with tensors so large that the work is shared out.
"""

import warnings

import pytest
from operation_calls import (
    LARGE,
    SPECIAL,
    found_arguments,
    leaves_of,
    plain_functions,
    prepared,
    special,
    tensors,
)

import kajo
from kajo._documentation.listing import operations

pytestmark = pytest.mark.filterwarnings("ignore")  # calls warn of what is deprecated

THREADS = (1, 2, 3)
# Uninitialised, or Python calls for each element, or the parts of a tensor that are there already.
NOTHING_TO_SHARE = {
    *("apply_", "map_", "map2_", "empty", "empty_like", "empty_strided", "new_empty"),
    *("new_empty_strided", "resize_", "resize_as_", "ccol_indices", "col_indices", "crow_indices"),
    *("row_indices", "indices", "values", "is_coalesced"),
}
MISSING = """\
No arguments were found for these operations. Give a call of each in SPECIAL in tools/operation_calls.py, with
tensors large enough for several threads; or, where there is nothing to compute, name it in NOTHING_TO_SHARE.
"""


def bits(value):
    if value.layout is not kajo.strided:
        value = value.to_dense()
    plain = value.detach().resolve_conj().resolve_neg().contiguous()
    return plain.dtype, tuple(plain.shape), bytes(plain.untyped_storage()) if plain.numel() else b""


def gradients(result, inputs):
    outputs = [t for t in leaves_of(result) if t.requires_grad and t.grad_fn is not None]
    if not outputs or not inputs:
        return ()
    source = kajo.Generator().manual_seed(3)
    starts = [kajo.randn(t.shape, dtype=t.dtype, generator=source) for t in outputs]
    try:
        return kajo.autograd.grad(outputs, inputs, starts, allow_unused=True)
    except NotImplementedError:  # there is none, by some inputs
        return ()


def outcome(call, threads):
    """The bits of the results of a call and of the gradients by its arguments."""
    kajo.set_num_threads(threads)
    kajo.manual_seed(1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        result, inputs = call()
        return [bits(t) for t in leaves_of([result, gradients(result, inputs)])]


def differs(call):
    first, *others = [outcome(call, threads) for threads in THREADS]
    return any(first != other for other in others)


@pytest.fixture(autouse=True)
def restore_threads():
    before = kajo.get_num_threads()
    yield
    kajo.set_num_threads(before)


def names_of(listed):
    return {listed.operation.full_name, listed.operation.__name__}


def test_operations_give_the_same_bits_for_every_number_of_threads():
    many = tensors(LARGE)
    different, missing = [], []
    for listed in operations():
        operation = listed.operation
        if names_of(listed) & {*NOTHING_TO_SHARE, *SPECIAL}:
            continue
        called = False
        for schema in operation.schemas:
            found = found_arguments(operation, schema)
            if found is None:
                continue
            try:
                if differs(prepared(operation, *found, many)):
                    different.append(schema)
                called = True
            except (RuntimeError, ValueError, TypeError, IndexError):  # large ones do not fit
                pass
        if not called and operation.body is None:  # what has a body consists of others
            missing.append(f"{listed.name}: {operation.schemas[0]}")
    assert not different, "\n".join(different)
    assert not missing, MISSING + "\n".join(missing)


def test_functions_made_of_operations_give_the_same_bits_for_every_number_of_threads():
    many = tensors(LARGE)
    different = []
    for _, function, schema in plain_functions():
        found = found_arguments(function, schema)
        try:
            if found and differs(prepared(function, *found, many)):
                different.append(schema)
        except (RuntimeError, ValueError, TypeError, IndexError):  # large ones do not fit
            pass
    assert not different, "\n".join(different)


@pytest.mark.parametrize("name", SPECIAL)
def test_further_calls_give_the_same_bits_for_every_number_of_threads(name):
    assert not differs(special(name, tensors(LARGE)))
