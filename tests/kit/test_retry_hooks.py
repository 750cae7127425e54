"""What is taken hold of while retries are fast: reached wherever it is, named when it is gone, and put back."""

from __future__ import annotations

import subprocess
import sys
import threading
from contextlib import AbstractContextManager, suppress
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from meta_regime.fixtures import HookGone, fast_retries, libraries, mocked_retries, retries
from meta_regime.fixtures.patching import Patches, version

from tests.baking import ROOT
from tests.kit.every_retry import each_code, each_hook
from tests.kit.replaced import differences, everything, noted, owners, replaced_among

META = ROOT / "{{cookiecutter.project_slug}}" / "tests" / "meta"
pytestmark = pytest.mark.usefixtures("nothing_at_all_left_behind", "nothing_left_behind", "nothing_waited")
LATE = """
import sys
import types
from meta_regime.fixtures import fast_retries, libraries, mocked_retries
from tests.kit.retrying_code import Retried

asked = set(libraries._hooks(libraries.RETRIES)) & set(sys.modules)
with {block} as heard:
    from tests.kit.retrying_code.{name} import WAYS
    outcomes = [(str(one), one.run(1_000_000).attempts, {expected}) for one in WAYS]
assert WAYS and not asked, asked  # else it was not late
assert not [outcome for outcome in outcomes if outcome[1] != outcome[2]], outcomes
hooks = set(libraries._hooks(libraries.RETRIES))
assert hooks & set(sys.modules)
left = [f"{{owner}}.{{name}}" for hook in hooks & set(sys.modules)
        for owner in [sys.modules[hook], *(c for c in list(vars(sys.modules[hook]).values()) if isinstance(c, type))]
        for name, value in list(vars(owner).items())
        if "meta_regime" in type(value).__module__
        or isinstance(value, types.FunctionType | types.MethodType) and "meta_regime" in str(value.__code__)]
assert not left, left
assert not any("_TellingLoader" in repr(getattr(module, "__loader__", "")) for module in sys.modules.values())
"""


@each_code
@pytest.mark.parametrize(
    ("block", "expected"), [("fast_retries(attempts=2)", "min(2, one.attempts)"), ("mocked_retries()", "one.attempts")]
)
def test_a_library_imported_after_the_block_began(name: str, block: str, expected: str, slow: None) -> None:
    script = LATE.format(name=name, block=block, expected=expected)
    path = f"import sys; sys.path[:0] = [{str(META)!r}, {str(ROOT)!r}]\n"
    ended = subprocess.run(
        [sys.executable, "-c", path + script], capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.returncode == 0, ended.stderr


def test_all_that_is_replaced_is_looked_at_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else "nothing is left behind" would say nothing."""
    found, known = noted(monkeypatch), {id(owner) for owner in owners()}
    with fast_retries():
        assert found
    assert [(library, name) for library, owner, name, _ in found if id(owner) not in known] == []


def test_left_behind_would_be_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    found = noted(monkeypatch)
    before = everything()
    with fast_retries():
        changed = differences(before)
    assert set(changed) >= {f"{owner.__name__}.{name}" for _, owner, name, differs in found if differs}


def test_each_hook_that_is_gone_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """One after the other: what an adapter takes hold of is deleted, as a new version of the library might."""
    found = noted(monkeypatch)
    with fast_retries():
        pass
    hooks = [
        (library, owner, name) for library, owner, name, _ in found if name in vars(owner)
    ]  # not what is only added
    assert hooks
    silent = []
    for library, owner, name in hooks:
        before = everything([owner])
        with monkeypatch.context() as gone:
            try:
                gone.delattr(owner, name)
            except (AttributeError, TypeError):
                continue
            if hasattr(owner, name):  # it is inherited, too
                continue
            try:
                with fast_retries():
                    silent.append(f"{library}: {owner} {name}")
            except HookGone as error:
                said = str(error)
                assert library in said
                assert version(library) in said
                assert f".{name}," in said
            assert not retries._at_work
        assert differences(before) == []
    assert silent == []


@each_hook
def test_a_module_that_is_gone_is_named(library: str, module: str, monkeypatch: pytest.MonkeyPatch, slow: None) -> None:
    """A new version of a library might move the whole module. Then the hook would never be called."""
    adapter = next(one for one in libraries.adapters() if one.library == library)
    package = module.rpartition(".")[0]
    if not package or package not in sys.modules or module in adapter.in_some_versions:
        pytest.skip("a module of its own, not imported, or one that not every version has")
    moved = SimpleNamespace(**{**vars(adapter), "retries": {f"{package}.moved": print}})
    monkeypatch.setattr(libraries, "_adapters", [moved])
    monkeypatch.setattr(libraries, "_by_purpose", {})
    monkeypatch.setattr(libraries, "_packages", {})
    with pytest.raises(HookGone, match=rf"{library} .* it has no {package}\.moved, which"), fast_retries():
        pass


def test_an_error_while_replacing_leaves_nothing_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    def hook(module: ModuleType, patches: Patches) -> None:
        patches.replace(module, "gone", None)

    adapter = libraries.Adapter(library="pytest", retries={"pytest": hook})
    monkeypatch.setattr(libraries, "_adapters", [*libraries.adapters(), adapter])
    monkeypatch.setattr(libraries, "_by_purpose", {})
    monkeypatch.setattr(libraries, "_packages", {})
    before = everything()
    with (
        pytest.raises(HookGone, match=rf"pytest {pytest.__version__} .* it has no pytest\.gone, which"),
        fast_retries(),
    ):
        pass
    assert differences(before) == []
    assert not retries._at_work


class BrokenError(Exception):
    pass


BLOCKS = st.recursive(
    st.sampled_from(["pass", "fail"]),
    lambda inner: st.lists(
        st.tuples(st.sampled_from(["fast 1", "fast 3", "mocked", "crossed"]), inner), min_size=1, max_size=4
    ),
    max_leaves=8,
)


def block(name: str) -> AbstractContextManager[Any]:
    return mocked_retries() if name == "mocked" else fast_retries(attempts=int(name.split()[1]))


def play(what: Any) -> None:
    if what == "fail":
        raise BrokenError
    if what == "pass":
        return
    for name, inner in what:
        if name == "crossed":  # left in the order in which they were entered
            first, second = block("fast 1"), block("mocked")
            first.__enter__()
            second.__enter__()
            first.__exit__(None, None, None)
            try:
                play(inner)
            finally:
                second.__exit__(None, None, None)
        else:
            with block(name):
                play(inner)


@settings(max_examples=1_000)
@given(BLOCKS)
def check_any_sequence(what: Any) -> None:
    before = everything(replaced_among(frozenset(sys.modules)))
    with suppress(BrokenError):
        play(what)
    assert differences(before) == []


def test_any_sequence_of_blocks_and_failing_bodies_leaves_nothing_behind(slow: None) -> None:
    check_any_sequence()


def test_threads_that_enter_and_leave_at_once(slow: None) -> None:
    errors: list[BaseException] = []

    def work() -> None:
        try:
            for _ in range(50):
                with fast_retries():
                    assert retries.allowed() == 1
        except BaseException as error:
            errors.append(error)

    workers = [threading.Thread(target=work) for _ in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert errors == []
