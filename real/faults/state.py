"""State that is corrupt, cut off, foreign, of a newer format, or changed by somebody else meanwhile."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
import zlib
from collections.abc import Callable
from pathlib import Path

from real.faults.catalogue import fault
from real.faults.ground import JUDGING, WAYS, Trial
from real.faults.trials import LOUD, environment, where_it_fell

_SETTINGS = {
    "policy.toml": "policy.toml",
    "known_slow.toml": "known_slow.toml",
    "baseline.json": "baseline.json",
}
_KNOWN_SLOW = '[[known_slow]]\ntest = "*test_basket"\nseconds = 20\nreason = "slow"\nuntil = 2099-01-01\n'


def _cut(trial: Trial, path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: trial.rng.randint(1, max(1, len(content) - 3))])


def _flipped(trial: Trial, path: Path) -> None:
    content = bytearray(path.read_bytes())
    for _ in range(8):
        content[trial.rng.randrange(len(content))] ^= 1 << trial.rng.randrange(8)
    path.write_bytes(bytes(content))


def _noise(trial: Trial, path: Path) -> None:
    path.write_bytes(trial.rng.randbytes(500))


def _empty(_: Trial, path: Path) -> None:
    path.write_bytes(b"")


def _folder(_: Trial, path: Path) -> None:
    path.unlink()
    path.mkdir()
    (path / "keep").touch()


def _link_to_nowhere(_: Trial, path: Path) -> None:
    path.unlink()
    path.symlink_to("nowhere")


def _loop(_: Trial, path: Path) -> None:
    path.unlink()
    path.symlink_to(path.name)


def _pipe(_: Trial, path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def _conflict(_: Trial, path: Path) -> None:
    lines = path.read_text().splitlines()
    path.write_text("\n".join(["<<<<<<< HEAD", *lines[:3], "=======", *lines[3:], ">>>>>>> other", ""]))


def _foreign(_: Trial, path: Path) -> None:
    foreign = {
        ".toml": '[tool.black]\nline-length = 3\n[project]\nname = "x"\n',
        ".json": '{"version": 3, "results": []}',
    }
    path.write_text(foreign.get(path.suffix, '{"meta": {"version": "7.6"}}\n'))


def _nested(_: Trial, path: Path) -> None:
    path.write_text(("a = " if path.suffix == ".toml" else "") + "[" * 100_000 + "]" * 100_000)


_DAMAGE: dict[str, Callable[[Trial, Path], None]] = {
    "is cut off": _cut,
    "has flipped bits": _flipped,
    "is random bytes": _noise,
    "is empty": _empty,
    "is a folder": _folder,
    "is a symbolic link to nowhere": _link_to_nowhere,
    "is a symbolic link to itself": _loop,
    "is a pipe": _pipe,
    "has the marks of a merge conflict": _conflict,
    "is of another program": _foreign,
    "is nested 100,000 deep": _nested,
}


def _damages_setting(name: str, damage: Callable[[Trial, Path], None]) -> Callable[[Trial], None]:
    def make(trial: Trial) -> None:
        path = trial.project / "tests" / "meta" / name
        if name == "known_slow.toml":
            path.write_text(_KNOWN_SLOW)
        damage(trial, path)
        trial.forgives |= {"accusation"}  # what is wrong with a settings file is said by its verdicts, which are red
        if name == "policy.toml":
            trial.guilty = False  # what it asks for is gone with it, or may be

    return make


def _damages_last_run(damage: Callable[[Trial, Path], None]) -> Callable[[Trial], None]:
    def make(trial: Trial) -> None:
        (path,) = (trial.project / ".pytest_cache").rglob("last-run.jsonl")
        damage(trial, path)
        trial.again = True

    return make


def _damages_record(damage: Callable[[Trial, Path], None]) -> Callable[[Trial], None]:
    def make(trial: Trial) -> None:
        damage(trial, trial.records / "1.jsonl")
        trial.red = True

    return make


for _words, _damage in _DAMAGE.items():
    for _name in _SETTINGS:
        fault("settings files", f"{_name} {_words}", JUDGING, trials=3)(_damages_setting(_name, _damage))
    if _damage not in (_conflict,):
        fault("records", f"the last run's record {_words}", ("last run",), trials=3)(_damages_last_run(_damage))
    if _damage not in (_conflict,):
        fault("records", f"a shard's record {_words}", ("merge",), trials=3)(_damages_record(_damage))


def rewrite(path: Path, change: Callable[[list[object], dict[str, object]], None]) -> None:
    """Change the head and the end of a record, and make its checksum right again."""
    lines = path.read_text().splitlines()
    head, end = json.loads(lines[0]), json.loads(lines[-2])
    change(head, end[1])
    content = f"{json.dumps(head)}\n{json.dumps(end)}\n"
    path.write_text(f'{content}["checksum", {zlib.crc32(content.encode())}]\n')


def _rewrites(way: str, change: Callable[[list[object], dict[str, object]], None]) -> Callable[[Trial], None]:
    def make(trial: Trial) -> None:
        if way == "merge":
            path = trial.records / "1.jsonl"
            trial.red = True
        else:
            (path,) = (trial.project / ".pytest_cache").rglob("last-run.jsonl")
            trial.again = True
        rewrite(path, change)

    return make


def _newer(head: list[object], _: dict[str, object]) -> None:
    head[1] = 99


def _other_types(_: list[object], end: dict[str, object]) -> None:
    end.update(seconds="long", partial=7, tests=[[1], ["x"]])


def _lacking(_: list[object], end: dict[str, object]) -> None:
    del end["tests"]


def _lying_types(_: list[object], end: dict[str, object]) -> None:
    end["tests"] = [[f"t{n}" for n in range(3)], *[["x"] * 3 for _ in range(6)]]


for _words, _change in {
    "is of a newer format": _newer,
    "has other types in it, and a right checksum": _other_types,
    "has words for seconds, and a right checksum": _lying_types,
    "lacks its tests, and has a right checksum": _lacking,
}.items():
    fault("records", f"a shard's record {_words}", ("merge",), trials=3)(_rewrites("merge", _change))
    fault("records", f"the last run's record {_words}", ("last run",), trials=3)(_rewrites("last run", _change))


@fault("records", "a shard's record is there twice", ("merge",))
def doubled(trial: Trial) -> None:
    """Copy a record."""
    shutil.copy(trial.records / "1.jsonl", trial.records / "2.jsonl")
    shutil.copy(trial.records / "1.jsonl.coverage", trial.records / "2.jsonl.coverage")
    trial.red = True


@fault("records", "a shard's coverage data is cut off, or not there", ("merge",))
def no_data(trial: Trial) -> None:
    """Damage the data beside the record."""
    path = trial.records / "1.jsonl.coverage"
    _cut(trial, path) if trial.rng.random() < 0.5 else path.unlink()
    trial.red = trial.strict


@fault("coverage data", "an earlier .coverage is random bytes", JUDGING)
def broken_data(trial: Trial) -> None:
    """Leave nonsense where coverage.py writes."""
    (trial.project / ".coverage").write_bytes(trial.rng.randbytes(3000))


@fault("coverage data", ".coverage is a folder", JUDGING)
def folder_as_data(trial: Trial) -> None:
    """Put a folder where coverage.py writes."""
    (trial.project / ".coverage").unlink(missing_ok=True)
    (trial.project / ".coverage").mkdir()
    trial.forgives |= {"status", "traceback"}  # coverage.py raises, as without the regime


@fault("coverage data", "a test damages .coverage, and what lies beside it", JUDGING)
def damaged_meanwhile(trial: Trial) -> None:
    """Write into the data of every session."""
    trial.test(
        "import glob, os, sqlite3\n"
        "for name in glob.glob('.coverage*') + [os.environ.get('COVERAGE_FILE', '.coverage')]:\n"
        "    open(name, 'wb').write(b'nonsense' * 99)"
    )
    trial.forgives |= {"status", "traceback"}


@fault("coverage data", "coverage data of a hundred other workers lie about", JUDGING)
def others_data(trial: Trial) -> None:
    """Leave what coverage.py would combine, if told to."""
    for number in range(100):
        (trial.project / f".coverage.host.{number}.XyZ").write_bytes(trial.rng.randbytes(100))


def _append(path: Path, text: str) -> None:
    path.write_text(path.read_text() + text)


def _meanwhile(trial: Trial, change: Callable[[], None]) -> None:
    moment = trial.rng.random() * 2

    def during(process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + moment
        while process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.02)
        change()

    trial.during = during


@fault("meanwhile", "policy.toml is saved half-written while the session runs", JUDGING, trials=6)
def half_saved(trial: Trial) -> None:
    """Edit the policy with an editor that writes in two steps."""
    path = trial.project / "tests/meta/policy.toml"
    text = path.read_text()

    def change() -> None:
        path.write_text(text[: len(text) // 2])
        time.sleep(0.5)
        path.write_text(text)

    _meanwhile(trial, change)
    trial.forgives |= {"accusation"}


@fault("meanwhile", "a source file is changed while the session runs", JUDGING, trials=6)
def edited(trial: Trial) -> None:
    """Save a source file during the run: the next one must not judge this one again."""
    path = trial.project / "src/shop/prices.py"
    _meanwhile(trial, lambda: _append(path, "# a comment\n"))
    trial.changes |= {"src/shop/prices.py"}
    trial.again = True


@fault("meanwhile", "git checks out another branch, and comes back", JUDGING)
def switched(trial: Trial) -> None:
    """Change all files under the running session, and back."""

    def git(*args: str) -> None:
        subprocess.run(["git", *args], cwd=trial.project, capture_output=True, check=False, env=environment(trial.env))

    def change() -> None:
        git("stash")
        git("rm", "--cached", "-r", "-q", "src/shop/unused.py")
        git("reset", "-q")
        git("stash", "pop")

    _meanwhile(trial, change)
    trial.forgives |= {"accusation"}


@fault("meanwhile", "another session on the same checkout", JUDGING, trials=6)
def beside(trial: Trial) -> None:
    """Run a second one, at the same time."""
    others: list[subprocess.Popen[bytes]] = []

    def during(_: subprocess.Popen[bytes]) -> None:
        time.sleep(trial.rng.random())
        command = [sys.executable, "-m", "pytest", *WAYS[trial.rng.choice(JUDGING)]]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        others.append(subprocess.Popen(command, cwd=trial.project, env=environment(trial.env), **quiet))  # type: ignore[call-overload]
        others[0].wait()

    trial.during = during
    trial.again = True
    trial.forgives |= {"status", "accusation"}


@fault("meanwhile", "a hundred sessions at once on one checkout", ("plain",), trials=1)
def hundred(trial: Trial) -> None:
    """Start ninety-nine more, and let all end."""

    def during(_: subprocess.Popen[bytes]) -> None:
        others = []
        for number in range(99):
            report = f"--junitxml={trial.folder}/other-{number}.xml"
            command = [sys.executable, "-m", "pytest", "-q", report, *WAYS[JUDGING[number % 3]]]
            with (trial.folder / f"other-{number}.txt").open("wb") as stream:
                env = environment(trial.env)
                others.append(subprocess.Popen(command, cwd=trial.project, env=env, stdout=stream, stderr=stream))
        for other in others:
            other.wait(1800)

    trial.during, trial.again = during, True
    trial.mend = lambda: trial.problems.extend(problems_of_a_crowd(trial.folder, guilty=trial.guilty))
    trial.forgives |= {"accusation"}


def problems_of_a_crowd(folder: Path, *, guilty: bool) -> list[str]:
    """Say what the ninety-nine others got wrong, by what they printed."""
    printed = [path.read_text(errors="replace") for path in sorted(folder.glob("other-*.txt"))]
    passed = sum("PASSED      Total coverage" in text for text in printed)
    silent = sum(
        " passed in " in text
        and not re.search(f"INTERNALERROR|{LOUD.pattern}", text)
        and "Total coverage is" not in text
        for text in printed
    )
    fallen = [where for text in printed if (where := where_it_fell(text))]
    wrong = sum("Total coverage is" in text and "Total coverage is 75.00 %" not in text for text in printed)
    counts = {"passed": passed if guilty else 0, "said nothing": silent, "gave a wrong total": wrong}
    return [f"{count} of 99 {what}" for what, count in counts.items() if count] + fallen
