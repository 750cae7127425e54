"""Tests that do to their own process, and to the project, what no test should do."""

from __future__ import annotations

from real.faults.catalogue import fault
from real.faults.ground import JUDGING, Trial

_ANY = (*JUDGING, "shard")
_OS_EXIT = "whoever ends the process by os._exit(0) ends pytest with it; `pytest tests/meta` catches it"
_FORGETS = "import sys\nfor name in list(sys.modules):\n    if name.startswith('{}'):\n        del sys.modules[name]"
_EVERY = "import glob\nfor name in glob.glob('tests/meta/{}', recursive=True):\n    "

# By name: the body of the test, and what it explains.
_BODIES: dict[str, tuple[str, set[str]]] = {
    "changes the folder, and stays": ("import os, tempfile\nos.chdir(tempfile.gettempdir())", set()),
    "changes into a folder, and deletes it": (
        "import os, tempfile\npath = tempfile.mkdtemp()\nos.chdir(path)\nos.rmdir(path)",
        {"status", "traceback"},
    ),
    "deletes .coverage": (
        "import os\nfor name in os.listdir('.'):\n    if name.startswith('.coverage'):\n        os.unlink(name)",
        {"status"},
    ),
    "forks, and the child exits": (
        "import os\npid = os.fork()\nif not pid:\n    os._exit(0)\nos.waitpid(pid, 0)",
        set(),
    ),
    "forks, and the child goes on": (
        "import os\npid = os.fork()\nif pid:\n    os.waitpid(pid, 0)",
        {"status", "accusation"},
    ),
    "forks, and the child raises": (
        "import os\npid = os.fork()\nif not pid:\n    raise ValueError('in the child')\nos.waitpid(pid, 0)",
        {"status", "accusation"},
    ),
    "exhausts the stack": ("def deeper(): deeper()\ntry:\n    deeper()\nexcept RecursionError:\n    pass", set()),
    "fails by exhausting the stack": ("def deeper(): deeper()\ndeeper()", {"accusation"}),
    "sets the recursion limit to 60": ("import sys\nsys.setrecursionlimit(120)", {"status", "traceback", "accusation"}),
    "leaves a thread that computes": (
        (
            "import threading, time\ndef work():\n    end = time.time() + 3\n    while time.time() < end: pass\n"
            "threading.Thread(target=work, daemon=True).start()"
        ),
        set(),
    ),
    "leaves a thread that raises": (
        "import threading, warnings\nwarnings.simplefilter('ignore')\nthreading.Thread(target=lambda: 1 / 0).start()",
        set(),
    ),
    "replaces sys.stdout": ("import io, sys\nsys.stdout = sys.__stdout__ = io.StringIO()", set()),
    "sets sys.stdout and sys.stderr to None": ("import sys\nsys.stdout = sys.stderr = None", set()),
    "closes sys.stdout": ("import sys\nsys.stdout.close()", {"status", "traceback", "accusation"}),
    "stops time.time": ("import time\ntime.time = lambda: 0.0", set()),
    "lets all clocks run backwards": (
        (
            "import time\nstart = time.perf_counter()\nback = lambda: start - 1e6\n"
            "time.time = time.monotonic = time.perf_counter = time.process_time = time.thread_time = back"
        ),
        set(),
    ),
    "lets clocks raise": (
        (
            "import time\ndef broken(*_): raise OSError('no clock')\n"
            "time.time = time.monotonic = time.perf_counter = time.time_ns = broken"
        ),
        {"status", "traceback", "accusation"},
    ),
    "makes time.sleep endless": ("import time\ntime.sleep = lambda seconds: 1 / 0", {"accusation"}),
    "leaves frozen time (freezegun)": ("import freezegun\nfreezegun.freeze_time('1999-12-31').start()", set()),
    "patches datetime": ("import datetime\ndatetime.date = datetime.datetime = None", {"status", "traceback"}),
    "replaces open": ("import builtins\nbuiltins.open = lambda *a, **k: 1 / 0", {"status", "traceback"}),
    "replaces json.dumps and json.loads": ("import json\njson.dumps = json.loads = lambda *a, **k: '[]'", {"status"}),
    "replaces os.replace and Path.replace": (
        "import os, pathlib\nos.replace = os.rename = lambda *a: None\npathlib.Path.replace = lambda *a: None",
        {"temporary", "status"},
    ),
    "replaces Path.write_text and read_text": (
        "import pathlib\npathlib.Path.write_text = pathlib.Path.read_text = lambda *a, **k: ''",
        {"status", "traceback", "accusation"},  # the baseline is said to be no JSON
    ),
    "replaces subprocess.run and Popen": (
        "import subprocess\nsubprocess.run = subprocess.Popen = lambda *a, **k: None",
        {"status", "traceback"},
    ),
    "replaces len and sorted": (
        "import builtins\nbuiltins.sorted = lambda *a, **k: []",
        {"status", "traceback", "accusation"},
    ),
    "switches coverage off (sys.settrace)": (
        "import sys, threading\nsys.settrace(None)\nthreading.settrace(None)",
        set(),
    ),
    "switches coverage off (sys.monitoring)": (
        (
            "import sys\nif hasattr(sys, 'monitoring'):\n"
            "    for tool in range(6):\n        sys.monitoring.free_tool_id(tool)\n"
            "sys.settrace(None)"
        ),
        set(),
    ),
    "stops coverage.py itself": (
        "import coverage\ncurrent = coverage.Coverage.current()\nif current:\n    current.stop()",
        {"status"},
    ),
    "erases coverage.py's data": (
        "import coverage\ncurrent = coverage.Coverage.current()\nif current:\n    current.erase()",
        {"status"},
    ),
    "sets a profiler": ("import sys\nsys.setprofile(lambda *a: None)", set()),
    "empties os.environ": ("import os\nos.environ.clear()", set()),
    "takes CI out of the environment": ("import os\nos.environ.pop('CI', None)", set()),
    "puts CI into the environment": ("import os\nos.environ['CI'] = 'true'", set()),
    "raises SystemExit(0)": ("raise SystemExit(0)", {"accusation"}),
    "raises KeyboardInterrupt": ("raise KeyboardInterrupt", {"status"}),
    "raises BaseException": ("raise BaseException('any')", {"accusation", "status"}),
    "raises GeneratorExit": ("raise GeneratorExit", {"accusation", "status"}),
    "calls pytest.exit with status 0": ("import pytest\npytest.exit('enough', 0)", {"status"}),
    "sends SIGTERM to the process group": ("import os, signal\nos.killpg(0, signal.SIGTERM)", {"status", "temporary"}),
    "sends SIGKILL to the process group": ("import os, signal\nos.killpg(0, signal.SIGKILL)", {"status", "temporary"}),
    "sends SIGINT to itself": ("import os, signal\nos.kill(os.getpid(), signal.SIGINT)", {"status"}),
    "crashes (SIGSEGV)": ("import ctypes\nctypes.string_at(0)", {"status", "accusation"}),
    "aborts": ("import os\nos.abort()", {"status", "accusation"}),
    "ignores SIGTERM and SIGINT": (
        "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nsignal.signal(signal.SIGINT, signal.SIG_IGN)",
        set(),
    ),
    "ends the process with os._exit(1)": ("import os\nos._exit(1)", {"status"}),
    "closes the descriptors 0 to 2": (
        "import os\nfor number in range(3):\n    os.close(number)",
        {"status", "traceback", "accusation"},
    ),
    "closes all descriptors": ("import os\nos.closerange(0, 1000)", {"status", "traceback", "accusation"}),
    "closes all descriptors from 3 on": ("import os\nos.closerange(3, 1000)", {"status", "traceback", "accusation"}),
    "limits the size of files to nothing": (
        "import resource\nresource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))",
        {"status", "traceback", "accusation"},
    ),
    "sets umask 777": ("import os\nos.umask(0o777)", set()),
    "forbids garbage collection, and leaks": ("import gc\ngc.disable()\nloop = []\nloop.append(loop)", set()),
    "empties sys.path": ("import sys\nsys.path.clear()", {"status", "traceback", "accusation"}),
    "empties sys.modules of coverage": (
        _FORGETS.format("coverage"),
        {"status", "traceback", "accusation"},
    ),
    "empties sys.modules of the regime": (
        _FORGETS.format("meta_regime"),
        {"status", "traceback", "accusation"},
    ),
    "prints bytes that are no text": (
        "import os\nos.write(1, bytes(range(256)) * 50)\nos.write(2, b'\\xff\\xfe' * 50)",
        set(),
    ),
    "prints 20 megabytes": ("print('x' * 20_000_000)", set()),
    "prints what looks like a verdict": (
        "import os\nos.write(1, b'PASSED      Total coverage is 100.00 %, the minimum is 80 %.\\n')",
        set(),
    ),
    "leaves a server running": (
        (
            "import subprocess, sys\n"
            "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(3)'], stdout=subprocess.DEVNULL)"
        ),
        set(),
    ),
    "sets the locale": ("import locale\nlocale.setlocale(locale.LC_ALL, 'C')", set()),
    "turns warnings into errors": ("import warnings\nwarnings.simplefilter('error')", set()),
    "sets a decimal context that traps": (
        "import decimal\ndecimal.getcontext().prec = 1\ndecimal.getcontext().traps[decimal.Inexact] = True",
        set(),
    ),
    "leaves a temporary folder": ("import tempfile\ntempfile.mkdtemp()", set()),
    "sets tempfile.tempdir to nowhere": ("import tempfile\ntempfile.tempdir = '/nowhere'", {"status"}),
    "turns the log into an error": ("import logging\nlogging.raiseExceptions = True\nlogging.disable(50)", set()),
}


