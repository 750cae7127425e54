"""Findings as GitLab's code quality report, which it shows in the merge request."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from .._visible import visible
from .findings import Finding


def report(found: Sequence[Finding]) -> str:
    """Give the text of the report; an empty list if nothing is found."""
    rows = [_row(finding) for finding in found]
    return json.dumps(rows, indent=1) + "\n"


def _row(finding: Finding) -> dict[str, Any]:
    same = "\0".join((finding.check, finding.path, finding.subject))  # what it is known by in the next report
    return {
        "description": visible(finding.text),
        "check_name": f"meta-tests/{finding.check}",
        "fingerprint": hashlib.sha256(same.encode("utf-8", "backslashreplace")).hexdigest(),
        "severity": "major" if finding.is_error else "minor",
        "location": {"path": visible(finding.path), "lines": {"begin": max(1, finding.line)}},
    }
