"""Says why a child run of the suite cannot be judged."""

from __future__ import annotations

from ..record_file import RecordReader

_MEANINGS = {
    2: "it was interrupted, or files could not be collected",
    3: "pytest had an internal error",
    4: "pytest could not understand its arguments",
    5: "no tests were found",
}


def why(status: int, reader: RecordReader, timed_out_after: float | None) -> str:
    """Say how a run ended that did not end as pytest runs do, from its exit status and what there is of its record."""
    running = f" while running {', '.join(reader.running)}" if reader.running else ""
    if timed_out_after is not None:
        return (
            f"The suite did not end within {timed_out_after:g} s and was stopped{running}; {reader.done} of "
            f"{reader.expected or '?'} tests had ended. (tests/meta/policy.toml, [suite] timeout_seconds)"
        )
    if reader.run is not None:
        return f"The suite did not end normally: {_MEANINGS.get(status, 'pytest failed')} (exit status {status})."
    if reader.running:
        return (
            f"The suite's process ended{running}, with exit status {status}: "
            "a crash, a signal, or os._exit in a test or in the code under test."
        )
    if status in (0, 1, 5) and not reader.done:
        return (
            "The suite ran without the regime: tests/conftest.py was not loaded, since no test lies under tests/. "
            "Put the loader into the project's root conftest.py instead: tests/meta/README.md"
        )
    return f"The suite did not start: pytest ended with exit status {status}."