_AS_ONE = "under xdist both are one worker, and wait for each other without the regime, too"
_KNOWN = dict.fromkeys(("forks, and the child goes on", "forks, and the child raises"), _AS_ONE)


def _does(name: str, body: str, forgives: set[str]) -> None:
    ways = _ANY if name.startswith(("closes", "ends", "sends")) else JUDGING

    @fault("tests that misbehave", f"a test {name}", ways, known=_KNOWN.get(name, ""))
    def make(trial: Trial) -> None:
        trial.test(body)
        trial.forgives |= forgives


for _name, (_body, _forgives) in _BODIES.items():
    _does(_name, _body, _forgives)


@fault("tests that misbehave", "a test ends the process with os._exit(0)", _ANY, known=_OS_EXIT)
def exits(trial: Trial) -> None:
    """End with success in the middle."""
    trial.test("import os\nos._exit(0)")
    trial.forgives |= {"status"}


@fault("tests that misbehave", "a test registers os._exit(0) for the end of the process", JUDGING, known=_OS_EXIT)
def exits_late(trial: Trial) -> None:
    """End with success at the end."""
    trial.test("import atexit, os\natexit.register(os._exit, 0)")
    trial.forgives |= {"status"}


@fault("tests that misbehave", "a test hangs", ("child run",), trials=2)
def hangs(trial: Trial) -> None:
    """Never end; the child run's time limit is a minute."""
    trial.test("import time\ntime.sleep(100_000)")
    trial.expected = ("did not end within",)
    trial.forgives |= {"accusation"}
    trial.red = True


