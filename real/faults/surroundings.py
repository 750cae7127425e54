"""What surrounds a session: git, variables, streams, folders, flags of Python."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from real.faults.catalogue import fault
from real.faults.ground import JUDGING, Trial

_ANY = (*JUDGING, "shard", "last run")


def _fake_git(trial: Trial, script: str) -> None:
    """Put another git first in PATH; `$GIT` is the real one."""
    folder = trial.folder / "fake"
    folder.mkdir()
    program = folder / "git"
    program.write_text(f"#!/bin/sh\nGIT={shutil.which('git')}\n{script}\n")
    program.chmod(0o755)
    trial.env["PATH"] = f"{folder}:{os.environ['PATH']}"
    trial.again = True


@fault("git", "git takes two seconds for every answer", _ANY)
def slow_git(trial: Trial) -> None:
    """Make git slow."""
    _fake_git(trial, 'sleep 2; exec "$GIT" "$@"')


@fault("git", "git never answers", ("plain", "child run"), trials=2)
def hanging_git(trial: Trial) -> None:
    """Make git hang."""
    _fake_git(trial, "exec sleep 100000")


@fault("git", "git fails at everything", _ANY)
def failing_git(trial: Trial) -> None:
    """Make git fail."""
    _fake_git(trial, "echo 'fatal: no' >&2; exit 128")


@fault("git", "git fails now and then", _ANY)
def flaky_git(trial: Trial) -> None:
    """Make git fail at every third call."""
    count = trial.folder / "count"
    _fake_git(trial, f'echo x >> {count}; [ $(($(wc -l < {count}) % 3)) = 0 ] && exit 1; exec "$GIT" "$@"')


@fault("git", "git prints nonsense, and succeeds", _ANY)
def talking_git(trial: Trial) -> None:
    """Make git print what it does not mean."""
    _fake_git(trial, r"printf '\377\376 \033[31m nonsense\n..\n'")
    trial.again = True


@fault("git", "git prints a hundred megabytes", ("plain",), trials=2)
def endless_git(trial: Trial) -> None:
    """Make git talk without end."""
    _fake_git(trial, "head -c 100000000 /dev/zero")


@fault("git", "git dies of a signal", _ANY)
def crashing_git(trial: Trial) -> None:
    """Make git crash."""
    _fake_git(trial, "kill -SEGV $$")


@fault("git", "git waits for somebody to type a password", JUDGING)
def asking_git(trial: Trial) -> None:
    """Make git read from its standard input."""
    _fake_git(trial, 'read answer; exec "$GIT" "$@"')


@fault("git", "there is no git", _ANY)
def no_git(trial: Trial) -> None:
    """Leave a PATH without git."""
    (trial.folder / "empty").mkdir()
    trial.env["PATH"] = str(trial.folder / "empty")


@fault("git", "git is no program", JUDGING)
def git_without_format(trial: Trial) -> None:
    """Give a git that cannot be executed."""
    _fake_git(trial, "")
    (trial.folder / "fake" / "git").write_bytes(b"\x7fELF nonsense")


@fault("git", "a lock of a git that died lies in .git", JUDGING)
def locked(trial: Trial) -> None:
    """Leave index.lock behind."""
    (trial.project / ".git" / "index.lock").touch()
    trial.forgives |= {"temporary"}


@fault("git", "git's index is damaged", JUDGING)
def broken_index(trial: Trial) -> None:
    """Write nonsense into the index."""
    (trial.project / ".git" / "index").write_bytes(trial.rng.randbytes(200))


@fault("git", "the repository has lost its objects", JUDGING)
def no_objects(trial: Trial) -> None:
    """Take the objects away."""
    shutil.rmtree(trial.project / ".git" / "objects")


@fault("git", "the repository is another user's", JUDGING)
def others_repository(trial: Trial) -> None:
    """Give the files to somebody else: git calls that dubious ownership."""
    trial.wrapper = ["sh", "-c", 'chown -R 1234:1234 . && exec "$@"', "sh"]


_VARIABLES: dict[str, dict[str, str | None]] = {
    "HOME is not set": {"HOME": None},
    "HOME is not there": {"HOME": "/nowhere/at/all"},
    "LANG and LC_ALL are C": {"LANG": "C", "LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
    "Python reads and writes ASCII": {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0", "LC_ALL": "C"},
    "PYTHONDONTWRITEBYTECODE": {"PYTHONDONTWRITEBYTECODE": "1"},
    "PYTHONOPTIMIZE=2": {"PYTHONOPTIMIZE": "2"},
    "PYTHONWARNINGS=error": {"PYTHONWARNINGS": "error"},
    "PYTHONDEVMODE": {"PYTHONDEVMODE": "1"},
    "COLUMNS=1": {"COLUMNS": "1"},
    "TZ is nonsense": {"TZ": "Nowhere/Nothing:99"},
    "GIT_DIR names nothing": {"GIT_DIR": "/nowhere", "GIT_WORK_TREE": "/nowhere"},
    "PATH is empty": {"PATH": ""},
    "a variable of a hundred kilobytes": {"LARGE": "x" * 100_000},
    "a variable with bytes that are no text": {"BYTES": os.fsdecode(b"\xff\xfe")},
    "PYTEST_ADDOPTS=-p no:cacheprovider": {"PYTEST_ADDOPTS": "-p no:cacheprovider"},
    "PYTEST_ADDOPTS=-W error": {"PYTEST_ADDOPTS": "-W error"},
    "COVERAGE_FILE names a folder that is not there": {"COVERAGE_FILE": "/dev/null/coverage"},
    "COVERAGE_CORE=sysmon, or nonsense": {"COVERAGE_CORE": "sysmon"},
    "PYTHONHASHSEED=0": {"PYTHONHASHSEED": "0"},
    "META_TESTS_CHILD of a child run that ended": {"META_TESTS_CHILD": "1.0:/nowhere/of/a/run/that/ended"},
    "META_TESTS_RECORD names nothing that can be written": {"META_TESTS_RECORD": "/dev/null/record.jsonl"},
}


def _sets(name: str, variables: dict[str, str | None]) -> None:
    @fault("surroundings", name, JUDGING, trials=3)
    def make(trial: Trial) -> None:
        trial.env.update(variables)
        if name.startswith(("META_TESTS", "COVERAGE_FILE")):
            trial.forgives |= {"status", "traceback"}


for _name, _changes in _VARIABLES.items():
    _sets(_name, _changes)

for _flags in (["-O"], ["-OO"], ["-B"], ["-bb"], ["-X", "dev"], ["-u"]):

    @fault("surroundings", f"python {' '.join(_flags)}", JUDGING, trials=3)
    def flagged(trial: Trial, flags: list[str] = _flags) -> None:
        """Start Python with a flag."""
        trial.flags = list(flags)


def _shell(trial: Trial, script: str) -> None:
    trial.wrapper = ["bash", "-c", script, "sh"]


@fault("streams", "standard input is closed", _ANY)
def no_input(trial: Trial) -> None:
    """Close it."""
    _shell(trial, '"$@" <&-')


@fault("streams", "standard output is closed", _ANY)
def no_output(trial: Trial) -> None:
    """Close it."""
    _shell(trial, 'exec "$@" >&-')
    trial.forgives |= {"status", "traceback", "silence"}


@fault("streams", "standard error is closed", _ANY)
def no_error(trial: Trial) -> None:
    """Close it."""
    _shell(trial, 'exec "$@" 2>&-')


@fault("streams", "all three are closed", _ANY)
def no_streams(trial: Trial) -> None:
    """Close them."""
    _shell(trial, 'exec "$@" <&- >&- 2>&-')
    trial.forgives |= {"status", "traceback", "silence"}


@fault("streams", "pytest | head -1", _ANY, trials=6)
def broken_pipe(trial: Trial) -> None:
    """Let nobody read on."""
    _shell(trial, 'set -o pipefail; "$@" | head -1')
    trial.forgives |= {"status", "traceback", "silence"}
    trial.again = True


@fault("streams", "the disk of standard output is full", _ANY)
def full_output(trial: Trial) -> None:
    """Print to /dev/full."""
    _shell(trial, 'exec "$@" > /dev/full')
    trial.forgives |= {"status", "traceback", "silence"}


@fault("streams", "SIGPIPE and SIGCHLD are ignored", JUDGING)
def ignored(trial: Trial) -> None:
    """Inherit odd signal settings."""
    _shell(trial, 'trap "" PIPE CHLD INT; exec "$@"')


@fault("folders", "the working directory was deleted", ("plain",), trials=2)
def no_folder(trial: Trial) -> None:
    """Start in a folder that is gone."""
    _shell(trial, 'mkdir ../gone && cd ../gone && rmdir ../gone && exec "$@"')
    trial.red = True
    trial.forgives |= {"status", "traceback"}  # Python and pytest find no folder to begin in


@fault("folders", "umask 777", _ANY)
def umask(trial: Trial) -> None:
    """Give nobody a right; the superuser does not mind."""
    _shell(trial, 'umask 777; exec "$@"')


@fault("folders", "the project is reached by a symbolic link", _ANY)
def linked(trial: Trial) -> None:
    """Go there by a link."""
    (trial.folder / "link").symlink_to("shop")
    _shell(trial, 'cd ../link && exec "$@"')


@fault("folders", "tests/meta is a symbolic link to a folder outside of the project", JUDGING)
def linked_meta(trial: Trial) -> None:
    """Keep tests/meta elsewhere."""
    (trial.project / "tests" / "meta").rename(trial.folder / "meta")
    (trial.project / "tests" / "meta").symlink_to(trial.folder / "meta")
    trial.forgives |= {"accusation"}


@fault("folders", "a tree of 120 folders, one in the other", JUDGING)
def deep(trial: Trial) -> None:
    """Have tests lie very deep."""
    path = trial.project / "tests" / "unit"
    for _ in range(120):
        path = path / "d"
    path.mkdir(parents=True)
    (path / "test_fault_deep.py").write_text("def test_deep(): ...\n")


@fault("folders", "a path of 3,000 characters", JUDGING)
def long(trial: Trial) -> None:
    """Have tests lie at the end of a very long path."""
    path = trial.project / "tests" / "unit"
    for _ in range(14):
        path = path / ("long" * 50)
    path.mkdir(parents=True)
    (path / "test_fault_long.py").write_text("def test_long(): ...\n")


@fault(
    "folders",
    "folders that link to each other in a circle",
    JUDGING,
    known="pytest alone, with --no-meta, walks them for minutes as well",
)
def circle(trial: Trial) -> None:
    """Make a walk endless."""
    for name, target in (("tests/unit/up", ".."), ("src/shop/around", "."), ("src/all", "..")):
        (trial.project / name).symlink_to(target)
    trial.forgives |= {"accusation"}


@fault("folders", "a pipe, a socket and a device among the tests", JUDGING)
def special(trial: Trial) -> None:
    """Put files there that block whoever reads them."""
    import socket

    os.mkfifo(trial.project / "tests" / "unit" / "pipe.txt")
    os.mkfifo(trial.project / "src" / "shop" / "data.json")
    with socket.socket(socket.AF_UNIX) as listener:
        here = Path.cwd()
        os.chdir(trial.project / "tests" / "unit")
        listener.bind("socket")
        os.chdir(here)


@fault(
    "folders",
    "folders that nobody may read",
    JUDGING,
    known="where Python lies in the superuser's home, the trial's other user may start no second one",
)
def unreadable(trial: Trial) -> None:
    """Take every right from some folders; run as somebody who is not the superuser."""
    (trial.project / "tests" / "unit" / "secret").mkdir()
    user = 'setpriv --reuid=65534 --regid=65534 --clear-groups "$@"'
    _shell(trial, f"chmod -R a+rwX . .. && chmod 0 tests/unit/secret && exec {user}")
    trial.forgives |= {"accusation", "status"}


@fault("folders", "two thousand data files beside the tests", JUDGING)
def many(trial: Trial) -> None:
    """Have many files to look at."""
    folder = trial.project / "tests" / "unit" / "data"
    folder.mkdir()
    for number in range(2000):
        (folder / f"{number}.json").touch()
