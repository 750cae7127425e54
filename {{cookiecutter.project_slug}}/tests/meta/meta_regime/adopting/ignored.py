"""Adds to .gitignore what running the tests leaves behind."""

from __future__ import annotations

from fnmatch import fnmatchcase

from .edits import lines_of, newline_of, with_line_end

# An entry, and what it is there for: a file, or a folder (with a slash) or a file of the same purpose in it.
ENTRIES = {
    ".coverage": (".coverage",),
    ".coverage.*": (".coverage.host.4711.XaBcDeFx",),
    "gl-code-quality-report.json": ("gl-code-quality-report.json",),
    ".pytest_cache/": (".pytest_cache/",),
    "__pycache__/": ("__pycache__/", "conftest.cpython-311.pyc"),
}
ANYWHERE = ("__pycache__/",)  # a pattern for the root alone is not enough


def with_ignored(text: str | None) -> tuple[str, list[str]]:
    """Return the text of a .gitignore with the missing entries at its end, and remarks."""
    text = text or ""
    patterns = [line.strip() for line in lines_of(text) if line.strip() and not line.startswith("#")]
    missing, remarks = [], []
    for entry, samples in ENTRIES.items():
        deciding = [pattern for pattern in patterns if any(_matches(pattern, sample, entry) for sample in samples)]
        if not deciding:
            missing.append(entry)
        elif deciding[-1].startswith("!"):
            remarks.append(
                f".gitignore has `{deciding[-1]}`, so `{entry}` was not added: keep it out of commits yourself"
            )
    if not missing:
        return text, remarks
    newline = newline_of(text)
    return with_line_end(text) + "".join(f"{entry}{newline}" for entry in missing), remarks


def _matches(pattern: str, sample: str, entry: str) -> bool:
    """Tell whether a pattern, negated or not, is about a file or folder; a simple reading of git's rules."""
    pattern = pattern.removeprefix("!").removeprefix("**/")
    if pattern.startswith("/") and entry in ANYWHERE:
        return False
    if sample.endswith("/"):
        pattern = pattern.removesuffix("*").removesuffix("*").removesuffix("/") if "/" in pattern else pattern
    return fnmatchcase(sample.rstrip("/"), pattern.removeprefix("/"))
