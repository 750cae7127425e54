"""Finds the commands by which CI runs pytest: in its own files, and behind make, tox, nox and scripts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from . import task_files
from .ci_files import PLACES, Script, read_ci_file
from .shell_text import (
    VARIABLE,
    Simple,
    inner_script,
    name_of,
    plain,
    pytest_arguments,
    script_file,
    simple_commands,
)
from .yaml_text import YamlError

_DEEPEST = 8
# Programs that run what stands behind them.
_AROUND = {
    *(
        "uv",
        "uvx",
        "poetry",
        "pdm",
        "pipenv",
        "pipx",
        "rye",
        "hatch",
        "pixi",
        "conda",
        "mamba",
        "micromamba",
        "coverage",
    ),
    *(
        "xvfb-run",
        "sudo",
        "timeout",
        "nice",
        "stdbuf",
        "travis_retry",
        "travis_wait",
        "retry",
        "python",
        "python3",
        "py",
    ),
}
# Programs that run what is named elsewhere, and the words with which they do.
_OPAQUE = {
    **dict.fromkeys(("just", "inv", "invoke", "task", "poe", "pants", "bazel", "earthly", "ant", "gradle", "doit"), ()),
    **dict.fromkeys(("hatch",), ("run", "test")),
    **dict.fromkeys(("pdm", "rye", "pixi", "npm", "yarn", "pnpm", "poetry", "pipenv", "uv"), ("run", "test")),
    **dict.fromkeys(("docker", "docker-compose", "podman"), ("run", "exec", "up", "compose", "build", "bake")),
}
_INSTALLING = ("install", "add", "sync", "uninstall", "list", "show", "freeze", "inject", "upgrade", "update")


@dataclass(frozen=True)
class Command:
    """A command that runs pytest: where it stands, as it is written, and what was typed after `pytest`.

    `piped` is whether its failure is lost in a pipe, `ignored` what makes its failure fail nothing, and `idle` says
    why it does not run by itself.
    """

    place: str
    text: str
    args: tuple[str, ...]
    piped: bool = False
    ignored: str = ""
    idle: str = ""


@dataclass
class Commands:
    """What was found in these files; `opaque` and `unreadable` say where there may be more."""

    files: list[str] = field(default_factory=list)
    found: list[Command] = field(default_factory=list)
    opaque: list[str] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)


def commands_of_ci(root: Path) -> Commands:
    """Look through the files of CI below a project's root. Never raises for what is wrong in them."""
    return _Finder(root).all()


def commands_in(script: Script, root: Path) -> Commands:
    """Look through one script."""
    finder = _Finder(root)
    finder.look_into(script)
    return finder.commands


