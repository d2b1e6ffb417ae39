"""Build-time definitions of operations; nothing here is imported by ``import kajo``."""
