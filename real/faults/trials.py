"""Runs one trial, and checks three things: the verdicts, the exit status, and that nothing is lost or left behind."""

from __future__ import annotations

import contextlib
import os
import re
import resource
import signal
import stat
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from real.faults.ground import WAYS, Trial
from tests.baking import scrubbed_environment
from tests.processes import processes_marked, wait_until
from tests.sample import ALL_VERDICTS, COVERAGE, Said, said

SECONDS = 400  # until a session is taken for one that hangs; the machine may be busy
# What a red verdict says that accuses nobody.
_NO_ACCUSATION = re.compile(r"not judged|could not be judged|[Nn]othing was judged|of the suite failed")
LOUD = re.compile(r"not judged|NOT JUDGED|could not be judged|[Nn]othing was judged|no record was written")
_NOT_OURS = re.compile(r"(^|/)(__pycache__|\.pytest_cache|\.git)(/|$)|^\.coverage|^tests/unit/test_fault")


@dataclass(frozen=True)
class Ended:
    """What came of a trial: of the session, what was wrong, and of how it ended one word."""

    said: Said
    problems: list[str]
    outcome: str
    seconds: float


def environment(changes: Mapping[str, str | None]) -> dict[str, str]:
    """Give this environment without what steers test sessions, and with changes; None takes a variable out."""
    together = {**scrubbed_environment({"PYTHONDONTWRITEBYTECODE": ""}), **changes}
    return {name: value for name, value in together.items() if value is not None}


def files(folder: Path) -> dict[str, bytes]:
    """Give every file of the project, by its path, save what sessions write by the way."""
    found: dict[str, bytes] = {}
    for where, folders, names in os.walk(os.fsencode(folder)):
        folders[:] = [name for name in folders if name != b".git"]
        for name in names:
            path = os.path.join(where, name)  # noqa: PTH118 - pathlib has no paths of bytes
            relative = os.fsdecode(os.path.relpath(path, os.fsencode(folder)))
            with contextlib.suppress(OSError):
                mode = os.lstat(path).st_mode
                if stat.S_ISLNK(mode):
                    found[relative] = os.readlink(path)  # noqa: PTH115 - as above
                else:  # a pipe is not waited for
                    found[relative] = Path(os.fsdecode(path)).read_bytes() if stat.S_ISREG(mode) else b""
    return found


def attempted(trial: Trial) -> Ended:
    """Run the trial's session, check it, and where that is asked for, an undisturbed one after it."""
    if trial.prepare is not None:
        trial.prepare()
    before = files(trial.project)
    began = time.monotonic()
    session, hung = _run(trial)
    seconds = time.monotonic() - began
    problems = ["it hung"] if hung else []
    problems += wrong_verdicts(trial, session)
    problems += wrong_status(trial, session)
    problems += left_behind(trial, before)
    if trial.mend is not None:
        trial.mend()
    problems += trial.problems
    if trial.again and not trial.guilty and trial.first:  # a guilty one would be red anyway
        problems += afterwards(trial)
    return Ended(session, problems, "wrong" if problems else outcome(trial, session), seconds)


def _run(trial: Trial) -> tuple[Said, bool]:
    report, printed = trial.folder / "junit.xml", trial.folder / "printed.txt"
    pytest_command = [sys.executable, *trial.flags, "-m", "pytest", "--junitxml", str(report)]
    command = [*trial.wrapper, *pytest_command, *WAYS[trial.way], *trial.args]
    with printed.open("wb") as stream:
        process = subprocess.Popen(
            command,
            cwd=trial.project,
            env=environment(trial.env),
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=_limiting(trial),  # noqa: PLW1509 - this process has no threads
        )
        try:
            if trial.during is not None:
                trial.during(process)
            hung = False
            process.wait(SECONDS)
        except subprocess.TimeoutExpired:
            hung = True
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL) if process.poll() is None else None
            process.wait()
    try:
        read = said(
            subprocess.CompletedProcess(command, process.returncode, printed.read_text(errors="replace"), ""), report
        )
    except ET.ParseError:  # it was killed, or the disk was full, while the file was written
        report.unlink()
        read = said(
            subprocess.CompletedProcess(command, process.returncode, printed.read_text(errors="replace"), ""), report
        )
    return read, hung


def _limiting(trial: Trial) -> Callable[[], None]:
    def limit() -> None:
        for what, most in trial.limits.items():
            resource.setrlimit(what, (most, most))
        for descriptor in trial.close:
            os.close(descriptor)

    return limit


# The three checks.


def wrong_verdicts(trial: Trial, session: Said) -> list[str]:
    """Say which verdict is not true, and whether something was passed over in silence, or was a traceback."""
    found, text, verdicts = [], session.text, session.verdicts
    if trial.guilty and verdicts.get(COVERAGE) == "passed":
        found.append("coverage of 75 % passed, though 80 % is asked for")
    for name, verdict in verdicts.items():
        is_true = trial.guilty and name == COVERAGE and "Total coverage is 75.00 %" in session.messages.get(name, "")
        if verdict in ("failed", "error") and not is_true and "accusation" not in trial.forgives:
            words = session.messages[name]
            if not _NO_ACCUSATION.search(words):
                found.append(f"{name} accuses: {words.splitlines()[0][:200]}")
    passes = set(verdicts) == ALL_VERDICTS and set(verdicts.values()) == {"passed"}
    if (
        session.status == 0
        and not passes
        and not LOUD.search(text)
        and trial.way != "shard"
        and "silence" not in trial.forgives
    ):
        found.append("exit status 0, and nothing is said of what was not judged")
    if trial.expected and not any(words in text for words in trial.expected):
        found.append(f"it does not say any of: {' | '.join(trial.expected)}")
    if (fallen := where_it_fell(text)) and "traceback" not in trial.forgives:
        found.append(f"a traceback of the regime's: {fallen}")
    return found


