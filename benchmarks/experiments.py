"""What an experiment is: what it is called, how often it is measured, and how its variants are made ready."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.figures import Variant
from tests.baking import ROOT

BUILD = ROOT / "build" / "bench"


@dataclass(frozen=True)
class Ground:
    """Where an experiment takes place: an empty folder of its own, and templates that lie on this machine by name."""

    scratch: Path
    peer_templates: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Prepared:
    """What is measured in turn; why something cannot be, by its name; and what else the report says."""

    variants: list[Variant]
    not_measured: dict[str, str] = field(default_factory=dict)
    facts: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Experiment:
    """An experiment. `settings` decide what is measured: of others, nothing on file is used."""

    name: str
    rounds: int
    settings: Mapping[str, Any]
    prepare: Callable[[Ground], Prepared]
