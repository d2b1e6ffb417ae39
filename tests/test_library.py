"""Operations that programs define: schemas, kernels, gradients, shapes, checks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

import kajo
from kajo import library


def square_operation(name):
    @library.custom_op(name, mutates_args=())
    def square(x: kajo.Tensor) -> kajo.Tensor:
        return kajo.from_numpy(np.square(x.numpy(force=True)))

    def setup_context(ctx, inputs, output):
        ctx.save_for_backward(*inputs)

    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        return grad * 2 * x

    square.register_autograd(backward, setup_context=setup_context)
    square.register_fake(lambda x: kajo.empty_like(x))
    return square


def test_an_operation_with_gradient_and_shape():
    square = square_operation("test::square")
    x = kajo.tensor([2.0, 3.0], dtype=kajo.float64, requires_grad=True)
    assert square(x).tolist() == [4, 9]
    assert kajo.ops.test.square(x.detach()).tolist() == [4, 9]
    assert square(x).grad_fn.name() == "GeneratedBackwardFor_test_square_defaultBackward"
    assert kajo.autograd.gradcheck(square, x) and kajo.autograd.gradgradcheck(square, x)
    assert square(kajo.empty(3, device="meta")).shape == (3,)
    assert set(library.opcheck(square, (x,)).values()) == {"SUCCESS"}


def test_without_a_gradient():
    @library.custom_op("test::without", mutates_args=())
    def without(x: kajo.Tensor) -> kajo.Tensor:
        return x * 1

    x = kajo.ones(2, requires_grad=True)
    with pytest.raises(RuntimeError, match="no autograd formula was registered"):
        without(x).sum().backward()
    with pytest.raises(RuntimeError, match="no fake impl registered"):
        without(kajo.empty(2, device="meta"))
    with pytest.raises(library.OpCheckError, match="no autograd formula"):
        library.opcheck(without, (x,), test_utils="test_autograd_registration")


def test_arguments_of_all_kinds():
    @library.custom_op("test::mixed", mutates_args={"total"})
    def mixed(
        xs: Sequence[kajo.Tensor],
        total: kajo.Tensor,
        k: int = 3,
        *,
        names: list[str] | None = None,
        factor: float = 1.5,
    ) -> tuple[kajo.Tensor, kajo.Tensor]:
        total.add_(sum(xs))
        return xs[0] * k, xs[0] * factor

    assert str(kajo.ops.test.mixed.default._schema) == (
        "test::mixed(Tensor[] xs, Tensor(a1!) total, SymInt k=3, *, str[]? names=None, "
        "float factor=1.5) -> (Tensor, Tensor)"
    )
    total = kajo.zeros(2)
    first, second = mixed([kajo.ones(2), kajo.ones(2)], total, factor=2)
    assert first.tolist() == [3, 3] and second.tolist() == [2, 2] and total.tolist() == [2, 2]
    assert total._version == 2
    for args, options, message in (
        ((3, total), {}, "Expected a value of type 'Tensor\\[\\]' for argument 'xs'"),
        (([total], total), {"k": "x"}, "Expected a value of type 'int' for argument 'k'"),
        (([total],), {}, "is missing value for argument 'total'"),
        (([total], total), {"other": 1}, "Unknown keyword argument 'other'"),
        (([total], total, 1, 2), {}, "expected at most 3 argument"),
    ):
        with pytest.raises(RuntimeError, match=message):
            mixed(*args, **options)
    with pytest.raises(RuntimeError, match="non-functional operator"):
        mixed.register_autograd(lambda ctx, a, b: None)


def test_gradients_for_lists_and_keywords():
    @library.custom_op("test::scaled", mutates_args=())
    def scaled(xs: Sequence[kajo.Tensor], y: kajo.Tensor, *, k: int = 2) -> list[kajo.Tensor]:
        return [x * k for x in xs]

    seen = []

    def setup_context(ctx, inputs, keyword_only_inputs, output):
        ctx.k = keyword_only_inputs["k"]

    def backward(ctx, grads):
        seen.append(ctx.needs_input_grad)
        return [g * ctx.k for g in grads], None

    scaled.register_autograd(backward, setup_context=setup_context)
    x, y = kajo.ones(2, requires_grad=True), kajo.ones(2)
    one, two = scaled([x, y], y, k=5)
    (one + two).sum().backward()
    assert x.grad.tolist() == [5, 5] and seen == [([True, False], False)]


@pytest.mark.parametrize(
    ("function", "mutates", "message"),
    [
        (lambda x: x, (), "Parameter x must have a type annotation"),
        ("x: dict", (), "Parameter x has unsupported type"),
        ("x: kajo.Tensor", {"y"}, "in mutates_args were not found"),
    ],
)
def test_signatures_that_no_schema_says(function, mutates, message):
    if isinstance(function, str):
        space = {"kajo": kajo}
        exec(f"def f({function}) -> kajo.Tensor: ...", space)
        function = space["f"]
    with pytest.raises(ValueError, match=message):
        library.custom_op("test::refused", function, mutates_args=mutates)


def test_results_must_be_new():
    @library.custom_op("test::same", mutates_args=())
    def same(x: kajo.Tensor) -> kajo.Tensor:
        return x.view(-1)

    @library.custom_op("test::number", mutates_args=())
    def number(x: kajo.Tensor) -> kajo.Tensor:
        return 3

    with pytest.raises(RuntimeError, match="may not alias any inputs"):
        same(kajo.ones(2))
    with pytest.raises(RuntimeError, match="Unable to cast 3 to Tensor"):
        number(kajo.ones(2))


def test_kernels_by_device():
    @library.custom_op("test::placed", mutates_args=(), device_types="cuda")
    def placed(x: kajo.Tensor) -> kajo.Tensor:
        return x * 1

    with pytest.raises(NotImplementedError, match="from the 'CPU' backend"):
        placed(kajo.ones(1))
    placed.register_kernel("cpu", lambda x: x * 5)
    assert placed(kajo.ones(1)).item() == 5
    with placed.set_kernel_enabled("cpu", False), pytest.raises(NotImplementedError):
        placed(kajo.ones(1))


def test_libraries():
    defined = library.Library("test_library", "DEF")
    assert defined.define("power(Tensor x, int k=2) -> Tensor") == "power"
    with pytest.raises(NotImplementedError, match="Could not run 'test_library::power'"):
        kajo.ops.test_library.power(kajo.ones(1))
    defined.impl("power", lambda x, k=2: x**k, "CPU")
    defined.define("power.tensor(Tensor x, Tensor k) -> Tensor")
    defined.impl("power.tensor", lambda x, k: x**k, "CompositeImplicitAutograd")
    power = kajo.ops.test_library.power
    x = kajo.tensor(3.0, requires_grad=True)
    assert power(x.detach(), k=3).item() == 27 and power.overloads() == ["default", "tensor"]
    assert power(x, x).grad_fn.name() == "PowBackward1"
    assert str(power.tensor) == "test_library.power.tensor"
    with pytest.raises(RuntimeError, match="multiple times"):
        defined.define("power(Tensor x) -> Tensor")
    with pytest.raises(RuntimeError, match="already a kernel"):
        defined.impl("power", lambda x, k=2: x, "CPU")
    with pytest.raises(RuntimeError, match="does not exist"):
        defined.impl("absent", lambda x: x, "CPU")
    with pytest.raises(RuntimeError, match="not a schema"):
        defined.define("broken")
    with pytest.raises(ValueError, match="Unsupported kind"):
        library.Library("test_library", "OTHER")
    with pytest.raises(AttributeError, match="has no attribute 'absent'"):
        _ = kajo.ops.test_library.absent


def test_opcheck_finds_what_is_wrong():
    @library.custom_op("test::writes", mutates_args=())
    def writes(x: kajo.Tensor) -> kajo.Tensor:
        x.add_(1)
        return x * 1

    writes.register_fake(lambda x: x.new_empty(7))
    for check, message in (
        ("test_schema", "Argument x is not defined as mutable"),
        ("test_faketensor", "Shapes .* are not equal"),
    ):
        with pytest.raises(library.OpCheckError, match=message):
            library.opcheck(writes, (kajo.ones(3),), test_utils=check)
    outcome = library.opcheck(
        writes, (kajo.ones(3),), test_utils="test_schema", raise_exception=False
    )
    assert isinstance(outcome["test_schema"], library.OpCheckError)


def test_in_another_dtype_where_autocast_is_on():
    seen = []

    @library.custom_op("test::lowered", mutates_args=())
    def lowered(x: kajo.Tensor) -> kajo.Tensor:
        seen.append((x.dtype, kajo.is_autocast_enabled("cpu")))
        return x.clone()

    library.register_autocast(lowered, "cpu", kajo.bfloat16)
    lowered(kajo.ones(1))
    with kajo.autocast("cpu"):
        x = kajo.ones(1, requires_grad=True)
        lowered(x), lowered(kajo.ones(1).double()), lowered(kajo.ones(1).int())
    assert seen == [
        (kajo.float32, False), (kajo.bfloat16, False), (kajo.float64, False), (kajo.int32, False)
    ]  # fmt: skip
    with pytest.raises(RuntimeError):
        library.register_autocast(lowered, "nowhere", kajo.bfloat16)
    with pytest.raises(ValueError):
        library.register_autocast(3, "cpu", kajo.bfloat16)


def test_rules_for_subclasses():
    square = square_operation("test::square_of_subclass")

    class Mine(kajo.Tensor):
        pass

    class Derived(Mine):
        pass

    @library.register_torch_dispatch(square, Mine)
    def rule(cls, operation, types, args, kwargs):
        return cls.__name__, str(operation), types[0].__name__, len(args), kwargs

    expected = ("Mine", "test.square_of_subclass.default", "Derived", 1, {})
    assert square(kajo.ones(1).as_subclass(Derived)) == expected
    assert square(kajo.ones(1)).tolist() == [1.0]


def test_kernels_by_key():
    square = square_operation("test::square_kept")
    kernel = library.get_kernel("test::square_kept", "CPU")
    square.register_kernel("cpu", lambda x: kernel.call_boxed("CPU", x) + 1)
    assert square(kajo.tensor([2.0])).tolist() == [5.0]
    with pytest.raises(RuntimeError):
        library.get_kernel("test::nothing_here", "CPU")
    with pytest.raises(ValueError):
        library.get_kernel("test::square_kept", "Nowhere")
    with pytest.raises(NotImplementedError):
        library.fallthrough_kernel()
    lib = library.Library("test_fall", "DEF")
    lib.define("f(Tensor x) -> Tensor")
    lib.impl("f", library.fallthrough_kernel, "Autograd")
    lib.impl("f", lambda x: x * 2, "CPU")
    assert kajo.ops.test_fall.f(kajo.ones(1)).tolist() == [2.0]


def test_contexts_of_shape_functions():
    square = square_operation("test::square_context")
    assert library.get_ctx() is None
    square.register_fake(lambda x: x.new_empty(library.get_ctx().new_dynamic_size()))
    with pytest.raises(RuntimeError, match="depends on data"):
        square(kajo.ones(1, device="meta"))

    @library.triton_op("test::by_triton", mutates_args=())
    def by_triton(x: kajo.Tensor) -> kajo.Tensor:
        return x.sin()

    assert by_triton(kajo.zeros(1)).tolist() == [0.0]
    with pytest.raises((ModuleNotFoundError, RuntimeError)):
        library.wrap_triton(lambda x: x)


def test_vmap_rules_are_used():
    @kajo.library.custom_op("tests_library::with_rule", mutates_args=())
    def with_rule(x: kajo.Tensor) -> kajo.Tensor:
        return x.clone()

    with_rule.register_vmap(lambda info, in_dims, x: (x * info.batch_size, in_dims[0]))
    assert kajo.vmap(with_rule)(kajo.ones(3, 2)).tolist() == [[3.0, 3.0]] * 3
    assert with_rule(kajo.ones(2)).tolist() == [1.0, 1.0]
