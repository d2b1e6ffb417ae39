"""The writer of event files. tensorboardX writes the records; here are PyTorch's names and tensors."""

from __future__ import annotations

import io
import time
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import kajo
from kajo import Tensor
from kajo.utils._pytree import tree_map_only

__all__ = ["SummaryWriter"]


def _backend() -> Any:
    try:
        import tensorboardX
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "SummaryWriter needs tensorboardX to write event files: pip install 'kajo[tensorboard]'"
        ) from error
    return tensorboardX


def _plain(value: Any) -> Any:
    """Tensors as arrays, also in lists and dictionaries."""
    return tree_map_only(Tensor, _array, value)


def _array(tensor: Tensor) -> Any:
    """As an array; bfloat16, which NumPy lacks, in float32."""
    tensor = tensor.detach()
    return (tensor.float() if tensor.dtype == kajo.bfloat16 else tensor).cpu().numpy()


class SummaryWriter:
    """Writes scalars, histograms, images, text, graphs and more to a folder for TensorBoard.

    Args:
        log_dir: the folder; by default ``runs/<time>_<host><comment>``.
        comment: the end of the default folder's name.
        purge_step: after a crash, the step from which earlier records count no more.
        max_queue: how many records are kept before they are written.
        flush_secs: how often they are written, in seconds.
        filename_suffix: the end of the event file's name.

    Raises:
        ModuleNotFoundError: without tensorboardX.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder, SummaryWriter(folder) as writer:
    ...     for step in range(3):
    ...         writer.add_scalar("loss", kajo.tensor(1.0 / (step + 1)), step)
    """

    def __init__(
        self,
        log_dir: Any = None,
        comment: str = "",
        purge_step: int | None = None,
        max_queue: int = 10,
        flush_secs: int = 120,
        filename_suffix: str = "",
    ):
        if log_dir is None:
            import socket
            from datetime import datetime

            moment = datetime.now().strftime("%b%d_%H-%M-%S")
            log_dir = Path("runs") / f"{moment}_{socket.gethostname()}{comment}"
        self.log_dir = str(log_dir)
        self.purge_step = purge_step
        self.max_queue = max_queue
        self.flush_secs = flush_secs
        self.filename_suffix = filename_suffix
        self._runs: dict[str, Any] = {}
        self._writer = _backend().SummaryWriter(
            logdir=self.log_dir,
            purge_step=purge_step,
            max_queue=max_queue,
            flush_secs=flush_secs,
            filename_suffix=filename_suffix,
        )

    def get_logdir(self) -> str:
        """The folder."""
        return self.log_dir

    def add_scalar(
        self,
        tag: str,
        scalar_value: Any,
        global_step: int | None = None,
        walltime: float | None = None,
        new_style: bool = False,
        double_precision: bool = False,
    ) -> None:
        """Adds a number.

        Args:
            tag: its name; a slash makes groups: "loss/train".
            scalar_value: a number or a tensor of one element.
            global_step: the step.
            walltime: the time in seconds since 1970; by default now.
            new_style: write a tensor without dimensions, as newer readers have it.
            double_precision: accepted; records hold float32.
        """
        value = _number(scalar_value)
        if new_style:
            self._add_tensor("scalars", tag, kajo.tensor(value), global_step, walltime)
        else:
            self._writer.add_scalar(tag, value, global_step, walltime)

    def add_scalars(
        self,
        main_tag: str,
        tag_scalar_dict: dict[str, Any],
        global_step: int | None = None,
        walltime: float | None = None,
    ) -> None:
        """Adds several numbers that one chart shows, each in a run of its own below the folder."""
        for tag, value in tag_scalar_dict.items():
            run = f"{self.log_dir}/{main_tag.replace('/', '_')}_{tag}"
            if run not in self._runs:
                self._runs[run] = _backend().SummaryWriter(
                    logdir=run, max_queue=self.max_queue, flush_secs=self.flush_secs
                )
            self._runs[run].add_scalar(main_tag, _number(value), global_step, walltime)

    def add_tensor(
        self,
        tag: str,
        tensor: Tensor,
        global_step: int | None = None,
        walltime: float | None = None,
    ) -> None:
        """Adds a tensor as it is."""
        self._add_tensor("tensor", tag, tensor, global_step, walltime)

    def _add_tensor(
        self, plugin_name: str, tag: str, tensor: Tensor, global_step: Any, walltime: Any
    ) -> None:
        from tensorboardX.proto import summary_pb2, tensor_pb2, tensor_shape_pb2

        values = tensor.detach().to(kajo.float32)
        size = tensor_shape_pb2.TensorShapeProto.Dim
        shape = tensor_shape_pb2.TensorShapeProto(dim=[size(size=n) for n in tensor.shape])
        record = tensor_pb2.TensorProto(
            dtype="DT_FLOAT", tensor_shape=shape, float_val=values.flatten().tolist()
        )
        plugin = summary_pb2.SummaryMetadata.PluginData(plugin_name=plugin_name)
        metadata = summary_pb2.SummaryMetadata(plugin_data=plugin)
        value = summary_pb2.Summary.Value(tag=tag, tensor=record, metadata=metadata)
        summary = summary_pb2.Summary(value=[value])
        self._writer.file_writer.add_summary(summary, global_step, walltime)

    def add_histogram(
        self,
        tag: str,
        values: Any,
        global_step: int | None = None,
        bins: Any = "tensorflow",
        walltime: float | None = None,
        max_bins: int | None = None,
    ) -> None:
        """Adds the distribution of values.

        Args:
            bins: "tensorflow", or one of the rules of :func:`numpy.histogram`, such as "auto".
            max_bins: the most bins.
        """
        self._writer.add_histogram(tag, _plain(values), global_step, bins, walltime, max_bins)

    def add_histogram_raw(
        self,
        tag: str,
        min: float,
        max: float,
        num: int,
        sum: float,
        sum_squares: float,
        bucket_limits: Any,
        bucket_counts: Any,
        global_step: int | None = None,
        walltime: float | None = None,
    ) -> None:
        """Adds a histogram that was counted elsewhere.

        Raises:
            ValueError: if there are not as many limits as counts.
        """
        limits, counts = _plain(bucket_limits), _plain(bucket_counts)
        if len(limits) != len(counts):
            raise ValueError("len(bucket_limits) != len(bucket_counts), see the document.")
        self._writer.add_histogram_raw(
            tag, min, max, num, sum, sum_squares, limits, counts, global_step, walltime
        )

    def add_image(
        self,
        tag: str,
        img_tensor: Any,
        global_step: int | None = None,
        walltime: float | None = None,
        dataformats: str = "CHW",
    ) -> None:
        """Adds an image: floats from 0 to 1 or uint8, with the dimensions that `dataformats` names."""
        self._writer.add_image(tag, _plain(img_tensor), global_step, walltime, dataformats)

    def add_images(
        self,
        tag: str,
        img_tensor: Any,
        global_step: int | None = None,
        walltime: float | None = None,
        dataformats: str = "NCHW",
    ) -> None:
        """Adds several images side by side."""
        self._writer.add_images(tag, _plain(img_tensor), global_step, walltime, dataformats)

    def add_image_with_boxes(
        self,
        tag: str,
        img_tensor: Any,
        box_tensor: Any,
        global_step: int | None = None,
        walltime: float | None = None,
        rescale: float = 1,
        dataformats: str = "CHW",
        labels: list[str] | None = None,
    ) -> None:
        """Adds an image with boxes, rows (left, top, right, bottom), drawn into it."""
        labels = [labels] if isinstance(labels, str) else labels
        self._writer.add_image_with_boxes(
            tag, _plain(img_tensor), _plain(box_tensor), global_step, walltime, dataformats, labels
        )

    def add_figure(
        self,
        tag: str,
        figure: Any,
        global_step: int | None = None,
        close: bool = True,
        walltime: float | None = None,
    ) -> None:
        """Adds a figure of matplotlib, or a list of figures."""
        self._writer.add_figure(tag, figure, global_step, close, walltime)

    def add_video(
        self,
        tag: str,
        vid_tensor: Any,
        global_step: int | None = None,
        fps: float = 4,
        walltime: float | None = None,
    ) -> None:
        """Adds a video (N, T, C, H, W); needs moviepy."""
        self._writer.add_video(tag, _plain(vid_tensor), global_step, fps, walltime)

    def add_audio(
        self,
        tag: str,
        snd_tensor: Any,
        global_step: int | None = None,
        sample_rate: int = 44100,
        walltime: float | None = None,
    ) -> None:
        """Adds a sound (L,) or (1, L) of numbers from -1 to 1."""
        from tensorboardX.proto import summary_pb2

        samples = np.clip(np.asarray(_plain(snd_tensor), dtype=np.float64).squeeze(), -1, 1)
        if samples.ndim != 1:
            raise AssertionError(
                f"add_audio: expected one row of numbers, got an array of shape {samples.shape}"
            )
        stream = io.BytesIO()
        with wave.open(stream, "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(sample_rate)
            file.writeframes((samples * np.iinfo(np.int16).max).astype("<i2").tobytes())
        sound = summary_pb2.Summary.Audio(
            sample_rate=sample_rate,
            num_channels=1,
            length_frames=len(samples),
            encoded_audio_string=stream.getvalue(),
            content_type="audio/wav",
        )
        value = summary_pb2.Summary.Value(tag=tag, audio=sound)
        summary = summary_pb2.Summary(value=[value])
        self._writer.file_writer.add_summary(summary, global_step, walltime)

    def add_text(
        self,
        tag: str,
        text_string: str,
        global_step: int | None = None,
        walltime: float | None = None,
    ) -> None:
        """Adds text, shown as Markdown."""
        self._writer.add_text(tag, text_string, global_step, walltime)

    def add_onnx_graph(self, prototxt: Any) -> None:
        """Adds the graph of an ONNX file; needs onnx."""
        self._writer.add_onnx_graph(prototxt)

    def add_graph(
        self,
        model: Callable[..., Any],
        input_to_model: Any = None,
        verbose: bool = False,
        use_strict_trace: bool = True,
    ) -> None:
        """Adds the graph of the operations that one call of a model runs.

        Args:
            model: the module.
            input_to_model: its input, or a tuple of inputs.
            verbose: whether the graph is printed too.
            use_strict_trace: accepted; the call is watched, not translated.
        """
        from tensorboardX.proto import event_pb2

        from kajo.utils.tensorboard._graph import graph_of

        graph = graph_of(model, input_to_model)
        if verbose:
            print(graph)
        event = event_pb2.Event(graph_def=graph.SerializeToString())
        self._writer.file_writer.add_event(event)

    def add_embedding(
        self,
        mat: Any,
        metadata: Any = None,
        label_img: Any = None,
        global_step: int | None = None,
        tag: str = "default",
        metadata_header: Any = None,
    ) -> None:
        """Adds points for the projector.

        Args:
            mat: (N, D), the points.
            metadata: N labels, or N lists of them with `metadata_header` naming the columns.
            label_img: (N, C, H, W), a picture for each point.
        """
        self._writer.add_embedding(
            _plain(mat), metadata, _plain(label_img), global_step, tag, metadata_header
        )

    def add_pr_curve(
        self,
        tag: str,
        labels: Any,
        predictions: Any,
        global_step: int | None = None,
        num_thresholds: int = 127,
        weights: Any = None,
        walltime: float | None = None,
    ) -> None:
        """Adds the curve of precision against recall of predicted probabilities."""
        self._writer.add_pr_curve(
            tag,
            _plain(labels),
            _plain(predictions),
            global_step,
            num_thresholds,
            _plain(weights),
            walltime,
        )

    def add_pr_curve_raw(
        self,
        tag: str,
        true_positive_counts: Any,
        false_positive_counts: Any,
        true_negative_counts: Any,
        false_negative_counts: Any,
        precision: Any,
        recall: Any,
        global_step: int | None = None,
        num_thresholds: int = 127,
        weights: Any = None,
        walltime: float | None = None,
    ) -> None:
        """Adds a curve of precision against recall that was counted elsewhere."""
        counts = (
            true_positive_counts, false_positive_counts, true_negative_counts, false_negative_counts,
            precision, recall,
        )  # fmt: skip
        self._writer.add_pr_curve_raw(
            tag, *map(_plain, counts), global_step, num_thresholds, _plain(weights), walltime
        )

    def add_custom_scalars(self, layout: dict[str, dict[str, list[Any]]]) -> None:
        """Arranges scalars in charts: {category: {chart: ["Multiline" or "Margin", [tags]]}}."""
        self._writer.add_custom_scalars(layout)

    def add_custom_scalars_multilinechart(
        self, tags: list[str], category: str = "default", title: str = "untitled"
    ) -> None:
        """One chart with several lines."""
        self._writer.add_custom_scalars_multilinechart(tags, category, title)

    def add_custom_scalars_marginchart(
        self, tags: list[str], category: str = "default", title: str = "untitled"
    ) -> None:
        """One chart with a line and its margins: three tags.

        Raises:
            AssertionError: if there are not three.
        """
        assert len(tags) == 3
        self._writer.add_custom_scalars_marginchart(tags, category, title)

    def add_mesh(
        self,
        tag: str,
        vertices: Any,
        colors: Any = None,
        faces: Any = None,
        config_dict: Any = None,
        global_step: int | None = None,
        walltime: float | None = None,
    ) -> None:
        """Adds meshes or clouds of points: vertices (B, N, 3), colours (B, N, 3), faces (B, M, 3)."""
        self._writer.add_mesh(
            tag, _plain(vertices), _plain(colors), _plain(faces), config_dict, global_step, walltime
        )

    def add_hparams(
        self,
        hparam_dict: dict[str, Any],
        metric_dict: dict[str, Any],
        hparam_domain_discrete: dict[str, list[Any]] | None = None,
        run_name: str | None = None,
        global_step: int | None = None,
    ) -> None:
        """Adds hyperparameters and the metrics that they led to, as a run below the folder.

        Raises:
            TypeError: if one of them is no dictionary.
        """
        if type(hparam_dict) is not dict or type(metric_dict) is not dict:
            raise TypeError("hparam_dict and metric_dict should be dictionary.")
        values = {
            key: value.item() if isinstance(value, Tensor) else value
            for key, value in hparam_dict.items()
        }
        metrics = {key: _number(value) for key, value in metric_dict.items()}
        self._writer.add_hparams(values, metrics, run_name or str(time.time()), global_step)

    def flush(self) -> None:
        """Writes what is kept."""
        for writer in (self._writer, *self._runs.values()):
            writer.flush()

    def close(self) -> None:
        """Writes what is kept and ends the file."""
        for writer in (self._writer, *self._runs.values()):
            writer.close()

    def __enter__(self) -> SummaryWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _number(value: Any) -> Any:
    return value.item() if isinstance(value, Tensor) else value
