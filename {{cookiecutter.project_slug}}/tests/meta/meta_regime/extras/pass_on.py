"""Passes on to a child run what was typed for a session of verdicts and is meant for the suite, as in `-n 4`."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from ..session import JudgedSession

# Options that are about the session of verdicts itself, by their names in pytest's namespace.
_OF_THE_SESSION = """
    keyword markexpr deselect ignore ignore_glob lf last_failed_no_failures failedfirst newfirst collectonly maxfail
    verbose quiet reportchars tbstyle durations durations_min xmlpath junitprefix color code_highlight capture
    showlocals showcapture trace traceconfig debug no_header no_summary pastebin fulltrace basetemp help version markers
    showfixtures show_fixtures_per_test setuponly setupplan setupshow no_meta"""
_BEGINNINGS = ("stepwise", "usepdb", "log_file", "cache", "meta_", "cov_", "no_cov")


def pytest_meta_tests_child_args(judged: JudgedSession) -> list[str]:
    """List the options that were typed, save those about this session; each with its value."""
    parser = judged.facts.parser
    if parser is None:
        return []
    words, found = list(judged.config.invocation_params.args), list[str]()
    of_the_session = set(_OF_THE_SESSION.split())
    nothing = vars(parser.parse_known_args([]))
    while words:
        option = [words.pop(0)]
        if not option[0].startswith("-"):
            continue
        with contextlib.suppress(pytest.UsageError, SystemExit):  # an option with a value, or without
            if words and not words[0].startswith("-") and not parser.parse_known_args([*option, words[0]]).file_or_dir:
                option.append(words.pop(0))
            said = vars(parser.parse_known_args(option))
            about = [name for name, value in said.items() if value != nothing.get(name)]
            if not any(name in of_the_session or name.startswith(_BEGINNINGS) for name in about):
                found += option
    return found
