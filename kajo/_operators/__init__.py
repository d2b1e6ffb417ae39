"""Operations that programs define: their schemas, kernels and gradients, found under `kajo.ops`."""

from kajo._operators.registry import Overload as Overload
from kajo._operators.registry import find as find
from kajo._operators.registry import ops as ops
from kajo._operators.registry import overload_of as overload_of
from kajo._operators.registry import register as register
