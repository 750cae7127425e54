"""The same cases for every way to retry of every library there is an adapter for: `Retried` in `retrying_code`."""

from __future__ import annotations

import functools
import importlib
import operator
import pkgutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from meta_regime.fixtures import HookGone, fast_retries, libraries, mocked_retries, retries
from meta_regime.fixtures.patching import Patches
from meta_regime.stopwatch import Clocks

from tests.baking import ROOT
from tests.kit import retrying_code
from tests.kit.retrying_code import Outcome, Retried

META = ROOT / "{{cookiecutter.project_slug}}" / "tests" / "meta"
WITHOUT_WAITING = 0.05  # seconds
ALWAYS = 1_000_000  # attempts that fail
CODE: dict[str, Any] = {}  # by the module's name: the module, or why it could not be imported
for _found in pkgutil.iter_modules(retrying_code.__path__):
    if _found.name.startswith("_"):
        continue
    try:
        CODE[_found.name] = importlib.import_module(f"{retrying_code.__name__}.{_found.name}")
    except ImportError as _why:
        CODE[_found.name] = f"{_found.name}: {_why}"


def of_all(kind: str) -> list[Any]:
    found = []
    for name, code in CODE.items():
        if isinstance(code, str):
            found.append(pytest.param(None, id=name, marks=pytest.mark.skip(reason=code)))
        else:
            found += [pytest.param(one, id=str(one)) for one in getattr(code, kind, [])]
    return found


each_way = pytest.mark.parametrize("retried", of_all("WAYS"))
each_endless_way = pytest.mark.parametrize("retried", of_all("ENDLESS"))
each_code = pytest.mark.parametrize(
    "name", [pytest.param(n, marks=pytest.mark.skip(reason=c) if isinstance(c, str) else []) for n, c in CODE.items()]
)
each_hook = pytest.mark.parametrize(
    ("library", "module"),
    [(one.library, module) for one in libraries.adapters() for module in one.retries],
    ids=str,
)


@functools.cache
def owners_among(modules: frozenset[str]) -> list[Any]:
    """What can be patched: the modules that adapters name, those below them, and the classes that these define."""
    hooks = tuple(f"{name}." for name in libraries._hooks(libraries.RETRIES))
    found: dict[int, Any] = {}
    for name in modules:
        module = sys.modules.get(name)
        if module is not None and f"{name}.".startswith(hooks):
            package = name.partition(".")[0]
            found |= {id(module): module} | {
                id(one): one
                for one in list(vars(module).values())
                if isinstance(one, type) and one.__module__.partition(".")[0] == package
            }
    return list(found.values())


def owners() -> list[Any]:
    return owners_among(frozenset(sys.modules))


def noted(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Any, str, bool]]:
    """Note all that is replaced: for which library, what of what, and whether that makes a difference."""
    found = []
    original = Patches.add

    def add(self: Patches, owner: Any, name: str, value: Any) -> None:
        found.append((self.library, owner, name, vars(owner).get(name) is not value))
        original(self, owner, name, value)

    monkeypatch.setattr(Patches, "add", add)
    return found


