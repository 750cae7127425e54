"""`virtual_time` where nothing is asynchronous: sleeping, who slept, the guard, what is put back."""

from __future__ import annotations

import datetime
import importlib
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from types import ModuleType
from typing import Any

import freezegun
import pytest
from freezegun import freeze_time
from meta_regime.fixtures import clock as kit
from meta_regime.fixtures.clock import RunawaySleep, VirtualClock, active, virtual_time
from meta_regime.stopwatch import Clocks

HOUR = 3600
META = Path(kit.__file__).resolve().parents[3]


class Real:
    """In a class: the module's names are rebound, as any project's."""

    sleep = staticmethod(time.sleep)
    monotonic = staticmethod(time.monotonic)


@pytest.fixture
def virtual_clock() -> Iterator[VirtualClock]:
    with virtual_time() as clock:
        yield clock


@pytest.fixture
def module(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Callable[..., ModuleType]:
    def write(name: str, text: str) -> ModuleType:
        (tmp_path / f"{name}.py").write_text(text)
        importlib.invalidate_caches()
        request.addfinalizer(lambda: sys.modules.pop(name, None))
        return importlib.import_module(name)

    monkeypatch.syspath_prepend(tmp_path)
    return write


def test_sleeping_moves_every_clock_and_costs_nothing() -> None:
    really = Clocks.wall()
    with virtual_time() as clock:
        before = datetime.datetime.now(datetime.UTC), time.time(), time.monotonic(), time.perf_counter(), time.time_ns()
        time.sleep(HOUR)
        assert datetime.datetime.now(datetime.UTC) - before[0] == datetime.timedelta(hours=1)
        assert [time.time() - before[1], time.monotonic() - before[2], time.perf_counter() - before[3]] == [HOUR] * 3
        assert time.time_ns() - before[4] == pytest.approx(HOUR * 1e9)
        assert [sleep.seconds for sleep in clock.sleeps] == [HOUR]
    assert Clocks.wall() - really < 60


def test_without_the_clock_nothing_moves_by_itself() -> None:
    began = Clocks.wall()
    with freeze_time():
        before = time.monotonic()
        time.sleep(0.05)
        assert time.monotonic() == before
    assert Clocks.wall() - began >= 0.05


def test_time_is_frozen_at_now_and_goes_on_from_where_the_clocks_were() -> None:
    monotonic, now = time.monotonic(), time.time()
    with virtual_time():
        assert 0 <= time.monotonic() - monotonic < 5
        assert abs(time.time() - now) < 5
        frozen = time.time(), time.monotonic(), time.perf_counter()
        Real.sleep(0.01)
        assert (time.time(), time.monotonic(), time.perf_counter()) == frozen


def test_a_sleep_that_was_imported_by_name_is_virtual(module: Callable[..., ModuleType]) -> None:
    before = module("sleeps_before", "from time import sleep, sleep as nap\n")
    with virtual_time() as clock:
        later = module("sleeps_later", "from time import sleep\n")
        for asked in (before.sleep, before.nap, later.sleep):
            asked(HOUR)
        assert len(clock.sleeps) == 3
    assert {before.sleep, before.nap, later.sleep} == {Real.sleep}


@pytest.mark.parametrize("value", [-1, float("nan"), "1", None])
def test_what_is_no_delay_raises_as_ever(virtual_clock: VirtualClock, value: Any) -> None:
    with pytest.raises((ValueError, TypeError)) as real:
        Real.sleep(value)
    with pytest.raises(real.type) as faked:
        time.sleep(value)
    assert str(faked.value) == str(real.value)
    assert virtual_clock.sleeps == []


def test_a_fraction_is_a_delay_from_python_3_15_on(virtual_clock: VirtualClock) -> None:
    if sys.version_info >= (3, 15):
        time.sleep(Fraction(1, 2))  # type: ignore[arg-type]
        assert [sleep.seconds for sleep in virtual_clock.sleeps] == [0.5]
    else:
        with pytest.raises(TypeError):
            time.sleep(Fraction(1, 2))  # type: ignore[arg-type]
        assert virtual_clock.sleeps == []


def test_deadlines_are_reached_whatever_the_steps(virtual_clock: VirtualClock) -> None:
    for step in (0.1, 0.3, 1e-7, 1 / 3, 7.77):
        deadline, turns = time.monotonic() + 30 * step, 0
        while (left := deadline - time.monotonic()) > 0:
            time.sleep(min(step, left))
            turns += 1
        assert turns <= 32
    assert virtual_clock.sleeps


def test_advance_moves_and_is_no_sleep(virtual_clock: VirtualClock) -> None:
    before = time.monotonic()
    virtual_clock.advance(90)
    assert time.monotonic() - before == 90
    assert virtual_clock.sleeps == []
    with pytest.raises(ValueError, match="-1"):
        virtual_clock.advance(-1)


def test_the_clock_sleeps_like_time_sleep(virtual_clock: VirtualClock) -> None:
    before = time.monotonic()
    virtual_clock.sleep(HOUR)
    assert time.monotonic() - before == HOUR
    assert virtual_clock.sleeps[0].who.endswith(
        "test_clock_sleeping.py:" + virtual_clock.sleeps[0].who.rpartition(":")[2]
    )


def test_who_slept(virtual_clock: VirtualClock, module: Callable[..., ModuleType]) -> None:
    service = module("polling_service", "import time\n\n\ndef poll():\n    time.sleep(30)\n")
    service.poll()
    (sleep,) = virtual_clock.sleeps
    assert sleep.seconds == 30
    assert sleep.who.endswith("polling_service.py:5")
    assert sleep.library == ""
    assert str(sleep) == f"30 s, {sleep.who}"


def test_the_year_9999_is_the_end(virtual_clock: VirtualClock) -> None:
    before = time.time()
    with pytest.raises(OverflowError, match="9999"):
        time.sleep(1e12)
    assert time.time() == before
    assert len(virtual_clock.sleeps) == 1


def test_a_loop_that_never_ends_is_stopped_and_explained(virtual_clock: VirtualClock) -> None:
    def poll_for_ever() -> None:
        while True:
            try:
                time.sleep(60)
            except Exception:
                continue

    with pytest.raises(RunawaySleep) as stopped:
        poll_for_ever()
    said = str(stopped.value)
    line = poll_for_ever.__code__.co_firstlineno + 3
    assert "100,000 times" in said
    assert f"1000 times 60 s, tests/kit/test_clock_sleeping.py:{line}" in said.replace(str(Path.cwd()) + "/", "")
    assert "most_moves" in said
    time.sleep(1)  # for the clean-up there is room again
    assert virtual_clock.sleeps[-1].seconds == 1


def test_how_often_the_clock_moves_can_be_set() -> None:
    with virtual_time(most_moves=3):
        for _ in range(3):
            time.sleep(1)
        with pytest.raises(RunawaySleep):
            time.sleep(1)
    with virtual_time(most_moves=4) as clock:
        for _ in range(4):
            time.sleep(1)
        assert len(clock.sleeps) == 4
    for wrong in ({"patience": -1}, {"most_moves": -1}):
        with pytest.raises(ValueError, match="-1"), virtual_time(**wrong):
            pytest.fail("entered")
    assert time.sleep is Real.sleep


def test_the_inner_one_of_two_is_the_same_clock() -> None:
    with virtual_time() as outer:
        with virtual_time(patience=0.5) as inner:
            assert inner is outer
            assert inner.patience == 0.5
        assert outer.patience == 5.0
        assert active() is outer
        time.sleep(HOUR)  # still virtual
    assert active() is None


def test_freeze_time_inside() -> None:
    with virtual_time() as clock:
        began, steady = time.time(), time.monotonic()
        with freeze_time("2030-01-01") as frozen:
            assert datetime.date.today() == datetime.date(2030, 1, 1)
            assert time.monotonic() - steady < 1  # another date is not time that went by
            time.sleep(HOUR)
            assert datetime.datetime.now() == datetime.datetime(2030, 1, 1, 1)
            assert time.monotonic() - steady == HOUR
            frozen.tick(60)
            assert time.monotonic() - steady == HOUR + 60
        assert time.time() - began == HOUR
        assert len(clock.sleeps) == 1
    assert datetime.datetime.now().year < 2030 or time.time() < 1.9e9


def test_inside_freeze_time() -> None:
    with freeze_time("2020-02-29"):
        before = time.monotonic()
        with virtual_time():
            assert 0 <= time.monotonic() - before < 1
            time.sleep(24 * HOUR)
            assert datetime.date.today() == datetime.date(2020, 3, 1)
        assert datetime.date.today() == datetime.date(2020, 2, 29)
    assert time.monotonic is Real.monotonic


@pytest.mark.parametrize("arguments", [{"tick": True}, {"auto_tick_seconds": 15}])
def test_other_kinds_of_freeze_inside_go_along(arguments: dict[str, Any]) -> None:
    with virtual_time():
        before = time.monotonic()
        with freeze_time("2030-01-01", **arguments):
            time.sleep(HOUR)
            assert HOUR <= (datetime.datetime.now() - datetime.datetime(2030, 1, 1)).total_seconds() < HOUR + 120
            assert HOUR <= time.monotonic() - before < HOUR + 120


def test_other_threads_sleep_really_and_see_their_clock_go_on(virtual_clock: VirtualClock) -> None:
    seen: list[Any] = []

    def work() -> None:
        began = time.monotonic()
        really = Clocks.wall()
        while time.monotonic() < began + 0.1:  # frozen, this would never end
            time.sleep(0.02)
        seen.extend((Clocks.wall() - really, active()))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join(60)
    assert seen[0] >= 0.09
    assert seen[1] is None
    assert active() is virtual_clock
    assert virtual_clock.sleeps == []


def test_a_second_thread_cannot_have_a_clock(virtual_clock: VirtualClock) -> None:
    said: list[str] = []

    def enter() -> None:
        try:
            with virtual_time():
                said.append("entered")
        except RuntimeError as error:
            said.append(str(error))

    thread = threading.Thread(target=enter)
    thread.start()
    thread.join(60)
    assert "another thread has a virtual clock" in said[0]
    assert active() is virtual_clock


def test_a_test_that_replaced_sleep_itself_keeps_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[float] = []
    monkeypatch.setattr(time, "sleep", asked.append)
    with virtual_time() as clock:
        time.sleep(7)
    assert asked == [7]
    assert clock.sleeps == []
    monkeypatch.undo()
    with virtual_time() as clock:
        time.sleep(7)
        assert len(clock.sleeps) == 1


def test_the_regimes_own_clocks_go_on_whatever_happens() -> None:
    freezer = freeze_time("2020-01-01")
    with virtual_time():
        freezer.start()  # and never stopped
        time.sleep(HOUR)
        began = Clocks.wall(), Clocks.cpu()
        Real.sleep(0.02)
        assert 0.02 <= Clocks.wall() - began[0] < 60
        assert 0 <= Clocks.cpu() - began[1] < 60


def run(code: str, **more: str) -> subprocess.CompletedProcess[str]:
    path = f"import sys; sys.path.insert(0, {str(META)!r})\n"
    return subprocess.run([sys.executable, "-c", path + code], capture_output=True, text=True, timeout=120, check=False)


def test_freezegun_is_imported_only_when_a_clock_is_wanted_and_told_when_it_comes() -> None:
    done = run(
        "from meta_regime.fixtures.clock import active, keep_out_of_pytest, virtual_time\n"
        "keep_out_of_pytest(); keep_out_of_pytest()\n"
        "assert active() is None and 'freezegun' not in sys.modules\n"
        "import freezegun\n"
        "print([name in freezegun.config.settings.default_ignore_list for name in ('_pytest.timing', 'subprocess')])\n"
        "print(type(freezegun.config.__loader__).__name__, type(freezegun.config.__spec__.loader).__name__)\n"
    )
    assert done.stdout.splitlines() == ["[True, True]", "SourceFileLoader SourceFileLoader"], done.stderr


def test_freezegun_that_was_there_before_is_told_as_well() -> None:
    done = run(
        "import freezegun\n"
        "from meta_regime.fixtures.clock import keep_out_of_pytest\n"
        "path = list(sys.meta_path)\n"
        "keep_out_of_pytest()\n"
        "print('_pytest.timing' in freezegun.config.settings.default_ignore_list, path == sys.meta_path)\n"
    )
    assert done.stdout.split() == ["True", "True"], done.stderr


def test_without_freezegun_it_says_what_to_type() -> None:
    done = run(
        "sys.modules['freezegun'] = None\n"
        "from meta_regime.fixtures.clock import virtual_time, keep_out_of_pytest\n"
        "keep_out_of_pytest()\n"
        "with virtual_time(): pass\n"
    )
    assert "FreezegunError" in done.stderr
    assert "pip install freezegun" in done.stderr


def test_a_freezegun_that_is_too_old_is_named() -> None:
    done = run(
        "import freezegun.api\ndel freezegun.api._get_fake_monotonic\n"
        "from meta_regime.fixtures.clock import virtual_time\n"
        "with virtual_time(): pass\n"
    )
    assert f"cannot use freezegun {freezegun.__version__}" in done.stderr
    assert "_get_fake_monotonic" in done.stderr
    assert "freezegun>=1.2" in done.stderr
