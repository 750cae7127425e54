import pytest
from orders.shipping import booked

pytestmark = pytest.mark.usefixtures("virtual_clock")


def test_it_gives_up_in_the_end():
    asked = []
    assert not booked(lambda: bool(asked.append(1)))
    assert len(asked) == 4
