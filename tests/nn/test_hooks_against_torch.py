"""Hooks of modules, of all modules and of state dicts are called as PyTorch calls them."""

import pytest

import kajo

torch = pytest.importorskip("torch")

CASES = {}


def case(function):
    CASES[function.__name__] = function
    return function


def plain(value):
    if isinstance(value, (torch.Tensor, kajo.Tensor)):
        return tuple(value.shape), round(float(value.detach().double().sum()), 5)
    if isinstance(value, dict):
        return {key: plain(v) for key, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    return value if isinstance(value, (str, int, float, type(None))) else type(value).__name__


def numbered(m, module):
    with m.no_grad():
        for i, p in enumerate(module.parameters()):
            p.copy_(m.arange(p.numel()).reshape(p.shape) * 0.1 - 0.3 + i * 0.05)
    return module


def network(m):
    inner = m.nn.Sequential(m.nn.ReLU(), m.nn.Linear(4, 2))
    return numbered(m, m.nn.Sequential(m.nn.Linear(3, 4), inner))


def with_keywords(m):
    class Scaled(m.nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = m.nn.Linear(3, 3)

        def forward(self, x, *, scale=1.0, fail=False):
            if fail:
                raise ValueError("failed")
            return self.layer(x) * scale

    return numbered(m, Scaled())


def rows(m):
    return (m.arange(6).reshape(2, 3) * 0.3 - 0.5).requires_grad_()


@case
def order(m, log):
    n = network(m)
    n.register_forward_pre_hook(lambda _, a: log(("pre", a)))
    n.register_forward_pre_hook(lambda _, a: log("pre first"), prepend=True)
    n.register_forward_hook(lambda _, a, o: log(("forward", o)))
    n.register_forward_hook(lambda _, a, o: log("forward first"), prepend=True)
    n.register_full_backward_pre_hook(lambda _, g: log(("backward pre", g)))
    n.register_full_backward_pre_hook(lambda _, g: log("backward pre first"), prepend=True)
    n.register_full_backward_hook(lambda _, i, o: log(("backward", i, o)))
    n.register_full_backward_hook(lambda _, i, o: log("backward first"), prepend=True)
    n[1].register_full_backward_hook(lambda _, i, o: log(("inner", i, o)))
    n(rows(m)).sum().backward()


@case
def keywords(m, log):
    n = with_keywords(m)

    def change(_, args, kwargs):
        log((args, kwargs))
        return (args[0] * 2,), {"scale": 3.0}

    n.register_forward_pre_hook(change, with_kwargs=True)
    n.register_forward_hook(lambda _, a, k, o: log((a, k, o)), with_kwargs=True)
    log(n(rows(m), scale=2.0))


@case
def always_called(m, log):
    n = with_keywords(m)
    n.register_forward_hook(lambda _, a, o: log(("always", o)), always_call=True)
    n.register_forward_hook(lambda _, a, o: log(("otherwise", o)))
    n.register_forward_hook(
        lambda _, a, k, o: log(("with keywords", k, o)), always_call=True, with_kwargs=True
    )
    for fail in (True, False):
        try:
            n(rows(m), fail=fail)
        except ValueError as error:
            log(str(error))


@case
def replaced(m, log):
    n, x = network(m), rows(m)
    n.register_forward_pre_hook(lambda _, a: a[0] * 2)
    n.register_forward_hook(lambda _, a, o: o + 1)
    n.register_full_backward_pre_hook(lambda _, g: (g[0] * 3,))
    n.register_full_backward_hook(lambda _, i, o: (i[0] * 5,))
    out = n(x)
    out.sum().backward()
    log([out, x.grad, [p.grad for p in n.parameters()]])


@case
def of_all_modules(m, log):
    n, of_all = network(m), m.nn.modules.module
    handles = [
        of_all.register_module_forward_pre_hook(lambda q, a: log(("pre", q))),
        of_all.register_module_forward_hook(lambda q, a, o: log(("forward", q, o))),
        of_all.register_module_full_backward_pre_hook(lambda q, g: log(("backward pre", q, g))),
        of_all.register_module_full_backward_hook(lambda q, i, o: log(("backward", q, i, o))),
        of_all.register_module_forward_hook(
            lambda q, a, k, o: log(("keywords", k)), with_kwargs=True, always_call=True
        ),
    ]
    n.register_forward_hook(lambda *_: log("its own"))
    n(rows(m)).sum().backward()
    for handle in handles:
        handle.remove()
    n(rows(m))


@case
def registrations(m, log):
    of_all = m.nn.modules.module
    handles = [
        of_all.register_module_module_registration_hook(lambda q, name, sub: log(("m", name, sub))),
        of_all.register_module_parameter_registration_hook(lambda q, name, p: log(("p", name))),
        of_all.register_module_buffer_registration_hook(lambda q, name, b: log(("b", name))),
    ]
    m.nn.Sequential(m.nn.BatchNorm1d(3), m.nn.Linear(2, 2, bias=False))
    for handle in handles:
        handle.remove()


@case
def state_dicts(m, log):
    n = network(m)

    def without_bias(_, state, prefix, meta):
        state.pop(prefix + "1.bias")

    n.register_state_dict_pre_hook(lambda _, prefix, keep: log((prefix, keep)))
    n.register_state_dict_post_hook(lambda _, s, prefix, meta: log((list(s), prefix, meta)))
    n[1].register_state_dict_post_hook(without_bias)
    n.register_load_state_dict_pre_hook(
        lambda _, s, prefix, meta, strict, missing, unexpected, errors: log(
            (prefix, strict, list(s))
        )
    )
    n.register_load_state_dict_post_hook(
        lambda _, keys: log((keys.missing_keys, keys.unexpected_keys))
    )
    log(list(n.state_dict(prefix="a.", keep_vars=True)))
    state = network(m).state_dict()
    state["more"] = state.pop("0.weight")
    log(str(n.load_state_dict(state, strict=False)))
    state["0.bias"] = m.zeros(7)
    for strict in (True, False):
        try:
            n.load_state_dict(state, strict=strict)
        except RuntimeError as error:
            log(str(error).replace("torch", "kajo"))


@pytest.mark.parametrize("name", CASES)
def test_hooks(name):
    logs = []
    for m in (torch, kajo):
        entries = []
        CASES[name](m, lambda value, entries=entries: entries.append(plain(value)))
        logs.append(entries)
    assert logs[0] == logs[1]
