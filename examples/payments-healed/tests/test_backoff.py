import itertools
import time

import pytest
from payments.backoff import delays, wait_until


def test_the_delays_grow_up_to_the_longest():
    assert list(itertools.islice(delays(), 5)) == pytest.approx([0.1, 0.2, 0.4, 0.6, 0.6])


@pytest.mark.parametrize(("first", "factor"), [(0, 2), (-1, 2), (0.1, 0.5)])
def test_impossible_delays_are_refused(first, factor):
    with pytest.raises(ValueError, match="delays must"):
        next(delays(first, factor))


def test_nothing_is_waited_for_what_is_there_already(virtual_clock):
    assert wait_until(lambda: True)
    assert virtual_clock.sleeps == []


def test_it_asks_until_the_condition_holds(virtual_clock):
    began = time.monotonic()
    assert wait_until(lambda: time.monotonic() - began > 0.5)
    assert [sleep.seconds for sleep in virtual_clock.sleeps] == pytest.approx([0.1, 0.2, 0.4])


def test_it_asks_less_and_less_often_until_patience_runs_out(virtual_clock):
    began, asked = time.monotonic(), []
    assert not wait_until(lambda: asked.append(time.monotonic() - began), patience=1.3)
    assert asked[:5] == pytest.approx([0, 0.1, 0.3, 0.7, 1.3])
