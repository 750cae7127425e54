"""Writes docs/policy.md: every key of `policy.toml`, from the code that reads it and the comments beside it.

python docs/make_policy_reference.py           writes it
python docs/make_policy_reference.py --check   exit status 1 if it is not what it should be
"""

from __future__ import annotations

import argparse
import importlib
import inspect
import json
import math
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
META = ROOT / "{{cookiecutter.project_slug}}" / "tests" / "meta"
PAGE = ROOT / "docs" / "policy.md"
sys.path.insert(0, str(META))

from meta_regime.policy import NUMBERS, Policy  # noqa: E402 - it lies in a folder whose name is no package's

HEAD = """\
# Every key of tests/meta/policy.toml

This page is made from the code that reads the file (`python docs/make_policy_reference.py`); a test compares them.

Every key may be left out, and then has the default that stands here. The template writes the answers to its questions
into `minimum`, `suite_seconds`, `limit_seconds` and `packages`, and fits `target`, `module_floor`, `ideal_seconds` and
`timeout_seconds` to them. A key or table that is unknown, a number out of its bounds, a word where a number belongs:
all of it is reported at once, as a red verdict, and nothing is judged until it is right.
"""


def comments(template: str) -> dict[tuple[str, str], str]:
    """Give the comment above each key, and that below the header of each table of names, by (table, key)."""
    found: dict[tuple[str, str], str] = {}
    table, said = "", list[str]()
    for line in template.splitlines():
        if header := re.fullmatch(r"\[(.+)\]", line):
            table, said = header[1], []
        elif line.startswith("# "):
            said.append(line[2:])
            if "." in table:  # a table of names: what is said of it stands below its header
                found[tuple(table.split("."))] = " ".join(said)  # type: ignore[index]
        elif key := re.match(r"(\w+) = ", line):
            found[table, key[1]] = " ".join(said)
            said = []
        else:
            said = []
    return found


def allowed(key: str, default: object) -> str:
    """Say what a key takes: its unit and bounds."""
    if key not in NUMBERS:
        return "text by name" if isinstance(default, Mapping) else "list of texts"
    unit, low, high, above = NUMBERS[key]
    least = f"more than {low:g}" if above else f"{low:g} or more"
    bounds = f"{low:g} to {high:g}" if math.isfinite(high) and not above else least
    bounds += f", at most {high:g}" if math.isfinite(high) and above else ""
    kind = "numbers by glob, " if isinstance(default, Mapping) else ""
    return f"{kind}{unit}, {bounds}"


def rules() -> Iterator[tuple[Any, str]]:
    """Yield every rule, with the verdict test of the extra that judges it."""
    for path in sorted((META / "meta_regime" / "extras").glob("[!_]*")):
        module = importlib.import_module(f"meta_regime.extras.{path.stem}")
        for check in getattr(module, "CHECKS", ()):
            yield check, next(name for name in vars(module) if name.startswith("test_"))


def rows() -> Iterator[str]:
    """Yield the page, a line each."""
    said = comments((META / "policy.toml").read_text(encoding="utf-8"))
    for title, table in Policy()._asdict().items():
        yield from (f"## [{title}]", "", "| key | default | takes | what it is |", "| --- | --- | --- | --- |")
        for key, default in table._asdict().items():
            shown = json.dumps(dict(default) if isinstance(default, Mapping) else default)
            text = said.pop((title, key)).replace("|", "\\|")
            yield f"| `{key}` | `{shown}` | {allowed(key, default)} | {text} |"
        yield ""
    yield from ("## Rules", "", "What `[hygiene.excused]` can excuse, each with a reason.", "")
    yield from ("| rule | of the verdict | broken, it says |", "| --- | --- | --- |")
    for check, verdict in rules():
        text = " ".join(inspect.cleandoc(check.__doc__ or "").split()).replace("|", "\\|")
        yield f"| `{check.rule}` | `{verdict}` | {text} |"
    if said:
        raise SystemExit(f"policy.toml of the template has keys that the code does not know: {sorted(said)}")


def page() -> str:
    """Give the whole page."""
    return "\n".join([HEAD, *rows()]).rstrip() + "\n"


def main(arguments: list[str] | None = None) -> int:
    """Write the page, or compare it."""
    parser = argparse.ArgumentParser(description="the reference of policy.toml, from the code")
    parser.add_argument("--check", action="store_true", help="write nothing; exit status 1 if it would be another")
    if parser.parse_args(arguments).check:
        return int(PAGE.read_text(encoding="utf-8") != page())
    PAGE.write_text(page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
