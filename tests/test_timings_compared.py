"""How what a run took is compared with what its baseline says: to the last bit."""

from __future__ import annotations

import pytest
from meta_regime.extras.slowdown.compare import Difference, differences, is_slower, total
from meta_regime.extras.slowdown.timings import EVERYWHERE, SMALL, WORK, Row, Took, accepted, parsed, sums_of

FILE = "tests/test_a.py"


def rows(*took: Took, work: float = 0.25, helped: bool = False) -> list[Row]:
    """Give the rows of a run: a piece of work, and tests."""
    tests = [Row(FILE, f"test[{number}]", each, helped) for number, each in enumerate(took)]
    return [Row(EVERYWHERE, WORK, Took(work, work)), *tests]


@pytest.mark.parametrize(("now", "named"), [((1, 1, 3), True), ((2, 2), False), ((2, 2, 2), False), ((4, 4, 5), False)])
def test_a_small_test_is_named_that_accounts_for_more_than_half_of_what_they_take_longer(
    now: tuple[int, ...], named: bool
) -> None:
    then = accepted({}, rows(*[Took(1 / 64, 0.0)] * len(now)))
    found = differences(then, rows(*(Took(each / 64, 0.0) for each in now)), 0.0)
    assert [each.name for each in found] == [*([f"test[{len(now) - 1}]"] if named else []), SMALL]


def test_the_order_of_rows_is_all_one_and_a_test_may_have_no_name() -> None:
    """Some plugins check whole files, and give the path alone for an id."""
    then, now = ([*rows(Took(1.0, 1.0)), Row("docs/a.md", "", Took(each, each))] for each in (0.5, 1.5))
    found = differences(accepted({}, then), now[::-1], 0.0)
    assert [(each.place, each.name, each.then, each.now) for each in found] == [
        ("docs/a.md", "", 0.5, 1.5),
        (FILE, "test[0]", 1.0, 1.0),
    ]


def test_a_piece_of_work_that_took_no_time_is_no_traceback() -> None:
    assert differences(parsed({EVERYWHERE: {WORK: [0, 0]}}), rows(), 0.0) == []


class TestDoubts:
    def difference(self, then: Took, now: Took, crowded: float | None, work: float = 0.25) -> Difference:
        found, *_ = differences(accepted({}, rows(then)), rows(now, work=work), crowded)
        return found

    def test_a_crowd_may_have_added_a_share_of_what_was_computed_and_the_machine_the_rest(self) -> None:
        found = self.difference(Took(1.0, 1.0), Took(1.125, 1.125), 0.25, work=0.3)
        assert found.unsure == pytest.approx(0.25 * (0.2 + 0.0005))
        assert found.slowly == pytest.approx(0.125 - found.unsure)

    def test_and_something_to_each_of_many_small_tests(self) -> None:
        then, now = ([Took(each, 0.001)] * 100 for each in (0.001, 0.01))
        found, *_ = differences(accepted({}, rows(*then)), rows(*now), 0.25)
        assert found.unsure == pytest.approx(0.25 * (0.2 * 0.1 + 0.0005 * 100))

    def test_where_queueing_is_unknown_all_that_a_slower_machine_does_not_compute(self) -> None:
        found = self.difference(Took(1.0, 1.0), Took(2.5, 2.25), None, work=0.5)
        assert (found.then, found.unsure) == (2.0, 0.25)

    def test_a_machine_is_a_slower_one_from_a_quarter_more_on(self) -> None:
        assert self.difference(Took(1.0, 1.0), Took(1.0, 1.0), 0.0, work=0.3125).then == 1.0
        assert self.difference(Took(1.0, 1.0), Took(1.0, 1.0), 0.0, work=0.315).then == pytest.approx(1.26)

    def test_children_are_answerable_where_a_tenth_of_the_time_was_queued_but_not_where_more_was(self) -> None:
        then, now = accepted({}, rows(Took(1.0, 0.0))), rows(Took(1.0, 0.0), helped=True)
        for crowd, tellable, unsure in ((0.1, True, 0.0), (0.11, False, 20.0)):
            found = differences(then, now, 0.0, neighbours=crowd, strangers=1.0)
            assert (found[0].tellable, total(found).unsure) == (tellable, unsure)


@pytest.mark.parametrize(
    ("now", "tellable", "slower"),
    [
        (10.9, True, False),
        (11.0, True, False),  # as much as is allowed
        (11.005, True, True),
        (11.0, False, False),
        (11.005, False, None),
    ],
)
def test_what_takes_longer_by_more_than_ten_per_cent_is_slower(now: float, tellable: bool, slower: bool | None) -> None:
    assert is_slower([Difference(FILE, "test", 10.0, now, 0.0, 1, tellable)], 10) is slower


@pytest.mark.parametrize(("left", "before"), [(0, Took(0.0, 0.0, 0)), (1, Took(0.5, 0.25, 1)), (4, Took(2.0, 1.0, 4))])
def test_of_what_was_in_the_sum_as_much_is_left_as_tests_are(left: int, before: Took) -> None:
    now = [Row(FILE, f"test[{number}]", Took(0.75, 0.5)) for number in range(left)]
    assert sums_of({SMALL: Took(2.0, 1.0, 4)}, now) == (before, Took(0.75 * left, 0.5 * left, left))