def where_it_fell(text: str) -> str:
    """Give the line of the regime's that raised what nobody caught; nothing if pytest, a plugin or a test did.

    Lines that are indented are the output of a child run, or of a test, that a message quotes.
    """
    for block in re.split(r"^(?:INTERNALERROR> )?Traceback \(most recent call last\):$", text, flags=re.MULTILINE)[1:]:
        stack = re.split(r"^(?=(?:INTERNALERROR> )?\w[\w.]*(?::|$))", block, maxsplit=1, flags=re.MULTILINE)[0]
        frames = re.findall(r'^(?:INTERNALERROR> )?  File "([^"]+)", line (\d+)', stack, flags=re.MULTILINE)
        own = [frame for frame in frames if "/lib/python3" not in frame[0] or "site-packages" in frame[0]]
        interrupted = re.match(r"(?:INTERNALERROR> )?KeyboardInterrupt", block[len(stack) :])  # while it was imported
        if own and "/meta_regime/" in own[-1][0] and not interrupted:
            return f"{own[-1][0].rpartition('/tests/meta/')[2]}:{own[-1][1]}"
    return ""


def wrong_status(trial: Trial, session: Said) -> list[str]:
    """Say what the exit status hides."""
    red = any(outcome in ("failed", "error") for outcome in session.outcomes.values())
    found = []
    if session.status == 0 and red:
        found.append("exit status 0, and something is red")
    if session.status == 0 and trial.red:
        found.append("exit status 0, though this cannot be judged")
    if session.status == 0 and trial.guilty and trial.strict and trial.way != "shard":
        found.append("exit status 0 in CI, though coverage is below the minimum")
    if session.status and session.outcomes and not red and "status" not in trial.forgives:
        found.append(f"exit status {session.status}, though nothing is red")
    if session.status == 0 and trial.way == "shard" and not list(trial.records.glob("*.jsonl")):
        found.append("exit status 0, and there is no record")
    return found


def left_behind(trial: Trial, before: Mapping[str, bytes | str]) -> list[str]:
    """Say which files are lost, changed or new, and which processes still run."""
    found = []
    if not wait_until(lambda: not processes_marked(trial.mark), 20):
        found.append(f"a process is left: {processes_marked(trial.mark)[0][:120]}")
    now = files(trial.project)
    other = [name for name in sorted(before.keys() | now.keys()) if before.get(name) != now.get(name)]
    other = [name for name in other if not _NOT_OURS.search(name) and not {name, "*"} & trial.changes]
    found += [f"{name} is {'lost' if name not in now else 'changed' if name in before else 'new'}" for name in other]
    if "temporary" not in trial.forgives and trial.tmp.is_dir():
        found += [f"{path.name} is left in TMPDIR" for path in trial.tmp.glob("meta-tests-*")]
    beside = [*trial.project.rglob(".*.tmp"), *trial.records.glob(".*.tmp"), *trial.project.rglob("index.lock")]
    if "temporary" not in trial.forgives:
        found += [f"{path.name} is left" for path in beside]
    return found


def afterwards(trial: Trial) -> list[str]:
    """Say what an undisturbed session, and one that judges the last run, get wrong after the fault."""
    found = []
    for way in ("plain", "last run"):
        report = trial.folder / "again.xml"
        report.unlink(missing_ok=True)
        command = [sys.executable, "-m", "pytest", "--junitxml", str(report), *WAYS[way]]
        done = subprocess.run(
            command,
            cwd=trial.project,
            env=environment({**trial.env, "PATH": os.environ["PATH"], "TMPDIR": None}),
            capture_output=True,
            text=True,
            errors="replace",
            timeout=SECONDS,
            check=False,
        )
        after = said(done, report)
        expected = {**dict.fromkeys(ALL_VERDICTS, "passed"), **({COVERAGE: "failed"} if trial.guilty else {})}
        if after.verdicts != expected or (after.status == 0) == trial.guilty:
            wrong = {name: outcome for name, outcome in after.verdicts.items() if outcome != expected[name]}
            found.append(f"afterwards, {way}: exit status {after.status}, {wrong or after.text[-300:]}")
    return found


def outcome(trial: Trial, session: Said) -> str:
    """Name how a session ended that did nothing wrong."""
    verdicts = session.verdicts
    if trial.way == "shard":
        return "right" if session.status == 0 else "ended"
    right = {**dict.fromkeys(ALL_VERDICTS, "passed"), **({COVERAGE: "failed"} if trial.guilty else {})}
    if verdicts == right and not any(_NO_ACCUSATION.search(words) for words in session.messages.values()):
        return "right"
    if session.status and not verdicts and not LOUD.search(session.text):
        return "ended"
    return "not judged, or red"
