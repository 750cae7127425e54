"""The text of `policy.toml` and `known_slow.toml`, for a copy whose thresholds are others."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._toml_text import toml_string

if TYPE_CHECKING:
    from ...policy import Policy
    from ...verdict import Standards


def write_standards(meta: Path, standards: Standards) -> None:
    """Write both files into a `tests/meta`."""
    (meta / "policy.toml").write_text(policy_text(standards.policy), encoding="utf-8", newline="\n")
    entries = [
        f"[[known_slow]]\ntest = {toml_string(entry.test)}\nseconds = {entry.seconds!r}\n"
        f"reason = {toml_string(entry.reason)}\nuntil = {entry.until}\n"
        for entry in standards.known_slow
    ]
    if entries:
        (meta / "known_slow.toml").write_text("\n".join(entries), encoding="utf-8", newline="\n")


def policy_text(policy: Policy) -> str:
    """Write a policy as the file that says the same."""
    lines = []
    for title, table in policy._asdict().items():
        values = table._asdict()
        plain = {name: value for name, value in values.items() if not isinstance(value, Mapping)}
        lines += [f"[{title}]", *(f"{name} = {_value(value)}" for name, value in plain.items())]
        for name in values.keys() - plain.keys():
            lines += [
                f"[{title}.{name}]",
                *(f"{toml_string(key)} = {_value(value)}" for key, value in values[name].items()),
            ]
    return "\n".join([*lines, ""])


def _value(value: Any) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(map(toml_string, value))}]"
    return (
        str(value).lower() if isinstance(value, bool) else toml_string(value) if isinstance(value, str) else repr(value)
    )
