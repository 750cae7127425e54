"""Copies, plants, runs the suite once, has the verdicts judge that run, and compares."""

from __future__ import annotations

import contextlib
import functools
import os
import shlex
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ... import child
from ...verdict import extra
from . import proof
from .answer import asked
from .code import WORD
from .copying import CannotCopyError, Copy, copied
from .ground import CannotPlantError, DemandsNothing, Ground, sources_of
from .plants import NOTHING, PLANTS, Plant, Planting, Rooted
from .proof import Proof, decided
from .settings import write_standards

if TYPE_CHECKING:
    from ...record import SuiteRun
    from ...session import JudgedSession
    from ...verdict import Standards


def proofs_of(judged: JudgedSession, standards: Standards) -> list[Proof]:
    """Prove each verdict that is asked for in this session."""
    verdicts = [item.name for item in judged.verdict_items]
    with tempfile.TemporaryDirectory(prefix="meta-tests-", ignore_cleanup_errors=True) as folder:
        scratch = Path(folder).resolve()
        try:
            return Proving(judged, standards, scratch).prove(verdicts)
        except CannotCopyError as error:
            return [Proof(name, proof.NO_RUN, "", f"the project could not be copied: {error}") for name in verdicts]


class Proving:
    """One proof of several verdicts, in a copy."""

    def __init__(self, judged: JudgedSession, standards: Standards, scratch: Path) -> None:
        self.judged, self.standards, self.scratch = judged, standards, scratch
        sources = sources_of(judged, standards)
        needed = [*sources, *judged.facts.suite_roots(standards.policy.suite.args), judged.facts.meta.parent]
        self._say("copying the project")
        self.copy = copied(judged.config.rootpath.resolve(), scratch / "copy", needed)
        self.ground = Ground(judged, standards, self.copy)
        self.proofs: list[Proof] = []
        self.growing: list[tuple[str, str, Planting]] = []  # the verdict, the words, and what is planted

    def prove(self, verdicts: Sequence[str]) -> list[Proof]:
        """Plant everything, and see what is said of it; in the order of the verdicts."""
        for verdict, plant in PLANTS:
            if verdict in verdicts:
                self._plant(verdict, plant)
        self.ground.write_tests()
        known = {verdict for verdict, _ in PLANTS}
        self.proofs += [Proof(verdict, proof.NOT_KNOWN) for verdict in verdicts if verdict not in known]
        if self.growing:
            count = sum(not planted.startswith(NOTHING) for _, planted, _ in self.growing)
            self._say(f"planted {count} violation{'' if count == 1 else 's'} in it")
            with _imports_from(self.copy, sources_of(self.judged, self.standards)):
                self._see()
        return sorted(self.proofs, key=lambda each: verdicts.index(each.verdict))

    def _plant(self, verdict: str, plant: Plant) -> None:
        growing = plant(self.ground)
        try:
            self.growing.append((verdict, next(growing), growing))
        except DemandsNothing as setting:
            self.proofs.append(Proof(verdict, proof.NOTHING_DEMANDED, "", str(setting)))
        except (CannotPlantError, CannotCopyError, OSError) as error:
            self.proofs.append(Proof(verdict, proof.NOT_PLANTED, "", str(error)))

    def _see(self) -> None:
        run = self._run()
        if why := why_useless(run):
            details = f"{why}\n\n{run.output}"
            self.proofs += [Proof(verdict, proof.NO_RUN, "", why, details) for verdict, *_ in self.growing]
            return
        grown = [(verdict, planted, self._rooted(growing, run)) for verdict, planted, growing in self.growing]
        standards = replace(self.ground.standards, policy=self.ground.policy)
        write_standards(self.ground.meta, standards)
        self._say("asking the verdicts there")
        typed = self.copy.typed([word for words in self._typed() for word in words])
        args = [self.ground.name(self.ground.meta), *typed]
        timeout = self.standards.policy.suite.timeout_seconds
        answers, output = asked(run, args, self.ground.root, self.scratch, timeout)
        for verdict, planted, rooted in grown:
            if isinstance(rooted, str):
                found = Proof(verdict, proof.NOT_PLANTED, planted, rooted)
            elif not answers:
                why = "the session of the verdicts in the copy said nothing"
                found = Proof(verdict, proof.NO_RUN, "", why, output)
            else:
                whole = f"{planted} ({rooted.how})" if rooted.how else planted
                found = decided(verdict, whole, rooted.marks, answers.get(verdict))
            self.proofs.append(found)

    def _rooted(self, growing: Planting, run: SuiteRun) -> Rooted | str:
        """Give what has become of a plant, or why it is none."""
        try:
            growing.send(run)
        except StopIteration as end:
            rooted: Rooted = end.value
            return rooted
        except CannotPlantError as error:
            return str(error)
        raise RuntimeError("a plant gives its words once")

    def _typed(self) -> list[list[str]]:
        """Give what was typed for the suite."""
        found: list[list[str]] = self.judged.config.hook.pytest_meta_tests_child_args(judged=self.judged)
        return found

    def _run(self) -> SuiteRun:
        suite, hook = self.standards.policy.suite, self.judged.config.hook
        args = self.copy.typed(self.judged.facts.child_args(suite, *self._typed()))
        told = {"judged": self.judged, "standards": self.standards, "args": args}
        tell = functools.partial(hook.pytest_meta_tests_progress, **told)
        run = child.run_suite(args, self.ground.root, suite.timeout_seconds, tell)
        progress = extra("progress")
        if progress is not None:
            progress.pytest_meta_tests_run_ended(self.judged)
        return run

    def _say(self, text: str) -> None:
        reporter = self.judged.config.pluginmanager.getplugin("terminalreporter")
        if reporter is not None and self.judged.config.option.verbose >= 0:
            reporter.ensure_newline()
            reporter.write_line(f"meta-tests: {text}")


def why_useless(run: SuiteRun) -> str:
    """Say why a run proves nothing; nothing if it may."""
    if run.broken:
        return f"the suite could not be run in the copy. {run.broken}"
    if run.failed and all(WORD in test for test in run.failed):
        return f"tests that were planted fail in this project: {', '.join(run.failed)}"
    if run.failed:
        one = len(run.failed) == 1
        count = f"{len(run.failed)} {'test of the suite fails' if one else 'tests of the suite fail'} in the copy"
        first = shlex.quote(run.failed[0])
        return f"{count}; see whether it does here, too, and mend that first: python -m pytest {first}"
    return run.partial or ""


@contextlib.contextmanager
def _imports_from(copy: Copy, sources: Sequence[Path]) -> Iterator[None]:
    """Let processes that are started import the project's packages from the copy, however they are installed."""
    places = [Path(place).resolve() for place in sys.path if place]
    typed = [Path(place).resolve() for place in os.environ.get("PYTHONPATH", "").split(os.pathsep) if place]
    found = [*typed, *(place for place in places if any(source.is_relative_to(place) for source in sources))]
    found += [import_root(source) for source in sources]
    mapped = [str(copy.of(place) if copy.has(place) else place) for place in found if place in typed or copy.has(place)]
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join(dict.fromkeys(mapped))
    try:
        yield
    finally:
        if before is None:
            del os.environ["PYTHONPATH"]
        else:
            os.environ["PYTHONPATH"] = before


def import_root(source: Path) -> Path:
    """Give the folder from which a package or module is imported."""
    while (source.parent / "__init__.py").exists():
        source = source.parent
    return source.parent if source.is_file() or (source / "__init__.py").exists() else source
