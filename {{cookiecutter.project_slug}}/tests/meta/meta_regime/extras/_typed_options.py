"""Which typed options may change what a run of the suite is, for all that is known of them."""

from __future__ import annotations

import argparse
import re

from ..selection import SELECTING, as_typed

# Options of pytest, pytest-cov, xdist and the regime that do not.
_HARMLESS = re.compile(
    "assertmode|basetemp|cache(clear|show)|capture|code_highlight|color|confcutdir|debug|dist(load)?|durations(_min)?|"
    "failedfirst|file_or_dir|fold_skipped|force_short_summary|fulltrace|importmode|junitprefix|logger_disable|"
    "looponfail|maxfail|maxprocesses|maxschedchunk|maxworkerrestart|newfirst|no_header|no_summary|numprocesses|"
    "pastebin|plugins|px|quiet|reportchars|rootdir|runxfail|setupshow|show(capture|locals)|strict(_config|_markers)?|"
    "tbstyle|testrunuid|trace|traceconfig|tx|usepdb(_cls)?|verbose|xfail_tb|xmlpath|pythonwarnings|disable_warnings|"
    "max_warnings|meta_.*|no_meta|cov_.*|no_cov.*|log_.*|doctest.*"
)


def unknown_options(suite: argparse.Namespace, typed: argparse.Namespace) -> tuple[str, ...]:
    """Name the options typed that the suite has not, and that may leave tests out for all that is known of them."""
    found = []
    for name, value in sorted(vars(typed).items()):
        known = name in SELECTING or _HARMLESS.fullmatch(name)
        if not known and value != getattr(suite, name, None):
            found.append(as_typed("--" + name.replace("_", "-"), value))
    return tuple(found)