class _Finder:
    def __init__(self, root: Path) -> None:
        self._root = root
        self._seen: set[tuple[object, ...]] = set()
        self.commands = Commands()

    def all(self) -> Commands:
        wanted = list(PLACES)
        while wanted:
            glob, kind = wanted.pop(0)
            for path in self._matching(glob):
                name = path.relative_to(self._root).as_posix()
                text = None if name in self.commands.files else self._read(name)
                if text is None:
                    continue
                self.commands.files.append(name)
                try:
                    read = read_ci_file(name, kind, text)
                except YamlError as error:
                    self.commands.unreadable.append(f"{name}:{error}")
                    continue
                wanted += read.files
                self.commands.opaque += read.opaque
                for script in read.scripts:
                    self.look_into(script)
        return self.commands

    def _matching(self, glob: str) -> list[Path]:
        try:
            return sorted(path for path in self._root.glob(glob) if path.is_file())
        except (ValueError, NotImplementedError, OSError):  # no glob
            return []

    def _read(self, name: str) -> str | None:
        """Give a file's text; None if there is none. What cannot be read is noted."""
        path = self._root / name
        try:
            return path.read_bytes().decode("utf-8-sig") if path.is_file() else None
        except UnicodeDecodeError:
            why = "it is not UTF-8 text"
        except OSError as error:
            why = error.strerror or "it cannot be read"
        if f"{name}: {why}" not in self.commands.unreadable:
            self.commands.unreadable.append(f"{name}: {why}")
        return None

    def look_into(self, script: Script, depth: int = 0) -> None:
        """Note the commands of a script that run pytest, and look into what else it runs."""
        for simple in simple_commands(script.text, pipefail=script.pipefail):
            place = f"{script.file}:{script.line + simple.line}" if script.line else script.file
            self._look_at(simple, script, place, depth)

    def _look_at(self, simple: Simple, script: Script, place: str, depth: int) -> None:
        words, added = plain(simple.words)
        if not words or depth > _DEEPEST:
            return
        typed = " ".join(f"'{word}'" if " " in word else word for word in words)
        shown = typed + (" | …" if simple.piped else f" {simple.swallowed}" if simple.swallowed else "")
        ignored = simple.swallowed or script.ignored
        inner = inner_script(words)
        arguments = pytest_arguments(words) if inner is None else None
        if arguments is not None:
            args = (*added, *arguments)
            self.commands.found.append(Command(place, shown, args, simple.piped, ignored, script.idle))
            return
        before = len(self.commands.found)
        if inner is not None:
            has_pipefail = "pipefail" in words
            self.look_into(Script(place, 0, inner, has_pipefail, ignored, script.idle), depth + 1)
        else:
            self._look_behind(words, simple, replace(script, ignored=ignored), place, depth)
        if simple.piped:
            found = self.commands.found
            found[before:] = [replace(each, piped=True, text=f"{each.text} (by {shown})") for each in found[before:]]

    def _look_behind(self, words: tuple[str, ...], simple: Simple, script: Script, place: str, depth: int) -> None:
        """Look into what a command runs that is written down elsewhere, once; note it if that is hidden."""
        tasks = self._tasks(words)
        line = f"{place}: {' '.join(words)}"
        if tasks is not None and not tasks and line not in self.commands.opaque:
            self.commands.opaque.append(line)
        key = (*(tasks or ()), script.ignored, script.idle, simple.piped)
        if key in self._seen:
            return
        self._seen.add(key)
        for task in tasks or ():
            file, _, number = task.place.rpartition(":")
            name, line_of = (file, int(number)) if number.isdigit() else (task.place, 0)
            ignored = task.ignored or script.ignored
            self.look_into(Script(name, line_of, task.text, task.pipefail, ignored, script.idle), depth + 1)

    def _tasks(self, words: Sequence[str]) -> list[task_files.Task] | None:
        """Give what a command runs that is written down elsewhere: [] if that is hidden, None if it runs nothing."""
        if name_of(words[0]) in _AROUND and not set(words) & set(_INSTALLING):
            runners = [index for index, word in enumerate(words) if name_of(word) in ("tox", "nox", "make", "poe")]
            words = words[runners[0] :] if runners and words[runners[0] - 1] not in ("--with", "--from") else words
        if words[0] == VARIABLE and (words[1:2] == ("-m",) or set(words) & set(_INSTALLING)):
            return None
        program = name_of(words[0].lstrip(VARIABLE))
        rest = [word for word in words[1:] if not word.startswith("-") and "=" not in word]
        if program == "make":
            return self._of_make(rest)
        if program == "tox":
            return task_files.of_tox(self._read)
        if program == "nox":
            return self._of_nox()
        file = script_file(words) if not words[0].startswith(VARIABLE) else None
        if file is not None and name_of(file) != "activate":
            name = file.removeprefix("./")
            is_known = VARIABLE not in name and ".." not in name and not name.endswith((".py", ".js", ".ps1", ".bat"))
            text = self._read(name) if is_known else None
            has_pipefail = "pipefail" in words or "pipefail" in (text or "").partition("\n")[0]
            return [task_files.Task(f"{name}:1", text, has_pipefail)] if text is not None else []
        is_opaque = program in _OPAQUE and (not _OPAQUE[program] or any(word in rest for word in _OPAQUE[program]))
        runs_a_file = program.startswith("py") and any(word.endswith(".py") and "test" in word for word in rest)
        is_opaque = is_opaque and "pre-commit" not in words
        return [] if is_opaque or runs_a_file or words[0] == VARIABLE else None

    def _of_make(self, targets: list[str]) -> list[task_files.Task]:
        for name in task_files.MAKEFILES:
            text = self._read(name)
            if text is not None:
                return task_files.of_make(text, name, targets)
        return []

    def _of_nox(self) -> list[task_files.Task]:
        text = self._read(task_files.NOXFILE)
        try:
            return task_files.of_nox(text) if text is not None else []
        except (SyntaxError, ValueError, RecursionError) as error:
            self.commands.unreadable.append(f"{task_files.NOXFILE}: {error}")
            return []
