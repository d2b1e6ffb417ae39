"""Special functions.

>>> import kajo
>>> kajo.special.expit(kajo.tensor(0.0))
tensor(0.5000)
"""

from __future__ import annotations

from kajo import _core

# Names here that differ from those of the operations.
_ALIASES = {
    "expit": "sigmoid",
    "gammaln": "lgamma",
    "psi": "digamma",
    "gammainc": "igamma",
    "gammaincc": "igammac",
    "multigammaln": "mvlgamma",
}
_SAME = (
    "digamma", "entr", "erf", "erfc", "erfcx", "erfinv", "exp2", "expm1", "i0", "i0e", "i1", "i1e",
    "log1p", "log_ndtr", "log_softmax", "logit", "logsumexp", "ndtr", "ndtri", "polygamma", "round",
    "sinc", "softmax", "xlog1py", "xlogy", "zeta",
)  # fmt: skip

_found = {name: getattr(_core, name) for name in _SAME if hasattr(_core, name)}
_found |= {name: getattr(_core, of) for name, of in _ALIASES.items() if hasattr(_core, of)}
_own = getattr(_core, "special", None)
_found |= {
    name: getattr(_own, name) for name in dir(_own) if _own is not None and not name.startswith("_")
}
globals().update(_found)

__all__ = sorted(_found)
