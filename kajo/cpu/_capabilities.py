"""What the system tells of the processor."""

from __future__ import annotations

import functools
import os
import platform
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

__all__ = ["found"]

# Instruction sets of x86 by PyTorch's names, and by the system's where those differ.
_X86 = {
    name: name
    for name in [
        "aes",
        "amx_bf16",
        "amx_fp16",
        "amx_int8",
        "amx_tile",
        "avx",
        "avx2",
        "avx10_1",
        "avx10_2",
        "avx512_4fmaps",
        "avx512_4vnniw",
        "avx512_bf16",
        "avx512_bitalg",
        "avx512_fp16",
        "avx512_vbmi2",
        "avx512_vnni",
        "avx512_vp2intersect",
        "avx512_vpopcntdq",
        "avx_ne_convert",
        "avx_vnni",
        "avx_vnni_int16",
        "avx_vnni_int8",
        "bmi2",
        "clflush",
        "clflushopt",
        "clwb",
        "f16c",
        "fma4",
        "popcnt",
        "sse",
        "sse2",
        "sse4_1",
        "sse4_2",
        "sse4a",
        "ssse3",
    ]
} | {
    "avx512_bw": "avx512bw",
    "avx512_cd": "avx512cd",
    "avx512_dq": "avx512dq",
    "avx512_f": "avx512f",
    "avx512_ifma": "avx512ifma",
    "avx512_vbmi": "avx512vbmi",
    "avx512_vl": "avx512vl",
    "bmi": "bmi1",
    "fma3": "fma",
    "lzcnt": "abm",
    "sha": "sha_ni",
    "sse3": "pni",
}
_ARM = {"neon": "asimd", "fp16_arith": "asimdhp", "dot": "asimddp", "sve": "sve", "sve2": "sve2",
        "bf16": "bf16", "i8mm": "i8mm", "sme": "sme", "sme2": "sme2"}  # fmt: skip


def _described() -> dict[str, str]:
    """The system's description of the first core, and the numbers of cores and sockets."""
    try:
        with open("/proc/cpuinfo") as file:
            blocks = [block for block in file.read().split("\n\n") if block.strip()]
    except OSError:
        return {}
    cores: list[dict[str, str]] = []
    for block in blocks:
        pairs = (line.partition(":") for line in block.splitlines())
        cores.append({name.strip(): value.strip() for name, _, value in pairs})
    places = {(core.get("physical id"), core.get("core id", n)) for n, core in enumerate(cores)}
    counts = {"cores": str(len(places)), "sockets": str(len({socket for socket, _ in places}))}
    return cores[0] | counts if cores else {}


def _cache(name: str) -> int:
    try:
        return max(os.sysconf(name), 0)
    except (OSError, ValueError):
        return 0


@functools.cache
def found() -> Mapping[str, Any]:
    """Instruction sets by name, the processor's name, and the numbers of its cores."""
    told = _described()
    flags = set(told.get("flags", told.get("Features", "")).split())
    machine = platform.machine()
    known = _X86 if machine in ("x86_64", "AMD64", "i686") else _ARM
    logical = os.cpu_count() or 1
    return MappingProxyType(
        {name: word in flags for name, word in known.items()}
        | {
            "architecture": machine,
            "cpu_name": told.get("model name", platform.processor() or machine),
            "l1d_cache_size": _cache("SC_LEVEL1_DCACHE_SIZE"),
            "l2_cache_size": _cache("SC_LEVEL2_CACHE_SIZE"),
            "num_logical_cores": logical,
            "num_physical_cores": int(told.get("cores", logical)),
            "num_sockets": int(told.get("sockets", 1)),
        }
    )
