"""Event files: what is written is read back record by record."""

import numpy as np
import pytest

import kajo
from kajo import nn

pytest.importorskip("tensorboardX")

from tensorboardX.proto import event_pb2
from tensorboardX.proto.graph_pb2 import GraphDef

from kajo.utils.tensorboard import SummaryWriter


def records(folder):
    """All events of the files in a folder: length, checksum, message, checksum."""
    found = []
    for path in sorted(folder.rglob("events.*")):
        data = path.read_bytes()
        while data:
            length = int.from_bytes(data[:8], "little")
            found.append(event_pb2.Event.FromString(data[12 : 12 + length]))
            data = data[12 + length + 4 :]
    return found


def summaries(folder):
    return {
        value.tag: (event.step, value) for event in records(folder) for value in event.summary.value
    }


def test_scalars(tmp_path):
    with SummaryWriter(tmp_path) as writer:
        writer.add_scalar("loss/train", kajo.tensor(0.5), 3)
        writer.add_scalar("accuracy", 0.25, global_step=4, walltime=12.0)
        writer.add_scalars("both", {"a": 1.0, "b": kajo.tensor([2.0])}, 5)
    found = summaries(tmp_path)
    step, value = found["loss/train"]
    assert step == 3 and value.simple_value == 0.5
    assert found["accuracy"][1].simple_value == 0.25
    assert {event.wall_time for event in records(tmp_path)} >= {12.0}
    assert (tmp_path / "both_a").is_dir() and (tmp_path / "both_b").is_dir()


def test_histograms_images_text_tensors(tmp_path):
    with SummaryWriter(tmp_path) as writer:
        writer.add_histogram("weights", kajo.arange(100.0), 1)
        writer.add_histogram("half", kajo.arange(10, dtype=kajo.bfloat16), 1, bins="auto")
        writer.add_histogram_raw("raw", 0, 2, 3, 3.0, 5.0, [1.0, 2.0], [1, 2])
        writer.add_image("picture", kajo.rand(3, 4, 5), 1)
        writer.add_images("pictures", kajo.rand(2, 3, 4, 5), 1)
        writer.add_text("note", "**hello**", 1)
        writer.add_tensor("values", kajo.tensor([[1.0, 2.0]]), 2)
        writer.add_pr_curve("curve", kajo.tensor([0, 1, 1]), kajo.tensor([0.1, 0.6, 0.9]))
        writer.add_mesh("mesh", kajo.rand(1, 4, 3))
    found = summaries(tmp_path)
    assert found["weights"][1].histo.num == 100
    assert found["weights"][1].histo.sum == pytest.approx(4950)
    picture = found["picture"][1].image
    assert (picture.height, picture.width, picture.colorspace) == (4, 5, 3)
    step, value = found["values"]
    assert step == 2 and list(value.tensor.float_val) == [1.0, 2.0]
    assert found["note/text_summary"][1].tensor.string_val == [b"**hello**"]
    with pytest.raises(ValueError, match="bucket"), SummaryWriter(tmp_path) as writer:
        writer.add_histogram_raw("raw", 0, 2, 3, 3.0, 5.0, [1.0, 2.0], [1])


def test_graph_of_a_model(tmp_path):
    model = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))
    with SummaryWriter(tmp_path) as writer:
        writer.add_graph(model, kajo.ones(1, 3))
    graphs = [GraphDef.FromString(e.graph_def) for e in records(tmp_path) if e.graph_def]
    nodes = {node.name: node for node in graphs[0].node}
    kinds = [node.op for node in graphs[0].node]
    assert kinds.count("aten::linear") == 2 and kinds.count("aten::relu") == 1
    assert kinds.count("Parameter") == 4
    linear = next(n for n in nodes.values() if n.op == "aten::linear")
    assert linear.name.startswith("Sequential/Linear[0]/")
    assert set(linear.input) == {"input/0", "Sequential/0/weight", "Sequential/0/bias"}
    assert [d.size for d in linear.attr["_output_shapes"].list.shape[0].dim] == [1, 4]
    assert all(source in nodes for node in nodes.values() for source in node.input)


def test_hyperparameters_and_embedding(tmp_path):
    with SummaryWriter(tmp_path) as writer:
        writer.add_hparams({"lr": 0.1, "wide": True}, {"loss": kajo.tensor(0.5)}, run_name="one")
        writer.add_embedding(
            kajo.rand(5, 3), metadata=list("abcde"), label_img=kajo.rand(5, 3, 4, 4)
        )
        with pytest.raises(TypeError):
            writer.add_hparams([], {})
    assert summaries(tmp_path / "one")["loss"][1].simple_value == 0.5
    table = next(tmp_path.rglob("tensors.tsv")).read_text().splitlines()
    assert np.array([[float(x) for x in row.split("\t")] for row in table]).shape == (5, 3)


def test_default_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    writer = SummaryWriter(comment="_trial")
    writer.close()
    assert writer.get_logdir().startswith("runs") and writer.get_logdir().endswith("_trial")
    assert (tmp_path / writer.get_logdir()).is_dir()
