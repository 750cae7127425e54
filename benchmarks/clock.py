"""What `virtual_time` costs: entering and leaving against freezegun's own `freeze_time`, and each sleep.

CPU seconds of this thread, the two in turn, medians. The cost of freezing grows with the number of modules, so modules
are imported first: those of the libraries that the kit knows, as far as they are here, and empty ones up to the number.

    python benchmarks/clock.py [--modules N] [--rounds N] [--sleeps N]
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import importlib
import statistics
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from types import ModuleType
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "{{cookiecutter.project_slug}}" / "tests" / "meta"))

from meta_regime.fixtures.clock import virtual_time
from meta_regime.stopwatch import Clocks

LIBRARIES = [
    "aiohttp",
    "anyio",
    "backoff",
    "botocore.session",
    "httpx",
    "openai",
    "pybreaker",
    "pydantic",
    "pytest",
    "redis",
    "requests",
    "retrying",
    "stamina",
    "tenacity",
    "trio",
    "uvloop",
]


def entered(make: Callable[[], AbstractContextManager[Any]]) -> float:
    """Give the CPU seconds of entering and leaving."""
    began = Clocks.cpu()
    with make():
        pass
    return Clocks.cpu() - began


async def _sleeps(count: int) -> float:
    began = Clocks.cpu()
    for _ in range(count):
        await asyncio.sleep(1)
    return (Clocks.cpu() - began) / count


def sleeping(count: int) -> tuple[float, float]:
    """Give the CPU seconds of one `time.sleep` and of one `asyncio.sleep`."""
    with virtual_time():
        began = Clocks.cpu()
        for _ in range(count):
            time.sleep(1)
        one = (Clocks.cpu() - began) / count
        return one, asyncio.run(_sleeps(count))


def load(modules: int) -> None:
    """Import libraries, then fill up."""
    for name in LIBRARIES:
        with suppress(ImportError):
            importlib.import_module(name)
    for number in range(modules - len(sys.modules)):
        module = ModuleType(f"filled_up_{number}")
        vars(module).update({f"name_{one}": object() for one in range(40)})
        sys.modules[module.__name__] = module


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--modules", type=int, default=2000, help="in sys.modules, at least")
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--sleeps", type=int, default=20_000)
    options = parser.parse_args()
    load(options.modules)
    from freezegun import freeze_time

    ways: dict[str, Callable[[], AbstractContextManager[Any]]] = {
        "freeze_time": freeze_time,
        "virtual_time": virtual_time,
    }
    first = {name: entered(make) for name, make in ways.items()}
    gc.disable()  # or whoever comes second pays for both
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(options.rounds):
        for name in sorted(ways, reverse=number % 2 == 1):
            gc.collect(0)
            taken[name].append(entered(ways[name]))
    gc.enable()
    print(f"{len(sys.modules)} modules, {options.rounds} rounds, Python {sys.version.split()[0]}")
    for name, seconds in taken.items():
        print(f"{name:13} {1e3 * statistics.median(seconds):7.3f} ms   the first time {1e3 * first[name]:7.1f} ms")
    ratio = statistics.median(taken["virtual_time"]) / statistics.median(taken["freeze_time"])
    paired = statistics.median(
        mine / its for mine, its in zip(taken["virtual_time"], taken["freeze_time"], strict=True)
    )
    print(f"ratio of the medians {ratio:.3f}, median of the ratios {paired:.3f}")
    one, other = sleeping(options.sleeps)
    print(f"time.sleep {1e6 * one:.1f} us, asyncio.sleep {1e6 * other:.1f} us")


if __name__ == "__main__":
    main()
