"""What docs/threat-model.md promises of the code that lands in people's repositories: no shell, no eval, no network."""

from __future__ import annotations

import ast
import base64
import datetime
import hashlib
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from cookiecutter.utils import create_env_with_context  # type: ignore[import-untyped]
from meta_regime.adopting.edits import Plan, Problem
from meta_regime.adopting.writing import FOLDER, undo
from meta_regime.extras._stored_record import RecordError, load_record, save_record
from meta_regime.extras._whole_files import write_whole
from meta_regime.extras.ratchet.baseline import Baseline
from meta_regime.extras.ratchet.judging import _usable
from meta_regime.extras.slowdown.judging import _read as timings_in
from meta_regime.policy import PolicyError, load_policy
from meta_regime.record import SuiteRun
from meta_regime.verdict import Outcome, Verdict, load_standards

from tests.baking import ANSWERS, ROOT

PRODUCT = sorted([*(ROOT / "{{cookiecutter.project_slug}}").rglob("*.py"), *(ROOT / "hooks").glob("*.py")])
# Calls that run text as code, or hand it to a shell, or make objects of bytes.
CALLS = re.compile(
    r"(eval|exec|compile|__import__|os\.(system|popen|exec\w+|spawn\w+|startfile)|pty\.\w+|commands\.\w+"
    r"|subprocess\.(getoutput|getstatusoutput)|asyncio\.create_subprocess_shell"
    r"|(c?[pP]ickle|marshal|shelve|dill|jsonpickle)\.\w+|yaml\.(load|load_all|unsafe_load|full_load)|builtins\.(eval|exec)"
    r"|tempfile\.mktemp|shutil\.unpack_archive|code\.\w+|runpy\.\w+|types\.FunctionType)"
)
NETWORK = {
    "socket",
    "ssl",
    "http",
    "urllib",
    "ftplib",
    "smtplib",
    "xmlrpc",
    "requests",
    "httpx",
    "aiohttp",
    "socketserver",
}