@functools.cache
def replaced_among(modules: frozenset[str]) -> list[Any]:  # by what is imported
    """What is patched now, of what can be: a hundredth of it, so that one can look at it after every test."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        found = noted(monkeypatch)
        with fast_retries():
            return list({id(owner): owner for _, owner, _, _ in found}.values())


def everything(of: list[Any] | None = None) -> list[tuple[Any, dict[str, Any]]]:
    return [(owner, dict(vars(owner))) for owner in (owners() if of is None else of)]


def differences(before: list[tuple[Any, dict[str, Any]]]) -> list[str]:
    found, none = [], object()
    for owner, had in before:
        has = vars(owner)
        if had.keys() != has.keys() or any(map(operator.is_not, had.values(), map(has.get, had))):
            for name in {**had, **has}:
                value = has.get(name, none)
                # Libraries import parts of themselves late, and Python keeps what copying an object has taught it.
                grown = name not in had and (isinstance(owner, ModuleType) or name == "__slotnames__")
                grown |= name.startswith("__") and hasattr(owner, "__pydantic_complete__")  # at first use
                if value is not had.get(name, none) and not (grown and not of_the_kit(value)):
                    found.append(f"{owner.__name__}.{name}")
    return found


def of_the_kit(value: Any) -> bool:
    about = getattr(value, "fget", None) or value
    code = getattr(about, "__code__", None)
    return "meta_regime" in f"{type(value).__module__} {code.co_filename if code else ''}"


@pytest.fixture(autouse=True, scope="module")
def nothing_at_all_left_behind() -> Iterator[None]:
    before = everything()
    yield
    assert differences(before) == []


@pytest.fixture(autouse=True)
def nothing_left_behind() -> Iterator[None]:
    before = everything(replaced_among(frozenset(sys.modules)))
    yield
    assert differences(before) == []
    assert not retries._at_work


@pytest.fixture(autouse=True)
def nothing_waited(request: pytest.FixtureRequest) -> Iterator[None]:
    """The waits of the code are seconds long. Computing, or queueing on a crowded machine, is not waiting."""
    began = blocked()
    yield
    if "slow" not in request.fixturenames:
        assert blocked() - began < WITHOUT_WAITING


def blocked() -> float:
    return Clocks.wall() - Clocks.process() - Clocks.queued()


@pytest.fixture
def slow() -> None:
    """For a test that has something else to do than to wait."""


def works(outcome: Outcome, attempts: int) -> None:
    assert outcome.attempts == attempts
    assert outcome.error is None


# The semantics.


@each_way
def test_its_own_attempts_are_made_and_its_waits_noted(retried: Retried) -> None:
    with mocked_retries() as heard:
        outcome = retried.run(ALWAYS)
    assert outcome.attempts == retried.attempts
    assert outcome.error is not None
    if retried.waits is None:
        assert len(heard.waits) == retried.attempts - 1
    else:
        assert heard.waits == pytest.approx(retried.waits, abs=0.05)


@each_way
@pytest.mark.parametrize("attempts", [1, 2, 3, 4, 9])
def test_no_more_attempts_than_allowed_nor_than_its_own(retried: Retried, attempts: int) -> None:
    with mocked_retries():
        left_alone = retried.run(ALWAYS)
    with fast_retries(attempts=attempts) as heard:
        outcome = retried.run(ALWAYS)
    assert outcome.attempts == min(attempts, retried.attempts)
    assert type(outcome.error) is type(left_alone.error)
    assert len(heard.waits) <= outcome.attempts


@each_way
@pytest.mark.parametrize("mode", [mocked_retries, lambda: fast_retries(attempts=9)], ids=["mocked", "fast"])
def test_it_works_at_the_nth_attempt(retried: Retried, mode: Callable[[], AbstractContextManager[Any]]) -> None:
    for attempt in range(1, retried.attempts + 1):
        with mode():
            works(retried.run(attempt - 1), attempt)


@each_way
def test_one_that_works_asks_for_nothing(retried: Retried) -> None:
    with fast_retries() as heard:
        works(retried.run(0), 1)
    assert heard.waits == []


@each_way
def test_the_inner_block_wins_and_the_outer_is_back(retried: Retried) -> None:
    with fast_retries(attempts=2):
        with fast_retries(attempts=1):
            assert retried.run(ALWAYS).attempts == 1
        with mocked_retries() as heard:
            assert retried.run(ALWAYS).attempts == min(2, retried.attempts)
        assert len(heard.waits) <= min(2, retried.attempts) - 1  # not all wait before the first retry
        with fast_retries(attempts=3):
            assert retried.run(ALWAYS).attempts == min(3, retried.attempts)
        assert retried.run(ALWAYS).attempts == min(2, retried.attempts)
    with mocked_retries():
        assert retried.run(ALWAYS).attempts == retried.attempts


@each_way
def test_blocks_left_in_either_order(retried: Retried) -> None:
    outer, inner = fast_retries(attempts=1), fast_retries(attempts=2)
    outer.__enter__()
    inner.__enter__()
    outer.__exit__(None, None, None)
    assert retried.run(ALWAYS).attempts == min(2, retried.attempts)
    inner.__exit__(None, None, None)
    with mocked_retries():
        assert retried.run(ALWAYS).attempts == retried.attempts


@each_way
def test_after_a_failing_test_all_is_as_before(retried: Retried) -> None:
    before = everything(replaced_among(frozenset(sys.modules)))

    def failing_test() -> None:
        with fast_retries():
            retried.run(ALWAYS)
            raise BrokenError

    with pytest.raises(BrokenError):
        failing_test()
    assert differences(before) == []


@each_way
def test_threads(retried: Retried, slow: None) -> None:
    with fast_retries(attempts=2), ThreadPoolExecutor(4) as pool:
        outcomes = list(pool.map(lambda _: retried.run(ALWAYS), range(8)))
    assert {outcome.attempts for outcome in outcomes} == {min(2, retried.attempts)}
    with mocked_retries() as heard, ThreadPoolExecutor(4) as pool:
        outcomes = list(pool.map(lambda _: retried.run(ALWAYS), range(8)))
    assert {outcome.attempts for outcome in outcomes} == {retried.attempts}
    assert len(heard.waits) == 8 * len(retried.waits if retried.waits is not None else range(retried.attempts - 1))


@each_endless_way
def test_one_without_end(retried: Retried, slow: None) -> None:
    with fast_retries(attempts=3):
        assert retried.run(ALWAYS).attempts == 3
    with mocked_retries():
        works(retried.run(6), 7)
    does_not_stop = "has asked for 1001 waits in this test, and does not stop"
    with pytest.raises(pytest.fail.Exception, match=does_not_stop), mocked_retries():
        retried.run(ALWAYS)


# What is reached, and what is left behind.

LATE = """
import sys
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
        if "meta_regime" in type(value).__module__ or "meta_regime" in str(getattr(value, "__code__", ""))]
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
                assert retries_version(library) in said
                assert f".{name}," in said
            assert not retries._at_work
        assert differences(before) == []
    assert silent == []


def retries_version(library: str) -> str:
    return importlib.import_module("meta_regime.fixtures.patching").version(library)  # type: ignore[no-any-return]


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


# Misuse.


@pytest.mark.parametrize("attempts", [0, -1, 1.5, True, "2", None])
def test_a_number_that_is_none(attempts: Any) -> None:
    with pytest.raises(ValueError, match="attempts must be 1 or more, counting the first"), fast_retries(attempts):
        pass


# The kit by itself.


def test_time_does_not_pass_for_other_threads() -> None:
    seen = []
    with mocked_retries() as heard:
        start = retries.skipped()
        retries.waited(30, "a library")
        thread = threading.Thread(target=lambda: seen.append(retries.skipped()))
        thread.start()
        thread.join()
        assert retries.skipped() - start == 30
    assert seen == [0]
    assert heard.waits == [30]
    assert repr(heard) == "<retries: attempts as the code has them, waits [30]>"
    with mocked_retries():
        assert retries.skipped() == 0


def test_every_adapter_says_on_what_it_was_tried() -> None:
    for path in sorted(Path(libraries.__file__).with_name("adapters").glob("[!_]*.py")):
        module = importlib.import_module(f"{libraries.__package__}.adapters.{path.stem}")
        assert "Tried on" in (module.__doc__ or ""), path.name
