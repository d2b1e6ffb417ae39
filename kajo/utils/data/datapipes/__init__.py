"""Data sets as chains of small steps: ``pipe.map(f).filter(g).batch(8)``.

>>> from kajo.utils.data.datapipes.iter import IterableWrapper
>>> list(IterableWrapper(range(6)).map(lambda x: x * x).batch(4))
[[0, 1, 4, 9], [16, 25]]
"""

from kajo.utils.data.datapipes import base as base
from kajo.utils.data.datapipes import iter as iter
from kajo.utils.data.datapipes import map as map
