"""Dimensions reordered, split and joined by a pattern."""

import pytest

import kajo

torch = pytest.importorskip("torch")

CASES = [
    ("a b c -> c a b", {}), ("a b c -> (a b) c", {}), ("a b c -> (c b a)", {}), ("a (b k) c -> a k (b c)", {"k": 3}),
    ("(a k) b c -> a b (c k)", {"k": 2}), ("... c -> c ...", {}), ("a ... -> (...) a", {}),
    ("... -> (...)", {}), ("a b c -> a 1 b c", {}), ("a ... c -> c ... a", {}), ("a b c -> a b c", {}),
    ("a b (c d) -> (a d) (b c)", {"c": 2}), ("... -> ...", {}),
]  # fmt: skip


@pytest.mark.parametrize(("pattern", "sizes"), CASES)
def test_patterns(pattern, sizes):
    ours, theirs = (lib.arange(144).view(2, 6, 12) for lib in (kajo, torch))
    found = kajo.func.rearrange(ours, pattern, **sizes)
    expected = torch.func.rearrange(theirs, pattern, **sizes)
    assert tuple(found.shape) == tuple(expected.shape) and found.tolist() == expected.tolist()


def test_lists_and_dimensions_of_one():
    ours, theirs = ([lib.arange(6).view(2, 3)] * 2 for lib in (kajo, torch))
    for pattern in ("n a b -> a (n b)", "n a b -> n b a"):
        found = kajo.func.rearrange(ours, pattern)
        assert found.tolist() == torch.func.rearrange(theirs, pattern).tolist()
    assert kajo.func.rearrange(kajo.ones(1, 2), "1 a -> a").shape == (2,)


@pytest.mark.parametrize(
    ("pattern", "sizes"),
    [
        ("a b c -> a b", {}), ("a b c -> a b c d", {}), ("a b c", {}), ("a a c -> a c", {}),
        ("a b c -> c b a", {"z": 3}), ("(a b c -> a b c", {}), ("a 2 c -> a c", {}), ("a _b c -> a _b c", {}),
        ("(...) a -> a", {}),
    ],
)  # fmt: skip
def test_patterns_that_make_no_sense(pattern, sizes):
    with pytest.raises(ValueError):
        torch.func.rearrange(torch.zeros(2, 6, 12), pattern, **sizes)
    with pytest.raises(ValueError):
        kajo.func.rearrange(kajo.zeros(2, 6, 12), pattern, **sizes)


@pytest.mark.parametrize(
    ("pattern", "sizes"),
    [
        ("a (b c) d -> a b c d", {}),
        ("a (b c) d -> a b c d", {"b": 5}),
        ("a b -> b a", {}),
        ("a 1 c -> a c", {}),
    ],
)
def test_patterns_that_do_not_fit(pattern, sizes):
    with pytest.raises(ValueError):
        kajo.func.rearrange(kajo.zeros(2, 6, 12), pattern, **sizes)
