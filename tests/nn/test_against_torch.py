"""The same seed, inputs and calls through kajo.nn and torch.nn."""

import numpy as np
import pytest

import kajo

torch = pytest.importorskip("torch")

LAYERS = [
    ("Linear", (3, 4), {}),
    ("Bilinear", (3, 4, 5), {}),
    ("Conv1d", (2, 4, 3), {}),
    ("Conv2d", (2, 4, 3), {"groups": 2}),
    ("Conv3d", (2, 4, 3), {}),
    ("ConvTranspose2d", (2, 4, 3), {}),
    ("Embedding", (5, 3), {"padding_idx": 1}),
    ("EmbeddingBag", (5, 3), {}),
    ("LSTM", (3, 4, 2), {"bidirectional": True, "proj_size": 2}),
    ("GRU", (3, 4), {}),
    ("RNN", (3, 4), {"nonlinearity": "relu"}),
    ("LSTMCell", (3, 4), {}),
    ("MultiheadAttention", (4, 2), {}),
    ("MultiheadAttention", (4, 2), {"kdim": 3, "vdim": 5, "add_bias_kv": True}),
    ("TransformerEncoderLayer", (4, 2, 8), {}),
    ("Transformer", (4, 2, 1, 1, 8), {}),
    ("AdaptiveLogSoftmaxWithLoss", (8, 20, [5, 10]), {}),
    ("BatchNorm2d", (3,), {}),
    ("LayerNorm", (3,), {}),
    ("GroupNorm", (2, 4), {}),
    ("PReLU", (), {}),
]


@pytest.mark.parametrize(("name", "args", "kwargs"), LAYERS)
def test_first_values_names_and_text(name, args, kwargs):
    torch.manual_seed(0)
    theirs = getattr(torch.nn, name)(*args, **kwargs)
    kajo.manual_seed(0)
    ours = getattr(kajo.nn, name)(*args, **kwargs)
    expected, got = theirs.state_dict(), ours.state_dict()
    assert list(got) == list(expected)
    for key in expected:
        np.testing.assert_allclose(got[key].numpy(), expected[key].numpy(), rtol=1e-6, atol=1e-7)
    assert repr(ours) == repr(theirs)


@pytest.mark.parametrize(
    "name",
    [
        *("xavier_uniform_", "xavier_normal_", "kaiming_uniform_", "kaiming_normal_"),
        *("orthogonal_", "trunc_normal_", "normal_", "uniform_"),
    ],
)
def test_initialisers(name):
    torch.manual_seed(3)
    expected = getattr(torch.nn.init, name)(torch.empty(5, 4))
    kajo.manual_seed(3)
    got = getattr(kajo.nn.init, name)(kajo.empty(5, 4))
    np.testing.assert_allclose(got.numpy(), expected.numpy(), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", ["LSTM", "GRU", "RNN"])
@pytest.mark.parametrize("options", [{}, {"bidirectional": True, "num_layers": 2}])
def test_packed_sequences(name, options):
    torch.manual_seed(0)
    theirs = getattr(torch.nn, name)(3, 4, **options)
    kajo.manual_seed(0)
    ours = getattr(kajo.nn, name)(3, 4, **options)
    rows = [np.random.default_rng(n).normal(size=(n, 3)).astype(np.float32) for n in (2, 5, 3)]
    their_packed = torch.nn.utils.rnn.pack_sequence([torch.from_numpy(r) for r in rows], False)
    our_packed = kajo.nn.utils.rnn.pack_sequence([kajo.from_numpy(r) for r in rows], False)
    expected, _ = torch.nn.utils.rnn.pad_packed_sequence(theirs(their_packed)[0])
    got, _ = kajo.nn.utils.rnn.pad_packed_sequence(ours(our_packed)[0])
    np.testing.assert_allclose(
        got.detach().numpy(), expected.detach().numpy(), rtol=1e-5, atol=1e-6
    )
