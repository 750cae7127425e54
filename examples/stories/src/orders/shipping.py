"""Books a parcel: the carrier takes some time to answer, so it is asked less and less often."""

from __future__ import annotations

import time
from collections.abc import Callable


def booked(ask: Callable[[], bool], first: float = 2.0, attempts: int = 4) -> bool:
    """Ask until the carrier has booked the parcel; wait 2, 4 and 8 seconds in between."""
    for number in range(attempts):
        if ask():
            return True
        if number < attempts - 1:
            time.sleep(first * 2**number)
    return False
