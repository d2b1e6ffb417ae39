"""Networks."""
from kajo.nn.parameter import Parameter, Buffer, UninitializedParameter, UninitializedBuffer
from kajo.nn import init, functional
from kajo.nn.modules import *
