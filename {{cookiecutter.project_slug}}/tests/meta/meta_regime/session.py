"""One pytest session under the regime: what it ran is recorded, and judged at its end or in a child run.

The verdict tests are taken out of the collected items, and run after everything else, when pytest-cov has saved its
data. Under xdist the controller, which has all reports, collects and runs them; workers drop them.
"""

from __future__ import annotations

import contextlib
import datetime
import functools
import os
from collections.abc import Callable, Generator
from dataclasses import replace
from typing import Any

import pytest

from . import child, verdict
from .policy import PolicyError
from .record import SuiteRun
from .record_file import RecordWriter
from .recorder import Recorder, Reports, reports_of
from .selection import META, verdicts_and_tests
from .session_facts import SessionFacts, coverage_of, silence_pytest_cov
from .terminal import VerdictText
from .verdict import Decide, Outcome, Standards, Verdict

_ON_WORKERS = "meta_tests"  # what controller and workers say to each other, in workerinput and workeroutput


class JudgedSession:
    """The regime's plugin in one session: plain, xdist controller, xdist worker, or measured child run.

    Only one process of a session judges, or writes the record of a child run; the others drop the verdict tests.
    """

    def __init__(self, config: pytest.Config, parser: pytest.Parser | None) -> None:
        self.config = config
        self.worker_input: dict[str, Any] | None = getattr(config, "workerinput", None)
        executes_nothing = bool(config.option.setuponly or config.option.setupplan)
        self.switched_off = bool(config.getoption("no_meta", False)) or executes_nothing
        in_ci = os.environ.get("CI", "").lower() not in ("", "0", "false", "no", "off")
        self.strict = in_ci or bool(config.getoption("meta_strict", False))
        record = child.take_record_path() if self.worker_input is None else None
        self.writer = RecordWriter(record) if record is not None else None
        self.drops_verdicts = self.switched_off or child.is_child() or _ON_WORKERS in (self.worker_input or ())
        self.judges = self.worker_input is None and not self.drops_verdicts
        self.today = datetime.date.today()  # before any test can freeze it
        self.facts = SessionFacts(config, parser, META)
        self.recorder = Recorder()
        self.reports: Reports | None = None  # pytest's, of all tests
        spreads_tests = self.worker_input is None and config.getoption("dist", "no") != "no"  # xdist's controller
        if self.writer is not None or not spreads_tests:
            config.pluginmanager.register(self.recorder, "meta-tests-recorder")
        if self.writer is not None:
            config.pluginmanager.register(self.writer, "meta-tests-writer")
        self.verdict_items: list[pytest.Item] = []
        self._collecting_verdicts = False
        self.verdicts: dict[str, Verdict] = {}
        self.standards: Standards | PolicyError = Standards()
        self.run: SuiteRun | None = None
        self.only_records = False  # set by an extra: this session's tests are judged elsewhere
        self.silence = "switched off (--no-meta)" if self.switched_off else ""  # why there are no verdicts
        if executes_nothing:
            self.silence = "not judged: nothing is executed (--setup-plan, --setup-only)"
        if child.is_child() or self.facts.only_verdicts:
            silence_pytest_cov(config, measure=child.is_child())
        if self.facts.only_verdicts:
            self.facts.let_only_what_was_typed_choose()

    def pytest_sessionstart(self) -> None:
        """Note that the loader was met before collecting."""
        self.facts.loaded_in_time = True
        if self.worker_input is None:
            self.reports = reports_of(self.config)

    # Collecting.

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Take the verdict tests out before -m or -k can deselect them: beside the suite they are always due."""
        if self.drops_verdicts or not self.facts.only_verdicts:
            self._take_verdicts(items)

    @pytest.hookimpl(trylast=True, specname="pytest_collection_modifyitems")
    def pytest_collection_modifyitems_at_last(self, items: list[pytest.Item]) -> None:
        """In a session of verdicts alone -k and -m choose among them, as among any tests."""
        self._take_verdicts(items)
        if self.config.option.collectonly or not (self.judges or self.drops_verdicts):
            items += self.verdict_items  # to be listed; or the controller knows nothing of us, and they say so

    def _take_verdicts(self, items: list[pytest.Item]) -> None:
        mine, items[:] = verdicts_and_tests(items)
        if mine and self.switched_off:
            self.config.hook.pytest_deselected(items=mine)
        elif not self.drops_verdicts:
            self.verdict_items += mine

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Note how many tests are to run in this process."""
        if not self._collecting_verdicts:
            self._selected(len(session.items))

    def _selected(self, count: int) -> None:
        self.facts.selected = count
        if self.writer is not None:
            self.writer.write("collected", count)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Note what could not be collected."""
        if report.failed:
            self.facts.not_collected[report.nodeid] = None

    # Between xdist's processes.

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Tell a worker that its controller judges."""
        node.workerinput[_ON_WORKERS] = True

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: list[str]) -> None:
        """Note how many tests the workers have."""
        self._selected(len(ids))

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any, error: object) -> None:
        """Take what a worker measured beside its tests; note that it crashed."""
        self.facts.workers += 1
        if error:
            self.facts.crashed.append(str(node.gateway.id))
        packed = getattr(node, "workeroutput", {}).get(_ON_WORKERS)
        if packed is not None:
            self.recorder.unpack(packed)

    def pytest_sessionfinish(self) -> None:
        """On a worker: hand over what was recorded."""
        if self.worker_input is not None:
            self.config.workeroutput[_ON_WORKERS] = self.recorder.packed()  # type: ignore[attr-defined]

    # Running and judging.

    @pytest.hookimpl(wrapper=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Generator[None, object, object]:
        """After the suite, and after pytest-cov, judge.

        pytest-cov registers its plugin before any conftest is loaded, so its wrapper lies inside this one.
        """
        if self.config.option.collectonly or not (self.judges or self.writer):
            return (yield)
        if not self.only_records:
            session.testscollected += len(self.verdict_items)  # for the progress that pytest shows
        try:
            result = yield
        except BaseException as stop:
            self.facts.stopped = str(stop) or type(stop).__name__
            self.silence = f"not judged: the session was stopped: {self.facts.stopped}"
            self._end_record()
            if isinstance(stop, pytest.exit.Exception):
                if self.strict:
                    stop.returncode = stop.returncode or 1  # pytest.exit("...", 0) must not make a CI job green
                self._say_nothing_is_judged()  # pytest prints no summary for a status of the caller's own
            raise
        self._end_record()
        if self.writer is None:
            self._judge(session)
        return result

    def _say_nothing_is_judged(self) -> None:
        reporter = self.config.pluginmanager.getplugin("terminalreporter")
        if reporter is not None and self.judges:
            reporter.ensure_newline()
            self.pytest_terminal_summary(reporter)
            self.silence = ""

    def _end_record(self) -> None:
        self.reports = self.reports or reports_of(self.config)
        self.recorder.end(self.reports())
        if self.writer is not None:
            with contextlib.suppress(PolicyError):  # the parent has read the same files, and has said so
                self.writer.end(self._this_session(verdict.load_standards(META, self.today)))

    def _judge(self, session: pytest.Session) -> None:
        self.silence = "not judged: the session was interrupted"
        try:
            self.standards = verdict.load_standards(META, self.today)
            self.facts.suite_roots(self.standards.policy.suite.args)  # pytest understands them
        except PolicyError as error:
            self.standards = error
        only_verdicts = self.facts.only_verdicts
        if isinstance(self.standards, Standards) and not only_verdicts:
            self.run = self._this_session(self.standards)
            hook = self.config.hook.pytest_meta_tests_run_ended
            self.silence = hook(judged=self, standards=self.standards, run=self.run) or ""
            if self.run.partial and not (self.silence or self.strict or self.facts.includes_verdicts):
                self.silence = f"not judged: {self.run.partial}"
            if self.silence:
                return
        items = self._verdicts_of(session)
        if items and isinstance(self.standards, Standards) and only_verdicts:
            self.run = self._run_from_elsewhere(self.standards)
        if not items:
            self.silence = "not judged: no verdict test was found in tests/meta, or none was selected"
            session.testsfailed += 0 if only_verdicts else 1  # pytest itself says so of no tests at all
            return
        for item, following in zip(items, [*items[1:], None], strict=True):
            names = getattr(item, "fixturenames", [])
            names[:] = [name for name in names if name in ("judge", "request")]  # no autouse fixtures of the project's
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        if not only_verdicts and not self.recorder.ran:
            session.testscollected = 0  # pytest's exit status 5, as without the regime

    def _verdicts_of(self, session: pytest.Session) -> list[pytest.Item]:
        """Give the verdict tests; collect them first where the arguments, or xdist, kept them from being collected."""
        if self.verdict_items or (self.facts.only_verdicts and not self.facts.workers):
            return self.verdict_items
        before, collected = getattr(session, "items", []), session.testscollected
        self._collecting_verdicts = True
        if self.facts.only_verdicts:
            verbose, self.config.option.verbose = self.config.option.verbose, -1  # "collected N items" was said
            session.perform_collect(self.config.args)
            self.config.option.verbose = verbose
        else:  # by their files, without a look at all that lies beside them
            for path in sorted(META.glob("test_*.py")):
                self.verdict_items += session.genitems(pytest.Module.from_parent(session, path=path))
        session.items, session.testscollected = before, collected + len(self.verdict_items)
        return self.verdict_items

    def _this_session(self, standards: Standards) -> SuiteRun:
        """Put together the run that this session has been."""
        seconds, queued = self.recorder.seconds_since_the_start()
        run = SuiteRun(
            tests=tuple(self.recorder.ran.values()),
            seconds=seconds,
            queued=0.0 if self.facts.workers else queued,
            workers=self.facts.workers,
            partial=self.facts.why_partial(standards.policy.suite.args, self.recorder.ran),
            broken=f"The suite was stopped: {self.facts.stopped}." if self.facts.stopped else None,
        )
        run = coverage_of(run, self.config, standards.policy.suite)
        for other in self.config.hook.pytest_meta_tests_doubts(judged=self, standards=standards):
            figures = {**run.figures, **other.pop("figures", {})}
            coverage = None if "coverage_missing" in other else run.coverage
            run = replace(run, **{"coverage": coverage, "figures": figures, **other})
        return run

    def _run_from_elsewhere(self, standards: Standards) -> SuiteRun:
        """Give the run that a session of verdicts judges: one that an extra has, else that of a child process."""
        hook, suite = self.config.hook, standards.policy.suite
        run: SuiteRun | None = hook.pytest_meta_tests_find_run(judged=self, standards=standards)
        if run is None:
            args = self.facts.child_args(suite, *hook.pytest_meta_tests_child_args(judged=self))
            tell = functools.partial(hook.pytest_meta_tests_progress, judged=self, standards=standards, args=args)
            run = child.run_suite(args, self.config.rootpath, suite.timeout_seconds, tell)
            hook.pytest_meta_tests_run_ended(judged=self, standards=standards, run=run)
        return run

    # Saying it.

    @pytest.fixture
    def judge(self, request: pytest.FixtureRequest) -> Callable[[Decide], None]:
        """Give a verdict test its means: `judge(decide)` passes, fails or skips it with the verdict's words."""

        def judge(decide: Decide) -> None:
            said = self._verdict(decide)
            self.verdicts.pop(request.node.name, None)  # it may be run again
            if said.details and said.details in {earlier.details for earlier in self.verdicts.values()}:
                said = replace(said, details="Details: see the verdict above.")
            self.verdicts[request.node.name] = said
            text = VerdictText(str(request.node.path), said, strict=self.strict)
            request.node.repr_failure = lambda *_: text  # what pytest prints of a failure: no traceback
            if said.outcome is Outcome.NOT_JUDGED and (said.optional or not self.strict):
                pytest.skip(said.message)
            if said.outcome is not Outcome.PASSED:
                pytest.fail(said.line, pytrace=False)

        return judge

    def _verdict(self, decide: Decide) -> Verdict:
        if isinstance(self.standards, PolicyError):
            return verdict.broken_standards(self.standards)
        if self.run is None:
            return verdict.not_judged("tests/conftest.py was loaded too late; run pytest from the project's root")
        return verdict.reach_verdict(decide, self.run, self.standards)

    @pytest.hookimpl(trylast=True)
    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say that nothing was judged, and why."""
        if self.silence and (self.judges or self.switched_off) and not self.verdicts:
            terminalreporter.write_line(f"meta-tests: {self.silence}", yellow=True)
