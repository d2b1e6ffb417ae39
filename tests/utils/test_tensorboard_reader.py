"""TensorBoard's own reader reads the files that SummaryWriter writes."""

from __future__ import annotations

import io
import wave

import pytest

import kajo

pytest.importorskip("tensorboardX")
reader = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")

from kajo.utils.tensorboard import SummaryWriter  # noqa: E402


def read(folder):
    kinds = ("scalars", "images", "histograms", "tensors", "audio")
    events = reader.EventAccumulator(str(folder), size_guidance=dict.fromkeys(kinds, 0))
    events.Reload()
    return events


def test_scalars(tmp_path):
    with SummaryWriter(tmp_path) as writer:
        for step in range(5):
            writer.add_scalar("loss", kajo.tensor(1 / (step + 1)), step, walltime=100 + step)
            writer.add_scalars("both/kinds", {"train": step, "test": 2.0 * step}, step)
        writer.add_scalar("new", 3.0, 7, new_style=True)
    events = read(tmp_path)
    expected = [
        (100.0, 0, 1.0),
        (101.0, 1, 0.5),
        (102.0, 2, 1 / 3),
        (103.0, 3, 0.25),
        (104.0, 4, 0.2),
    ]
    found = [(event.wall_time, event.step, event.value) for event in events.Scalars("loss")]
    assert found == [pytest.approx(values, rel=1e-6) for values in expected]
    assert events.Tensors("new")[0].step == 7
    assert events.SummaryMetadata("new").plugin_data.plugin_name == "scalars"
    for run, factor in (("train", 1), ("test", 2)):
        values = [
            event.value for event in read(tmp_path / f"both_kinds_{run}").Scalars("both/kinds")
        ]
        assert values == [factor * step for step in range(5)]


def test_distributions_and_pictures(tmp_path):
    with SummaryWriter(tmp_path) as writer:
        writer.add_histogram("h", kajo.arange(100.0), 3)
        writer.add_image("chw", kajo.rand(3, 8, 6), 1)
        writer.add_image("hwc", kajo.rand(8, 6, 3), 1, dataformats="HWC")
        writer.add_images("many", kajo.rand(4, 3, 5, 5), 1)
        writer.add_text("notes", "hello *world*", 2)
        writer.add_audio("sound", kajo.linspace(-2, 2, 100).unsqueeze(0), 0, sample_rate=8000)
    events = read(tmp_path)
    histogram = events.Histograms("h")[0]
    assert histogram.step == 3
    assert (histogram.histogram_value.min, histogram.histogram_value.max) == (0.0, 99.0)
    assert (histogram.histogram_value.num, histogram.histogram_value.sum) == (100.0, 4950.0)
    assert sum(histogram.histogram_value.bucket) == 100
    for tag, width, height in (("chw", 6, 8), ("hwc", 6, 8), ("many", 20, 5)):
        image = events.Images(tag)[0]
        assert (image.width, image.height) == (width, height)
        assert image.encoded_image_string.startswith(b"\x89PNG")
    (text,) = events.Tensors("notes/text_summary")
    assert list(text.tensor_proto.string_val) == [b"hello *world*"]
    assert events.SummaryMetadata("notes/text_summary").plugin_data.plugin_name == "text"
    sound = events.Audio("sound")[0]
    with wave.open(io.BytesIO(sound.encoded_audio_string)) as file:
        assert (file.getframerate(), file.getnframes(), file.getsampwidth()) == (8000, 100, 2)
        samples = memoryview(file.readframes(100)).cast("h")
    assert (samples[0], samples[99]) == (-32767, 32767)


def test_graphs_settings_and_embeddings(tmp_path):
    model = kajo.nn.Sequential(kajo.nn.Linear(3, 4), kajo.nn.ReLU(), kajo.nn.Linear(4, 2))
    with SummaryWriter(tmp_path) as writer:
        writer.add_graph(model, kajo.rand(2, 3))
        writer.add_hparams(
            {"lr": 0.1, "name": "x", "deep": True}, {"accuracy": 0.5}, run_name="run"
        )
        writer.add_embedding(
            kajo.rand(5, 3), metadata=list("abcde"), label_img=kajo.rand(5, 3, 4, 4)
        )
        writer.add_pr_curve("curve", kajo.tensor([0, 1, 1]), kajo.tensor([0.1, 0.9, 0.6]), 0)
    events = read(tmp_path)
    operations = {node.op for node in events.Graph().node}
    assert any("linear" in operation for operation in operations)
    assert events.SummaryMetadata("curve").plugin_data.plugin_name == "pr_curves"
    run = read(tmp_path / "run")
    assert [event.value for event in run.Scalars("accuracy")] == [0.5]
    plugin = run.summary_metadata["_hparams_/experiment"].plugin_data
    from tensorboard.plugins.hparams import plugin_data_pb2

    settings = plugin_data_pb2.HParamsPluginData.FromString(plugin.content).experiment
    assert {info.name for info in settings.hparam_infos} == {"lr", "name", "deep"}
    assert [info.name.tag for info in settings.metric_infos] == ["accuracy"]
    config = (tmp_path / "projector_config.pbtxt").read_text()
    from google.protobuf import text_format
    from tensorboard.plugins.projector.projector_config_pb2 import ProjectorConfig

    (embedding,) = text_format.Parse(config, ProjectorConfig()).embeddings
    rows = (tmp_path / embedding.tensor_path).read_text().splitlines()
    assert [len(row.split("\t")) for row in rows] == [3] * 5
    assert (tmp_path / embedding.metadata_path).read_text().split() == list("abcde")
    assert (tmp_path / embedding.sprite.image_path).read_bytes().startswith(b"\x89PNG")
