"""Mixed precision: matrix products in 16 bits, what needs range and precision in 32.

>>> import kajo
>>> with kajo.autocast("cpu", dtype=kajo.bfloat16):
...     (kajo.ones(2, 2) @ kajo.ones(2, 2)).dtype
kajo.bfloat16
"""

from kajo.amp.autocast_mode import autocast as autocast
from kajo.amp.autocast_mode import custom_bwd as custom_bwd
from kajo.amp.autocast_mode import custom_fwd as custom_fwd
from kajo.amp.autocast_mode import is_autocast_available as is_autocast_available
from kajo.amp.grad_scaler import GradScaler as GradScaler

__all__ = ["GradScaler", "autocast", "custom_bwd", "custom_fwd", "is_autocast_available"]
