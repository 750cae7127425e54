import itertools

import pytest
from payments import backoff
from payments.backoff import delays, wait_until


class Clock:
    """Stands where the module `backoff` has `time`. Sleeping moves it, and takes no time."""

    def __init__(self):
        self.now = 0.0

    def monotonic(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(backoff, "time", clock)
    return clock


def test_the_delays_grow_up_to_the_longest():
    assert list(itertools.islice(delays(), 5)) == pytest.approx([0.1, 0.2, 0.4, 0.6, 0.6])


@pytest.mark.parametrize(("first", "factor"), [(0, 2), (-1, 2), (0.1, 0.5)])
def test_impossible_delays_are_refused(first, factor):
    with pytest.raises(ValueError, match="delays must"):
        next(delays(first, factor))


def test_nothing_is_waited_for_what_is_there_already(clock):
    assert wait_until(lambda: True)
    assert clock.now == 0


def test_it_asks_until_the_condition_holds(clock):
    assert wait_until(lambda: clock.now > 0.5)
    assert clock.now == pytest.approx(0.7)


def test_it_asks_less_and_less_often_until_patience_runs_out(clock):
    asked = []
    assert not wait_until(lambda: asked.append(clock.now), patience=1.3)
    assert asked[:5] == pytest.approx([0, 0.1, 0.3, 0.7, 1.3])
