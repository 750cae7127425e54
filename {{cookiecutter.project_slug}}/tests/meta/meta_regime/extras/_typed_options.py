"""Which typed options may change what a run of the suite is, for all that is known of them."""

from __future__ import annotations

import argparse

from ..selection import SELECTING, as_typed

# Options of pytest, pytest-cov, xdist and the regime that do not.
_HARMLESS = """
    assertmode basetemp cacheclear cacheshow capture code_highlight color confcutdir debug dist distload durations
    durations_min failedfirst file_or_dir fold_skipped force_short_summary fulltrace importmode junitprefix
    logger_disable looponfail maxfail maxprocesses maxschedchunk maxworkerrestart newfirst no_header no_meta no_summary
    numprocesses pastebin plugins px quiet reportchars rootdir runxfail setupshow showcapture showlocals strict
    strict_config strict_markers tbstyle testrunuid trace traceconfig tx usepdb usepdb_cls verbose xfail_tb xmlpath
    pythonwarnings disable_warnings max_warnings"""
_HARMLESS_BEGINNINGS = ("meta_", "cov_", "no_cov", "log_", "doctest")


def unknown_options(suite: argparse.Namespace, typed: argparse.Namespace) -> tuple[str, ...]:
    """Name the options typed that the suite has not, and that may leave tests out for all that is known of them."""
    found = []
    harmless = {*_HARMLESS.split(), *SELECTING}
    for name, value in sorted(vars(typed).items()):
        known = name in harmless or name.startswith(_HARMLESS_BEGINNINGS)
        if not known and value != getattr(suite, name, None):
            found.append(as_typed("--" + name.replace("_", "-"), value))
    return tuple(found)