@fault("tests that misbehave", "a test hangs, deaf to every signal", ("child run",), trials=2)
def hangs_deaf(trial: Trial) -> None:
    """Never end, and start somebody who is as deaf."""
    trial.test(
        "import os, signal, time\nfor number in range(1, 32):\n    if number not in (9, 19, 17):\n"
        "        signal.signal(number, signal.SIG_IGN)\nos.fork()\ntime.sleep(100_000)"
    )
    trial.expected = ("did not end within",)
    trial.forgives |= {"accusation"}
    trial.red = True


_LOSES = {
    "a test deletes tests/meta": "import shutil\nshutil.rmtree('tests/meta')",
    "a test deletes policy.toml": "import os\nos.unlink('tests/meta/policy.toml')",
    "a test deletes baseline.json": "import os\nos.unlink('tests/meta/baseline.json')",
    "a test deletes the verdict tests": f"import os\n{_EVERY.format('test_*')}os.unlink(name)",
    "a test deletes .git": "import shutil\nshutil.rmtree('.git')",
    "a test deletes the sources": "import shutil\nshutil.rmtree('src')",
    "a test deletes .pytest_cache": "import shutil\nshutil.rmtree('.pytest_cache')",
    "a test deletes TMPDIR": "import os, shutil\nshutil.rmtree(os.environ['TMPDIR'])",
    "a test writes nonsense into policy.toml": "open('tests/meta/policy.toml', 'w').write('=')",
    "a test writes nonsense over the regime's modules": (
        _EVERY.format("meta_regime/**/*.py") + "open(name, 'w').write('=')"
    ),
}


def _loses(name: str, body: str) -> None:
    @fault("tests that misbehave", name, JUDGING)
    def make(trial: Trial) -> None:
        trial.test(body)
        trial.forgives |= {"accusation", "status", "traceback"}
        trial.changes.add("*")  # that files are lost is the test's doing
        trial.red = "deletes tests/meta" in name or "policy" in name


for _name, _body in _LOSES.items():
    _loses(_name, _body)
