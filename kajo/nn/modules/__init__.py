"""The layers, one file for each kind."""
from kajo.nn.modules.module import Module
from kajo.nn.modules.linear import *
from kajo.nn.modules.conv import *
from kajo.nn.modules.batchnorm import *
from kajo.nn.modules.instancenorm import *
from kajo.nn.modules.normalization import *
from kajo.nn.modules.container import *
