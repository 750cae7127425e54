"""Splits what a shell is given into simple commands, and finds those that run pytest. Nothing is executed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

VARIABLE = "$"  # stands in a word for what only the shell, or the CI system, knows
_OPERATORS = ("|&", "||", "&&", ";;", "|", "&", ";", "(", ")", "\n")  # longer ones first
_EXPRESSIONS = re.compile(r"\$\{\{.*?\}\}|<<\s*[\w.-]+\s*>>|\$\[\[.*?\]\]", re.DOTALL)  # GitHub's, CircleCI's, GitLab's
_REDIRECTION = re.compile(r"&?(?P<how>>>?|<<<|<<-?|<>|<)[&|]?")
_PIECE = re.compile(  # in cmd and PowerShell, ^ and ` end a line that goes on
    r"""(?P<goes_on>[\\^`]\r?\n)|\\(?P<escaped>.)|'(?P<single>[^']*)(?:'|$)|"(?P<double>(?:[^"\\]|\\.)*)(?:"|$)"""
    r"""|(?P<inner>`[^`]*(?:`|$)|\$[A-Za-z_]\w*)""",
    re.DOTALL,
)
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*\+?=")
_KEYWORDS = {"if", "then", "else", "elif", "do", "while", "until", "!", "{", "time", "exec", "command", "builtin"}
_SHELLS = {"sh", "bash", "dash", "zsh", "ksh"}
_GO_ON = {"true", ":", "echo", "printf"}  # after ||: the failure is forgotten

# Words of which the first does not run what follows.
_OTHERS = {
    *("echo", "printf", "cat", "grep", "egrep", "which", "type", "ls", "cd", "cp", "mv", "rm", "mkdir", "touch", "git"),
    *("apt", "apt-get", "brew", "dnf", "yum", "apk", "choco", "npm", "mypy", "ruff", "flake8", "pylint", "black"),
    *("pre-commit", "codecov", "sed", "awk", "find", "test", "[", "[[", "export", "for", "case", "gh", "curl"),
    *("make", "nox", "just", "inv", "invoke", "task", "unset", "alias", "hash"),
}
_INSTALLING = {"install", "add", "sync", "remove", "lock", "build", "list", "show", "freeze", "uninstall", "inject"}
_TAKES_A_NAME = {"--with", "-w", "--from", "--extra", "--group", "--only-group", "--package", "--with-editable", "-e"}
_RUNS_NO_TEST = {"--version", "-V", "--help", "-h", "--collect-only", "--co", "--fixtures", "--markers", "--setup-plan"}


class Simple(NamedTuple):
    """A simple command. `line` counts from 0, `after` is the operator behind it."""

    words: tuple[str, ...]
    line: int
    after: str
    piped: bool = False  # into something, without pipefail
    swallowed: str = ""  # what makes its failure forgotten


def simple_commands(text: str, *, pipefail: bool = False) -> list[Simple]:
    """Split a script; `pipefail` tells whether the shell has it on from the start."""
    text = _EXPRESSIONS.sub(lambda match: VARIABLE + "\n" * match[0].count("\n"), text)
    raw = list(_split(text))
    careful = "PIPESTATUS" in text or "pipestatus" in text
    found = []
    for index, command in enumerate(raw):
        if command.words[:1] == ("set",) or command.words[:2] == ("shopt", "-so"):
            pipefail = _pipefail(command.words, pipefail)
        piped = command.after in ("|", "|&") and not (pipefail or careful)
        found.append(command._replace(piped=piped, swallowed=_swallowed(raw, index)))
    return found


def _pipefail(words: Sequence[str], before: bool) -> bool:
    if "pipefail" not in words:
        return before
    return not words[words.index("pipefail") - 1].startswith("+")


def _swallowed(commands: Sequence[Simple], index: int) -> str:
    while index + 1 < len(commands) and commands[index].after in ("|", "|&"):
        index += 1
    if commands[index].after == "||" and index + 1 < len(commands):
        following = commands[index + 1]
        ends_well = following.words[:2] == ("exit", "0")
        if ends_well or (following.words[0] in _GO_ON and following.after not in ("&&", ";")):
            return "|| " + " ".join(following.words[:2] if ends_well else following.words[:1])
    return ""


def _split(text: str) -> Iterator[Simple]:
    words: list[str] = []
    start = 0
    for token, is_word, line in _Scanner(text).tokens():
        if is_word:
            start = start if words else line
            words.append(token)
        elif words:
            yield Simple(tuple(words), start, token)
            words = []
    if words:
        yield Simple(tuple(words), start, "")


class _Scanner:
    """Goes through a script once. What is redirected, here-documents and comments are left out."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = self._line = 0
        self._dropped = False  # the next word is the target of a redirection
        self._heredocs: list[str] = []

    def tokens(self) -> Iterator[tuple[str, bool, int]]:
        """Yield words and operators, each with its line: text, whether it is a word, line."""
        word: str | None = None
        began = 0
        while self._at < len(self._text):
            redirects = _REDIRECTION.match(self._text, self._at)
            operator = next((each for each in _OPERATORS if self._text.startswith(each, self._at)), "")
            char = self._text[self._at]
            if redirects or operator or char.isspace():
                if word is not None and not (redirects and word.isdigit()) and self._is_kept(word):
                    yield word, True, began
                word = None
                if redirects:
                    self._redirect(redirects)
                else:
                    line = self._line
                    self._skip(operator or char)
                    if operator:
                        yield operator, False, line
            elif char == "#" and word is None:
                self._at += len(self._text[self._at :].partition("\n")[0])
            else:
                began = began if word is not None else self._line
                piece = self._piece()
                word = word if piece is None else (word or "") + piece
        if word is not None and self._is_kept(word):
            yield word, True, began

    def _is_kept(self, word: str) -> bool:
        dropped, self._dropped = self._dropped, False
        if dropped and self._heredocs[-1:] == [""]:
            self._heredocs[-1] = word
        return not dropped

    def _redirect(self, match: re.Match[str]) -> None:
        if match["how"] in ("<<", "<<-"):
            self._heredocs.append("")
        self._at, self._dropped = match.end(), True

    def _skip(self, skipped: str) -> None:
        self._at += len(skipped)
        if skipped == "\n":
            self._line, self._dropped = self._line + 1, False
            while self._heredocs and self._at < len(self._text):
                body = self._text[self._at :].partition("\n")[0]
                self._at, self._line = self._at + len(body) + 1, self._line + 1
                if body.strip() == self._heredocs[0]:
                    self._heredocs.pop(0)

    def _piece(self) -> str | None:
        """Read a character of a word, or what is quoted; None of a line's end after which the word goes on."""
        match = _PIECE.match(self._text, self._at)
        piece: str | None = VARIABLE
        if self._text.startswith(("$(", "${"), self._at):
            end = _closing(self._text, self._at)
        elif match is None:
            end, piece = self._at + 1, self._text[self._at]
        else:
            end, piece = match.end(), _meant(match)
        self._line += self._text.count("\n", self._at, end)
        self._at = end
        return piece


def _meant(match: re.Match[str]) -> str | None:
    if match["goes_on"]:
        return None
    if match["single"] is not None:
        return match["single"]
    if match["double"] is not None:
        return re.sub(r"\\(\n|.)", lambda found: "" if found[1] == "\n" else found[1], match["double"])
    return VARIABLE if match["inner"] is not None else match["escaped"]


def _closing(text: str, at: int) -> int:
    """Give where what begins with `$(` or `${` ends."""
    opening, depth = text[at + 1], 0
    closing = ")" if opening == "(" else "}"
    for index in range(at + 1, len(text)):
        depth += (text[index] == opening) - (text[index] == closing)
        if depth == 0:
            return index + 1
    return len(text)


def plain(words: Sequence[str]) -> tuple[tuple[str, ...], list[str]]:
    """Take keywords and assignments off the front; give the rest, and what is typed into PYTEST_ADDOPTS."""
    at, added = 0, []
    while at < len(words) and (words[at] in _KEYWORDS or _ASSIGNMENT.match(words[at]) or words[at] == "env"):
        if words[at].startswith("PYTEST_ADDOPTS="):
            added += words[at].partition("=")[2].split()
        at += 1
    return tuple(words[at:]), added


def name_of(word: str) -> str:
    """Give a program's name without its folder."""
    return re.split(r"[/\\]", word)[-1].removesuffix(".exe").split("@")[0]


def inner_script(words: Sequence[str]) -> str | None:
    """Give the script that a shell is given as an argument, as in `bash -c "..."`."""
    shell = next((index for index, word in enumerate(words) if name_of(word) in _SHELLS), None)
    if shell is None:
        return None
    options = [index for index in range(shell + 1, len(words) - 1) if re.fullmatch(r"-[a-z]*c", words[index])]
    return words[options[0] + 1] if options else None


def script_file(words: Sequence[str]) -> str | None:
    """Give the path of the script that is run, as in `bash scripts/test.sh` and `./test.sh`."""
    if name_of(words[0]) in {*_SHELLS, "source", "."}:
        return next((word for word in words[1:] if not word.startswith("-")), None)
    return words[0] if "/" in words[0] or words[0].endswith(".sh") else None


def pytest_arguments(words: Sequence[str]) -> list[str] | None:
    """Give what is typed after `pytest` by a command that runs tests with it; None if it is another command."""
    if not words or name_of(words[0]) in _OTHERS:
        return None
    for index, word in enumerate(words):
        if index and word in _INSTALLING and name_of(words[0]) not in ("pytest", "py.test"):
            return None
        before = words[index - 1] if index else ""
        if name_of(word).lstrip(VARIABLE) in ("pytest", "py.test") and before not in _TAKES_A_NAME:
            arguments = list(words[index + 1 :])
            return None if _RUNS_NO_TEST & set(arguments) else arguments
    return None
