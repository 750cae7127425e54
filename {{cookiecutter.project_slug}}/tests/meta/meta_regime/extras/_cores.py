"""How many CPUs a process may use."""

from __future__ import annotations

import os
from pathlib import Path


def usable_cores() -> float:
    """Give how many CPUs this process may use, a quota of its control group considered."""
    affinity = getattr(os, "sched_getaffinity", None)
    cores = float(len(affinity(0)) if affinity else os.cpu_count() or 1)
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
        return min(cores, int(quota) / int(period))
    except (OSError, ValueError):
        return cores