def imports(tree: ast.AST) -> Iterator[tuple[int, str, str]]:
    """Give the line of each import, the name that it makes, and that name in full."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for name in node.names:
                first = name.name.split(".")[0]
                yield node.lineno, name.asname or first, name.name if name.asname else first
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for name in node.names:
                yield node.lineno, name.asname or name.name, f"{node.module}.{name.name}"


def is_dangerous(keyword: ast.keyword) -> bool:
    """Tell whether an argument asks for a shell, or for a parser of YAML that makes any object."""
    is_false = isinstance(keyword.value, ast.Constant) and keyword.value.value is False
    return (keyword.arg == "shell" and not is_false) or (keyword.arg == "typ" and "unsafe" in ast.unparse(keyword))


def dangers(source: str, *, network: bool = False) -> Iterator[str]:
    """Tell of each forbidden call, however its function was imported, and of modules that reach the network."""
    tree = ast.parse(source)
    full: dict[str, str] = {}
    for line, name, whole in imports(tree):
        full[name] = whole
        if not network and whole.split(".")[0] in NETWORK:
            yield f"{line}: import of {whole}"
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            first, _, rest = ast.unparse(node.func).partition(".")
            called = ".".join(filter(None, [full.get(first, first), rest]))
            if CALLS.fullmatch(called) and (first in full or not rest):
                yield f"{node.lineno}: {called}"
            yield from (f"{node.lineno}: {called}({ast.unparse(each)})" for each in node.keywords if is_dangerous(each))


@pytest.mark.parametrize("path", PRODUCT, ids=lambda path: path.name)
def test_no_shell_no_eval_no_pickle_no_network(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    if "tests/meta" not in path.as_posix():  # there is Jinja in it
        source = create_env_with_context({}).from_string(source).render(cookiecutter=ANSWERS)
    kit = "fixtures" in path.parts  # what it makes fast reaches the network; it does not itself
    assert list(dangers(source, network=kit)) == []


@pytest.mark.parametrize(
    "source",
    [
        "import os\nos.system('x')",
        "from os import system as run\nrun('x')",
        "import os as o\no.popen('x')",
        "import subprocess\nsubprocess.run('x', shell=True)",
        "from subprocess import Popen\nPopen('x', shell=bool(1))",
        "import subprocess as s\ns.getoutput('x')",
        "import asyncio\nasyncio.create_subprocess_shell('x')",
        "eval('1')",
        "import builtins\nbuiltins.exec('1')",
        "compile('1', '', 'eval')",
        "import pickle\npickle.loads(b'')",
        "from pickle import load\nload(open('x'))",
        "import marshal as m\nm.loads(b'')",
        "import shelve\nshelve.open('x')",
        "import yaml\nyaml.load('x', Loader=yaml.Loader)",
        "import ruamel.yaml\nruamel.yaml.YAML(typ='unsafe')",
        "import tempfile\ntempfile.mktemp()",
        "import urllib.request",
        "from socket import create_connection",
    ],
)
def test_what_is_forbidden_is_found(source: str) -> None:
    assert len(list(dangers(source))) == 1


def test_what_is_allowed_is_not_found() -> None:
    allowed = "import subprocess, re, json\nsubprocess.run(['x'], shell=False)\nre.compile('x')\njson.loads('1')\n"
    assert list(dangers(allowed + "yaml = YAML()\nyaml.load('x')\nmodel.eval()")) == []


@pytest.mark.skipif(os.name == "nt", reason="making a symbolic link needs a right there")
class TestLinks:
    """A file that reviewers would not see change, since it is a link to another one."""

    @pytest.mark.parametrize("name", ["policy.toml", "known_slow.toml"])
    def test_settings_are_not_read_through_a_link(self, name: str, tmp_path: Path) -> None:
        (tmp_path / "elsewhere.toml").write_text("")
        (tmp_path / "policy.toml").touch()
        (tmp_path / name).unlink(missing_ok=True)
        (tmp_path / name).symlink_to("elsewhere.toml")
        with pytest.raises(PolicyError, match=f"{name} cannot be read: it is a link, a folder or a device"):
            load_standards(tmp_path, datetime.date(2026, 11, 22))

    def test_a_baseline_is_not_read_through_a_link(self, tmp_path: Path) -> None:
        (tmp_path / "theirs.json").write_text("{}")
        (tmp_path / "baseline.json").symlink_to("theirs.json")
        said = _usable(tmp_path / "baseline.json", Baseline(), accept=True)
        assert isinstance(said, Verdict)
        assert said.outcome is Outcome.FAILED
        assert "tests/meta/baseline.json cannot be used: it is a link, a folder or a device" in said.line
        with pytest.raises(OSError, match="it is a link"):
            timings_in(tmp_path / "baseline.json")

    def test_a_record_is_not_read_through_a_link(self, tmp_path: Path) -> None:
        save_record(tmp_path / "1.jsonl", {}, SuiteRun())
        assert load_record(tmp_path / "1.jsonl") == ({}, SuiteRun())
        (tmp_path / "2.jsonl").symlink_to("1.jsonl")
        with pytest.raises(RecordError, match=r"2\.jsonl is no plain file"):
            load_record(tmp_path / "2.jsonl")

    def test_adopting_does_not_follow_a_link_out_of_the_project(self, tmp_path: Path) -> None:
        (tmp_path / "theirs.toml").write_text("[project]\n")
        (tmp_path / "project").mkdir()
        (tmp_path / "project" / "pyproject.toml").symlink_to("../theirs.toml")
        with pytest.raises(Problem, match="outside this project"):
            Plan(tmp_path / "project").change("pyproject.toml", "changed")

    def test_undoing_does_not_write_out_of_the_project(self, tmp_path: Path) -> None:
        (tmp_path / "theirs.txt").write_text("theirs")
        project = tmp_path / "project"
        (project / FOLDER).mkdir(parents=True)
        digest = hashlib.sha256(b"theirs").hexdigest()
        entries = [{"path": "../theirs.txt", "before": base64.b64encode(b"mine").decode(), "after": digest}]
        (project / FOLDER / "journal.json").write_text(json.dumps({"undo": entries}))
        with pytest.raises(Problem, match="outside this project"):
            undo(project)
        assert (tmp_path / "theirs.txt").read_text() == "theirs"

    @pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes")
    def test_a_pipe_is_not_waited_for(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "policy.toml")
        with pytest.raises(PolicyError, match="is a link, a folder or a device"):
            load_policy(tmp_path / "policy.toml")


def test_names_that_are_no_text_are_not_written_but_told(tmp_path: Path) -> None:
    path = tmp_path / "baseline.json"
    path.write_text("as it was")
    with pytest.raises(OSError, match="bytes that are no text"):
        write_whole(path, "\udcff")
    assert [each.name for each in tmp_path.iterdir()] == ["baseline.json"]
    assert path.read_text() == "as it was"
