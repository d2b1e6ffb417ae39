"""Recurrent networks."""

from __future__ import annotations

import math
import sys
import warnings
from typing import Any

import kajo
from kajo import Tensor
from kajo.nn import functional as F
from kajo.nn import init
from kajo.nn.modules._recurrence import run_layer
from kajo.nn.modules.module import Module
from kajo.nn.parameter import Parameter
from kajo.nn.utils.rnn import PackedSequence

__all__ = ["GRU", "LSTM", "RNN", "GRUCell", "LSTMCell", "RNNBase", "RNNCell", "RNNCellBase"]

_GATES = {"LSTM": 4, "GRU": 3, "RNN_TANH": 1, "RNN_RELU": 1}


class RNNBase(Module):
    """What RNN, LSTM and GRU have in common: arguments, parameters, and the walk over layers.

    Args:
        mode: "RNN_TANH", "RNN_RELU", "LSTM" or "GRU".
        input_size, hidden_size: features of the input and of the state.
        num_layers: layers on top of each other.
        bias: whether there are biases.
        batch_first: whether the batch is dimension 0 of input and output.
        dropout: probability of dropout on what each layer but the last gives.
        bidirectional: go through the sequence from both ends.
        proj_size: LSTM only: project the hidden state to this size; 0 for not.
        device, dtype: of the parameters.

    Raises:
        TypeError, ValueError: if an argument is of a wrong type or out of range.

    Example:
        >>> import kajo
        >>> kajo.nn.RNNBase("GRU", 3, 5).weight_ih_l0.shape
        kajo.Size([15, 3])
    """

    mode: str
    _flat_weights_names: list[str]

    def __init__(
        self,
        mode: str,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self._check(mode, dropout, num_layers, proj_size, hidden_size)
        for name, value in (
            ("input_size", input_size),
            ("hidden_size", hidden_size),
            ("num_layers", num_layers),
        ):
            if not isinstance(value, int):
                raise TypeError(f"{name} should be of type int, got: {type(value).__name__}")
            if value <= 0:
                raise ValueError(f"{name} must be greater than zero")
        for name, value in (("bias", bias), ("batch_first", batch_first)):
            if not isinstance(value, bool):
                raise TypeError(f"{name} should be of type bool, got: {type(value).__name__}")
        self.mode = mode
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.bias = bias
        self.batch_first = batch_first
        self.dropout = float(dropout)
        self.bidirectional = bidirectional
        self.proj_size = proj_size
        self._flat_weights_names = []
        for layer in range(num_layers):
            for direction in range(self._directions):
                for name, shape in self._shapes(layer, direction):
                    weight = Parameter(kajo.empty(shape, device=device, dtype=dtype))
                    setattr(self, name, weight)
                    self._flat_weights_names.append(name)
        self.reset_parameters()

    @staticmethod
    def _check(mode: str, dropout: Any, num_layers: Any, proj_size: int, hidden_size: Any) -> None:
        if mode not in _GATES:
            raise ValueError("Unrecognized RNN mode: " + mode)
        if (
            isinstance(dropout, bool)
            or not isinstance(dropout, (int, float))
            or not (0 <= dropout <= 1)
        ):
            raise ValueError(
                "dropout should be a number in range [0, 1] representing the probability of an "
                "element being zeroed"
            )
        if dropout > 0 and num_layers == 1:
            warnings.warn(
                "dropout option adds dropout after all but last recurrent layer, so non-zero "
                f"dropout expects num_layers greater than 1, but got dropout={dropout} and "
                f"num_layers={num_layers}",
                stacklevel=4,
            )
        if proj_size < 0:
            raise ValueError(
                "proj_size should be a positive integer or zero to disable projections"
            )
        if proj_size >= hidden_size:
            raise ValueError("proj_size has to be smaller than hidden_size")

    @property
    def _directions(self) -> int:
        return 2 if self.bidirectional else 1

    @property
    def _output_size(self) -> int:
        """Size of what one direction of one layer gives."""
        return self.proj_size if self.proj_size > 0 else self.hidden_size

    def _shapes(self, layer: int, direction: int) -> list[tuple[str, tuple[int, ...]]]:
        """Names and shapes of the parameters of one direction of one layer."""
        rows = _GATES[self.mode] * self.hidden_size
        columns = self.input_size if layer == 0 else self._output_size * self._directions
        end = f"_l{layer}" + ("_reverse" if direction else "")
        shapes: list[tuple[str, tuple[int, ...]]] = [
            ("weight_ih" + end, (rows, columns)),
            ("weight_hh" + end, (rows, self._output_size)),
        ]
        if self.bias:
            shapes += [("bias_ih" + end, (rows,)), ("bias_hh" + end, (rows,))]
        if self.proj_size > 0:
            shapes.append(("weight_hr" + end, (self.proj_size, self.hidden_size)))
        # Python keeps names that attributes are looked up by: the same ones in every step.
        return [(sys.intern(name), shape) for name, shape in shapes]

    def reset_parameters(self) -> None:
        """Draw all parameters from U(-k, k), k = 1 / sqrt(hidden_size)."""
        bound = 1.0 / math.sqrt(self.hidden_size)
        for parameter in self.parameters():
            init.uniform_(parameter, -bound, bound)

    def flatten_parameters(self) -> None:
        """Does nothing: the parameters need not lie next to each other."""

    @property
    def _flat_weights(self) -> list[Any]:
        return [getattr(self, name, None) for name in self._flat_weights_names]

    @property
    def all_weights(self) -> list[list[Parameter]]:
        """The parameters, one list for each direction of each layer."""
        return [
            [getattr(self, name) for name, _ in self._shapes(layer, direction)]
            for layer in range(self.num_layers)
            for direction in range(self._directions)
        ]

    def extra_repr(self) -> str:
        """The arguments, as they are printed."""
        shown = (
            (f", proj_size={self.proj_size}", self.proj_size != 0),
            (f", num_layers={self.num_layers}", self.num_layers != 1),
            (f", bias={self.bias}", self.bias is not True),
            (f", batch_first={self.batch_first}", self.batch_first is not False),
            (f", dropout={self.dropout}", self.dropout != 0),
            (f", bidirectional={self.bidirectional}", self.bidirectional is not False),
        )
        return f"{self.input_size}, {self.hidden_size}" + "".join(
            t for t, wanted in shown if wanted
        )

    def get_expected_hidden_size(
        self, input: Tensor, batch_sizes: Tensor | None
    ) -> tuple[int, int, int]:
        """The shape of the hidden state for an input of three dimensions, or a packed one."""
        if batch_sizes is not None:
            batch = int(batch_sizes[0])
        else:
            batch = input.size(0 if self.batch_first else 1)
        return self._state_shapes(batch)[0]

    def _state_shapes(self, batch: int) -> list[tuple[int, int, int]]:
        """Shapes of the parts of the state: h, and for an LSTM c."""
        lead = self.num_layers * self._directions
        shapes = [(lead, batch, self._output_size)]
        if self.mode == "LSTM":
            shapes.append((lead, batch, self.hidden_size))
        return shapes

    def check_hidden_size(
        self,
        hx: Tensor,
        expected_hidden_size: tuple[int, int, int],
        msg: str = "Expected hidden size {}, got {}",
    ) -> None:
        """Refuse a state of another shape.

        Raises:
            RuntimeError: `msg` with both shapes.
        """
        if tuple(hx.shape) != tuple(expected_hidden_size):
            raise RuntimeError(msg.format(expected_hidden_size, list(hx.shape)))

    def check_input(self, input: Tensor, batch_sizes: Tensor | None) -> None:
        """Refuse an input of another dtype than the weights', or of a wrong shape.

        Raises:
            ValueError: if the dtype does not fit, and autocast is off.
            RuntimeError: if the number of dimensions or features does not fit.
        """
        weight = self.all_weights[0][0]
        if input.dtype != weight.dtype and not kajo.is_autocast_enabled("cpu"):
            raise ValueError(
                f"RNN input dtype ({input.dtype}) does not match weight dtype ({weight.dtype}). "
                f"Convert input: input.to({weight.dtype}), or convert model: "
                f"model.to({input.dtype})"
            )
        wanted = 3 if batch_sizes is None else 2
        if input.dim() != wanted:
            raise RuntimeError(f"input must have {wanted} dimensions, got {input.dim()}")
        if input.size(-1) != self.input_size:
            raise RuntimeError(
                f"input.size(-1) must be equal to input_size. Expected {self.input_size}, got "
                f"{input.size(-1)}"
            )

    def check_forward_args(self, input: Tensor, hidden: Any, batch_sizes: Tensor | None) -> None:
        """Refuse what :meth:`forward` cannot take; `hidden` is the whole state.

        Raises:
            RuntimeError, ValueError: see :meth:`check_input` and :meth:`check_hidden_size`.
        """
        self.check_input(input, batch_sizes)
        shape = self.get_expected_hidden_size(input, batch_sizes)
        self.check_hidden_size(hidden, shape)

    def permute_hidden(self, hx: Any, permutation: Tensor | None) -> Any:
        """The state with its batch in another order; None: in the one that it has."""
        return hx if permutation is None else hx.index_select(1, permutation)

    def _given_state(self, hx: Any, batched: bool) -> tuple[Tensor, ...] | None:
        """The state as it was given, with a batch dimension."""
        if hx is None:
            return None
        state = self._parts(hx)
        wanted = 3 if batched else 2
        if any(part.dim() != wanted for part in state):
            kind = "batched 3-D" if batched else "unbatched 2-D"
            if self.mode == "LSTM":
                sizes = ", ".join(f"{part.dim()}-D" for part in state)
                raise RuntimeError(
                    f"For {kind} input, hx and cx should also be {wanted}-D but got "
                    f"({sizes}) tensors"
                )
            raise RuntimeError(
                f"For {kind} input, hx should also be {wanted}-D but got {state[0].dim()}-D tensor"
            )
        return state if batched else tuple(part.unsqueeze(1) for part in state)

    def forward(self, input: Any, hx: Any = None) -> tuple[Any, Any]:
        """The outputs of the last layer for each step, and the state after the last step.

        Args:
            input: (T, N, F), (N, T, F) with `batch_first`, (T, F), or a packed sequence.
            hx: the state to begin with; default zeros.

        Returns:
            Outputs, shaped or packed as the input, and the state.

        Raises:
            RuntimeError, ValueError: if shapes or dtypes do not fit.

        Example: see :class:`RNN`, :class:`LSTM`, :class:`GRU`.
        """
        if isinstance(input, PackedSequence):
            return self._forward_packed(input, hx)
        if input.dim() not in (2, 3):
            raise ValueError(
                f"{self._get_name()}: Expected input to be 2D or 3D, got {input.dim()}D instead"
            )
        batched = input.dim() == 3
        state = self._given_state(hx, batched)
        steps = input if batched else input.unsqueeze(0 if self.batch_first else 1)
        self._check_arguments(steps, state, None)
        if self.batch_first:
            steps = steps.transpose(0, 1)
        length, batch = steps.size(0), steps.size(1)
        if length == 0:
            raise RuntimeError(f"{self._get_name()}: Expected sequence length to be larger than 0")
        data, state = self._run(
            steps.reshape(length * batch, steps.size(2)), [batch] * length, state, whole=True
        )
        output = data.view(length, batch, data.size(1))
        if not batched:
            output, state = output.squeeze(1), tuple(part.squeeze(1) for part in state)
        elif self.batch_first:
            output = output.transpose(0, 1)
        return output, self._whole(state)

    def _forward_packed(self, input: PackedSequence, hx: Any) -> tuple[Any, Any]:
        data, batch_sizes, sorted_indices, unsorted_indices = input
        state = self._given_state(hx, True)
        if state is not None:
            state = self._parts(self.permute_hidden(self._whole(state), sorted_indices))
        self._check_arguments(data, state, batch_sizes)
        data, state = self._run(data, batch_sizes.tolist(), state)
        packed = PackedSequence(data, batch_sizes, sorted_indices, unsorted_indices)
        return packed, self.permute_hidden(self._whole(state), unsorted_indices)

    def _whole(self, state: tuple[Tensor, ...]) -> Any:
        """The state as programs see it: two parts for an LSTM, else one tensor."""
        return state if self.mode == "LSTM" else state[0]

    def _parts(self, hx: Any) -> tuple[Tensor, ...]:
        return tuple(hx) if self.mode == "LSTM" else (hx,)

    def _check_arguments(
        self, input: Tensor, state: tuple[Tensor, ...] | None, batch_sizes: Tensor | None
    ) -> None:
        if state is None:
            self.check_input(input, batch_sizes)
        else:
            self.check_forward_args(input, self._whole(state), batch_sizes)

    def _run(
        self,
        data: Tensor,
        sizes: list[int],
        state: tuple[Tensor, ...] | None,
        *,
        whole: bool = False,
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        """All layers over the steps in `data`, of which each has as many rows as `sizes` says."""
        if state is None:
            state = tuple(data.new_zeros(shape) for shape in self._state_shapes(sizes[0]))
        last: list[tuple[Tensor, ...]] = []
        for layer in range(self.num_layers):
            outputs = []
            for direction in range(self._directions):
                place = layer * self._directions + direction
                names = self._shapes(layer, direction)
                weights = {name.rsplit("_l", 1)[0]: getattr(self, name) for name, _ in names}
                first = tuple(part[place] for part in state)
                result, end = run_layer(
                    self.mode, data, sizes, first, weights, direction == 1, whole=whole
                )
                outputs.append(result)
                last.append(end)
            data = outputs[0] if len(outputs) == 1 else kajo.cat(outputs, -1)
            if self.dropout > 0 and self.training and layer < self.num_layers - 1:
                data = F.dropout(data, self.dropout, True)
        return data, tuple(kajo.stack(parts) for parts in zip(*last, strict=True))

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        self.__dict__.pop("_flat_weights", None)
        self.__dict__.setdefault("proj_size", 0)
        self._flat_weights_names = [
            name
            for layer in range(self.num_layers)
            for direction in range(self._directions)
            for name, _ in self._shapes(layer, direction)
        ]


class RNN(RNNBase):
    """h' = tanh(W_ih x + b_ih + W_hh h + b_hh), step by step.

    Args:
        input_size, hidden_size: features of the input and of the state.
        nonlinearity: "tanh" or "relu".
        num_layers: layers on top of each other.
        bias: whether there are biases.
        batch_first: whether the batch is dimension 0 of input and output.
        dropout: probability of dropout on what each layer but the last gives.
        bidirectional: go through the sequence from both ends.
        device, dtype: of the parameters.

    Shape:
        Input (T, N, input_size), with `batch_first` (N, T, input_size), or (T, input_size); or a
        packed sequence. State (D num_layers, N, hidden_size), D = 2 if bidirectional, else 1.
        Output (T, N, D hidden_size) and the state after the last step. Parameters for layer k:
        ``weight_ih_l[k]``, ``weight_hh_l[k]``, ``bias_ih_l[k]``, ``bias_hh_l[k]``, drawn from
        U(-b, b) with b = 1 / sqrt(hidden_size).

    Example:
        >>> import kajo
        >>> output, h = kajo.nn.RNN(4, 5, num_layers=2)(kajo.randn(7, 3, 4))
        >>> output.shape, h.shape
        (kajo.Size([7, 3, 5]), kajo.Size([2, 3, 5]))
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if "proj_size" in kwargs:
            raise ValueError("proj_size argument is only supported for LSTM, not RNN or GRU")
        # The fourth argument is the nonlinearity; the others are those of the base.
        nonlinearity = args[3] if len(args) > 3 else kwargs.pop("nonlinearity", "tanh")
        args = args[:3] + args[4:]
        if nonlinearity not in ("tanh", "relu"):
            raise ValueError(
                f"Unknown nonlinearity '{nonlinearity}'. Select from 'tanh' or 'relu'."
            )
        super().__init__("RNN_" + nonlinearity.upper(), *args, **kwargs)
        self.nonlinearity = nonlinearity


class LSTM(RNNBase):
    """Long short-term memory, step by step.

    i, f, g, o = sigmoid, sigmoid, tanh, sigmoid of the four parts of
    W_ih x + b_ih + W_hh h + b_hh; c' = f c + i g; h' = o tanh(c').

    Args:
        input_size, hidden_size: features of the input and of the state.
        proj_size: project h to this size; 0 for not.
        num_layers: layers on top of each other.
        bias: whether there are biases.
        batch_first: whether the batch is dimension 0 of input and output.
        dropout: probability of dropout on what each layer but the last gives.
        bidirectional: go through the sequence from both ends.
        device, dtype: of the parameters.

    Shape:
        Input (T, N, input_size), with `batch_first` (N, T, input_size), or (T, input_size); or a
        packed sequence. State h and c, each (D num_layers, N, hidden_size), D = 2 if
        bidirectional, else 1; h of size proj_size if that is not 0.
        Output (T, N, D hidden_size) and the state after the last step. Parameters for layer k:
        ``weight_ih_l[k]``, ``weight_hh_l[k]``, ``bias_ih_l[k]``, ``bias_hh_l[k]``, drawn from
        U(-b, b) with b = 1 / sqrt(hidden_size).

    Example:
        >>> import kajo
        >>> output, (h, c) = kajo.nn.LSTM(4, 5, num_layers=2)(kajo.randn(7, 3, 4))
        >>> output.shape, h.shape
        (kajo.Size([7, 3, 5]), kajo.Size([2, 3, 5]))
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__("LSTM", *args, **kwargs)

    def get_expected_cell_size(
        self, input: Tensor, batch_sizes: Tensor | None
    ) -> tuple[int, int, int]:
        """The shape of the cell state for an input of three dimensions, or a packed one."""
        lead, batch, _ = self.get_expected_hidden_size(input, batch_sizes)
        return lead, batch, self.hidden_size

    def check_forward_args(self, input: Tensor, hidden: Any, batch_sizes: Tensor | None) -> None:
        """Refuse what :meth:`forward` cannot take; `hidden` is (h, c).

        Raises:
            RuntimeError, ValueError: see :meth:`check_input` and :meth:`check_hidden_size`.
        """
        self.check_input(input, batch_sizes)
        shape = self.get_expected_hidden_size(input, batch_sizes)
        self.check_hidden_size(hidden[0], shape, "Expected hidden[0] size {}, got {}")
        shape = self.get_expected_cell_size(input, batch_sizes)
        self.check_hidden_size(hidden[1], shape, "Expected hidden[1] size {}, got {}")

    def permute_hidden(self, hx: Any, permutation: Tensor | None) -> Any:
        """Both parts of the state with the batch in another order; None: in the one they have."""
        if permutation is None:
            return hx
        return tuple(part.index_select(1, permutation) for part in hx)


class GRU(RNNBase):
    """Gated recurrent units, step by step.

    r, z = sigmoid of the first two parts of W_ih x + b_ih + W_hh h + b_hh;
    n = tanh(W_in x + b_in + r (W_hn h + b_hn)); h' = (1 - z) n + z h.

    Args:
        input_size, hidden_size: features of the input and of the state.
        num_layers: layers on top of each other.
        bias: whether there are biases.
        batch_first: whether the batch is dimension 0 of input and output.
        dropout: probability of dropout on what each layer but the last gives.
        bidirectional: go through the sequence from both ends.
        device, dtype: of the parameters.

    Shape:
        Input (T, N, input_size), with `batch_first` (N, T, input_size), or (T, input_size); or a
        packed sequence. State (D num_layers, N, hidden_size), D = 2 if bidirectional, else 1.
        Output (T, N, D hidden_size) and the state after the last step. Parameters for layer k:
        ``weight_ih_l[k]``, ``weight_hh_l[k]``, ``bias_ih_l[k]``, ``bias_hh_l[k]``, drawn from
        U(-b, b) with b = 1 / sqrt(hidden_size).

    Example:
        >>> import kajo
        >>> output, h = kajo.nn.GRU(4, 5, num_layers=2)(kajo.randn(7, 3, 4))
        >>> output.shape, h.shape
        (kajo.Size([7, 3, 5]), kajo.Size([2, 3, 5]))
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if "proj_size" in kwargs:
            raise ValueError("proj_size argument is only supported for LSTM, not RNN or GRU")
        super().__init__("GRU", *args, **kwargs)


class RNNCellBase(Module):
    """What the cells have in common: one step with parameters of its own.

    Args:
        input_size, hidden_size: features of the input and of the state.
        bias: whether there are biases.
        num_chunks: how many parts of `hidden_size` rows the weights have.
        device, dtype: of the parameters.

    Example:
        >>> import kajo
        >>> kajo.nn.RNNCellBase(3, 5, True, 4).weight_ih.shape
        kajo.Size([20, 3])
    """

    weight_ih: Any
    weight_hh: Any
    bias_ih: Any
    bias_hh: Any

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool,
        num_chunks: int,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.bias = bias
        rows = num_chunks * hidden_size

        def made(*shape: int) -> Parameter:
            return Parameter(kajo.empty(shape, device=device, dtype=dtype))

        self.weight_ih = made(rows, input_size)
        self.weight_hh = made(rows, hidden_size)
        self.register_parameter("bias_ih", made(rows) if bias else None)
        self.register_parameter("bias_hh", made(rows) if bias else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw all parameters from U(-k, k), k = 1 / sqrt(hidden_size)."""
        bound = 1.0 / math.sqrt(self.hidden_size) if self.hidden_size > 0 else 0
        for weight in self.parameters():
            init.uniform_(weight, -bound, bound)

    def extra_repr(self) -> str:
        """The arguments, as they are printed."""
        text = f"{self.input_size}, {self.hidden_size}"
        if self.bias is not True:
            text += f", bias={self.bias}"
        if getattr(self, "nonlinearity", "tanh") != "tanh":
            text += f", nonlinearity={self.nonlinearity}"
        return text

    def _step(self, mode: str, input: Tensor, state: tuple[Tensor, ...] | None) -> Any:
        """One step of `mode`: the new state, with a batch dimension only where the input has."""
        name = self._get_name()
        if input.dim() not in (1, 2):
            raise ValueError(f"{name}: Expected input to be 1D or 2D, got {input.dim()}D instead")
        for i, part in enumerate(state or ()):
            if part.dim() not in (1, 2):
                which = f"hx[{i}]" if mode == "LSTM" else "hidden"
                raise ValueError(
                    f"{name}: Expected {which} to be 1D or 2D, got {part.dim()}D instead"
                )
        batched = input.dim() == 2
        rows = input if batched else input.unsqueeze(0)
        if rows.size(1) != self.input_size:
            raise RuntimeError(
                f"input has inconsistent input_size: got {rows.size(1)} expected {self.input_size}"
            )
        if state is None:
            count = 2 if mode == "LSTM" else 1
            state = (rows.new_zeros((rows.size(0), self.hidden_size)),) * count
        elif not batched:
            state = tuple(part.unsqueeze(0) for part in state)
        for part in state:
            if part.size(0) != rows.size(0):
                raise RuntimeError(
                    f"Input batch size {rows.size(0)} doesn't match hidden0 batch size "
                    f"{part.size(0)}"
                )
            if part.size(1) != self.hidden_size:
                raise RuntimeError(
                    f"hidden0 has inconsistent hidden_size: got {part.size(1)}, expected "
                    f"{self.hidden_size}"
                )
        _, end = run_layer(mode, rows, [rows.size(0)], state, dict(self._parameters), False)
        return end if batched else tuple(part.squeeze(0) for part in end)


class RNNCell(RNNCellBase):
    """One step h' = tanh(W_ih x + b_ih + W_hh h + b_hh).

    Args:
        input_size, hidden_size: features of the input and of the state.
        bias: whether there are biases.
        nonlinearity: "tanh" or "relu".
        device, dtype: of the parameters.

    Shape:
        (N, input_size) and state (N, hidden_size), to the new state; or without N.

    Example:
        >>> import kajo
        >>> kajo.nn.RNNCell(4, 5)(kajo.randn(3, 4)).shape
        kajo.Size([3, 5])
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        nonlinearity: str = "tanh",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(input_size, hidden_size, bias, 1, device, dtype)
        self.nonlinearity = nonlinearity

    def forward(self, input: Tensor, hx: Tensor | None = None) -> Tensor:
        """The new state; see the class."""
        if self.nonlinearity not in ("tanh", "relu"):
            raise RuntimeError(f"Unknown nonlinearity: {self.nonlinearity}")
        mode = "RNN_" + self.nonlinearity.upper()
        return self._step(mode, input, None if hx is None else (hx,))[0]


class LSTMCell(RNNCellBase):
    """One step of :class:`LSTM`.

    Args:
        input_size, hidden_size: features of the input and of the state.
        bias: whether there are biases.
        device, dtype: of the parameters.

    Shape:
        (N, input_size) and state (N, hidden_size) twice, to the new state; or without N.

    Example:
        >>> import kajo
        >>> kajo.nn.LSTMCell(4, 5)(kajo.randn(3, 4))[0].shape
        kajo.Size([3, 5])
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(input_size, hidden_size, bias, 4, device, dtype)

    def forward(
        self, input: Tensor, hx: tuple[Tensor, Tensor] | None = None
    ) -> tuple[Tensor, Tensor]:
        """The new state; see the class."""
        h, c = self._step("LSTM", input, hx)
        return h, c


class GRUCell(RNNCellBase):
    """One step of :class:`GRU`.

    Args:
        input_size, hidden_size: features of the input and of the state.
        bias: whether there are biases.
        device, dtype: of the parameters.

    Shape:
        (N, input_size) and state (N, hidden_size), to the new state; or without N.

    Example:
        >>> import kajo
        >>> kajo.nn.GRUCell(4, 5)(kajo.randn(3, 4)).shape
        kajo.Size([3, 5])
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(input_size, hidden_size, bias, 3, device, dtype)

    def forward(self, input: Tensor, hx: Tensor | None = None) -> Tensor:
        """The new state; see the class."""
        return self._step("GRU", input, None if hx is None else (hx,))[0]
