"""What a session has found, gathered for those who show it."""

from __future__ import annotations

import ast
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...record import FileCoverage, SuiteRun, TestTiming
from ...time_verdicts import Row, suspects
from ...verdict import Outcome, Standards, Verdict, extra
from .._at_a_glance import SLOW
from .gate import Gate, compared

if TYPE_CHECKING:
    import pytest

    from ...session import JudgedSession
    from ..ratchet.baseline import Baseline


@dataclass(frozen=True)
class Seen:
    """Facts; paths are relative to the project's root. `silence` says why there are no verdicts.

    `uncovered` are changed lines. `slow` has what is accused: the row, why it is slow and what helps, file and line.
    `below` has files with the floors that they are below of. `baseline` has what may be uncovered, and what is;
    `took` seconds by the baseline, and now.
    """

    verdicts: dict[str, Verdict] = field(default_factory=dict)
    strict: bool = True
    silence: str = ""
    typed: str = ""
    run: SuiteRun | None = None
    standards: Standards | None = None
    uncovered: Mapping[str, Sequence[int]] = field(default_factory=dict)
    slow: Sequence[tuple[Row, str, str, int]] = ()
    below: Sequence[tuple[FileCoverage, float]] = ()
    baseline: tuple[Baseline, Baseline] | None = None
    took: tuple[float, float] | None = None
    gate: Gate = field(default_factory=Gate)

    def fails(self, verdict: Verdict) -> bool:
        """Tell whether a verdict makes the session fail."""
        unjudged = verdict.outcome is Outcome.NOT_JUDGED and self.strict and not verdict.optional
        return verdict.outcome is Outcome.FAILED or unjudged


def look(judged: JudgedSession) -> Seen:
    """Gather."""
    config, root = judged.config, judged.config.rootpath.resolve()
    standards = judged.standards if isinstance(judged.standards, Standards) else None
    wanted = standards.policy.coverage.compare_with if standards is not None else ()
    whole = judged.run if judged.run is not None and not (judged.run.broken or judged.run.partial) else None
    changed_lines, ratchet, slowdown = extra("changed_lines"), extra("ratchet"), extra("slowdown")
    took = slowdown.took(config) if slowdown else None
    return Seen(
        verdicts=judged.verdicts,
        strict=judged.strict,
        silence="" if judged.verdicts else why_nothing_is_judged(judged),
        typed=shlex.join(config.invocation_params.args),
        run=whole,
        standards=standards,
        uncovered=changed_lines.uncovered(config) if changed_lines else {},
        slow=_slow(config, judged, whole, standards) if whole and standards else (),
        below=_below(whole, standards) if whole and standards else (),
        baseline=ratchet.compared(config) if ratchet else None,
        took=(took.then, took.now) if took else None,
        gate=compared(root, judged.facts.meta, wanted),
    )


def why_nothing_is_judged(judged: JudgedSession) -> str:
    """Give the reason of a session that was to judge and did not; "" where there is none."""
    stopped = judged.facts.stopped and f"the session was stopped: {judged.facts.stopped}"
    return judged.silence.removeprefix("not judged: ") or stopped


def _slow(
    config: pytest.Config, judged: JudgedSession, run: SuiteRun, standards: Standards
) -> list[tuple[Row, str, str, int]]:
    """Give what the verdict accuses, confirmed where that extra is there; with the place in the project's files."""
    confirm, verdict = extra("confirm"), judged.verdicts.get(SLOW)
    if verdict is None or verdict.outcome is not Outcome.FAILED:
        return []
    accused: list[tuple[Row, str]] = confirm.accused(config, run, standards) if confirm else []
    accused = accused or [(row, "") for row in suspects(run, standards)]
    return [(row, why, *_place(row, config.rootpath)) for row, why in accused]


def _place(row: Row, root: Path) -> tuple[str, int]:
    nodeid = row.nodeid if isinstance(row, TestTiming) else row.user
    file, *names = nodeid.partition("[")[0].split("::")
    try:
        return file, line_of((root / file).read_text(encoding="utf-8"), names)
    except (OSError, ValueError):  # no such file, or no text
        return file, 1


def line_of(source: str, names: Sequence[str]) -> int:
    """Give the line of a class or function, by its names from the outside in; as near to it as can be found, else 1."""
    line = 1
    try:
        inside: list[Any] = ast.parse(source).body
    except (SyntaxError, RecursionError):
        return line
    for name in names:
        found = next((node for node in inside if getattr(node, "name", None) == name), None)
        if found is None:
            break
        line, inside = found.lineno, found.body
    return line


def _below(run: SuiteRun, standards: Standards) -> list[tuple[FileCoverage, float]]:
    floors = extra("floors")
    if floors is None or run.coverage is None:
        return []
    return [(file, floor) for file, floor, _ in floors.below_floor(run.coverage.files, standards.policy.coverage)]
