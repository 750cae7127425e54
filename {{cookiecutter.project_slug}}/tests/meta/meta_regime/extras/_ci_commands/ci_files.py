"""Reads what CI is told to do out of its files: scripts, with what is said of the steps and jobs that they stand in."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from .yaml_text import Node, read_yaml, text_at

# Where files of CI lie, and how they are read: by `_READERS`.
PLACES = (
    *((f".github/workflows/*.{end}", "github") for end in ("yml", "yaml")),
    (".gitlab-ci.yml", "gitlab"),
    (".circleci/config.yml", "circleci"),
    *((f"{name}.{end}", "azure") for name in ("azure-pipelines", ".azure-pipelines") for end in ("yml", "yaml")),
    (".azure-pipelines/*.yml", "azure"),
    ("Jenkinsfile", "jenkins"),
    (".travis.yml", "travis"),
    *((name, "other") for name in (".appveyor.yml", "appveyor.yml", "bitbucket-pipelines.yml", "buildspec.yml")),
    *((name, "other") for name in (".cirrus.yml", ".drone.yml", ".woodpecker.yml", ".woodpecker/*.yml")),
)
_SCRIPTS = {"script", "run", "command", "commands", "bash", "sh", "before_script", "after_script", "test_script"}
_NO_PIPEFAIL = {"azure", "jenkins", "travis"}  # of the others it is on, or not known
_RESERVED = {"include", "variables", "workflow", "stages", "spec", "image", "services", "cache", "pages:deploy"}
_SH = re.compile(r"""\b(?:sh|bat)\b\s*\(?\s*(?:script\s*:\s*)?('{3}|"{3}|'|")(.*?)\1""", re.DOTALL)


@dataclass(frozen=True)
class Script:
    """What a shell is given. `pipefail` is whether a pipe fails with its first command, or it cannot be told.

    `ignored` is the setting by which its failure fails nothing, `idle` why it does not run by itself.
    """

    file: str
    line: int
    text: str
    pipefail: bool = True
    ignored: str = ""
    idle: str = ""


@dataclass
class Read:
    """What a file says: scripts, other files that belong to it, and what cannot be looked into from here."""

    scripts: list[Script] = field(default_factory=list)
    files: list[tuple[str, str]] = field(default_factory=list)  # a glob, and how it is read
    opaque: list[str] = field(default_factory=list)


def read_ci_file(name: str, kind: str, text: str) -> Read:
    """Read one file. Raises `YamlError`."""
    read = Read()
    if kind == "jenkins":
        for match in _SH.finditer(text):
            line = text.count("\n", 0, match.start(2)) + 1
            read.scripts.append(Script(name, line, match[2], pipefail=False))
        return read
    _READERS[kind](name, read_yaml(text), read)
    return read


def _github(name: str, root: Node, read: Read) -> None:
    triggers = root.get("on")
    names = list(triggers.value) if triggers and isinstance(triggers.value, dict) else []
    names = names or [item.text for item in (triggers.items if triggers else [])]
    idle = "it is started by hand only" if names == ["workflow_dispatch"] else ""
    jobs = root.get("jobs")
    for job in jobs.value.values() if jobs is not None and isinstance(jobs.value, dict) else ():
        if _is_off(job):
            continue
        used = text_at(job, "uses")
        if used and not used.startswith("./"):
            read.opaque.append(f"{name}:{job.line}: {used}")
        shell = text_at(job, "defaults", "run", "shell") or text_at(root, "defaults", "run", "shell")
        if not shell and text_at(job, "runs-on").startswith("windows"):
            shell = "pwsh"
        _github_steps(job.get("steps"), read, Script(name, 0, shell, True, _ignored(job, "continue-on-error"), idle))
    _github_steps(root.get("runs", "steps"), read, Script(name, 0, ""))  # an action of the project's own


def _github_steps(steps: Node | None, read: Read, job: Script) -> None:
    """Read the steps of a job, whose text is the name of its shell."""
    for step in steps.items if steps is not None else ():
        script, used = step.get("run"), text_at(step, "uses")
        if _is_off(step):
            continue
        if used.startswith("./"):
            read.files += [(f"{used[2:]}/action.yml", "github"), (f"{used[2:]}/action.yaml", "github")]
        elif any(word in used.partition("@")[0] for word in ("pytest", "tox", "cibuildwheel")):
            read.opaque.append(f"{job.file}:{step.line}: {used}")
        shell = text_at(step, "shell") or job.text
        if script is not None and script.text and not shell.startswith("python"):
            ignored = _ignored(step, "continue-on-error") or job.ignored
            read.scripts.append(Script(job.file, script.line, script.text, _has_pipefail(shell), ignored, job.idle))


def _has_pipefail(shell: str) -> bool:
    """Tell whether GitHub's shell has it on: `bash` has if it is named, and not if it is the default."""
    return shell == "bash" or "pipefail" in shell or shell.startswith(("pwsh", "powershell", "cmd", "$"))


def _is_off(node: Node) -> bool:
    return re.sub(r"[${}\s]", "", text_at(node, "if")) == "false"


def _ignored(node: Node, *keys: str) -> str:
    return next((f"{key}: true" for key in keys if text_at(node, key) == "true"), "")


def _gitlab(name: str, root: Node, read: Read) -> None:
    _gitlab_includes(name, root.get("include"), read)
    for key, job in root.value.items():
        if key in _RESERVED or not isinstance(job.value, dict):
            continue
        _gitlab_includes(name, job.get("trigger", "include"), read)
        ignored = _ignored(job, "allow_failure")
        idle = "it is started by hand only" if text_at(job, "when") == "manual" else ""
        idle = "it never runs" if text_at(job, "when") == "never" else idle
        for part in ("before_script", "script", "after_script"):
            # GitLab's runner switches pipefail on in every shell that has it.
            read.scripts += [Script(name, line, text, True, ignored, idle) for line, text in _texts(job.get(part))]


def _gitlab_includes(name: str, node: Node | None, read: Read) -> None:
    for item in node.items if node is not None else ():
        local = text_at(item, "local") or item.text
        if local and "://" not in local:
            read.files.append((local.lstrip("/"), "gitlab"))
        elif not text_at(item, "template"):
            read.opaque.append(f"{name}:{item.line}: it includes a file of another project")


def _texts(node: Node | None) -> Iterator[tuple[int, str]]:
    """Yield the texts of a script: one, or a list of them, in lists where others were put in."""
    for item in node.items if node is not None else ():
        if isinstance(item.value, list):
            yield from _texts(item)
        elif item.text:
            yield item.line, item.text


def _by_keys(kind: str) -> Callable[[str, Node, Read], None]:
    """Take for scripts whatever stands below a key that says so."""

    def walk(name: str, node: Node, read: Read, ignored: str = "") -> None:
        if isinstance(node.value, list):
            for item in node.value:
                walk(name, item, read, ignored)
        elif isinstance(node.value, dict):
            ignored = _ignored(node, "continueOnError", "continue-on-error", "allow_failure") or ignored
            for key, value in node.value.items():
                if key == "template" and value.text and "@" not in value.text:
                    folder = name.rpartition("/")[0]
                    read.files.append((f"{folder}/{value.text}".lstrip("/"), kind))
                elif key in {"template", "orbs"}:
                    read.opaque.append(f"{name}:{value.line}: {key}")
                if key in _SCRIPTS:
                    scripts = [
                        Script(name, line, text, kind not in _NO_PIPEFAIL, ignored) for line, text in _texts(value)
                    ]
                    read.scripts += scripts
                walk(name, value, read, ignored)

    return walk


_READERS: dict[str, Callable[[str, Node, Read], None]] = {
    "github": _github,
    "gitlab": _gitlab,
    **{kind: _by_keys(kind) for kind in ("circleci", "azure", "travis", "other")},
}
