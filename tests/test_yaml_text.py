"""The reader of CI files reads what PyYAML reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml
from meta_regime.extras._ci_commands.yaml_text import Node, YamlError, read_yaml

if TYPE_CHECKING:
    from pathlib import Path


def test_our_reader_reads_what_yaml_is(baked: Path) -> None:
    found = [*baked.rglob("*.yml"), *baked.rglob("*.yaml")]
    for path in found:
        text = path.read_text(encoding="utf-8")
        assert _plain(read_yaml(text)) == _plain_yaml(yaml.load(text, yaml.BaseLoader)), path


def _plain(node: Node) -> Any:
    if isinstance(node.value, dict):
        return {key: _plain(value) for key, value in node.value.items()}
    if isinstance(node.value, list):
        return [_plain(value) for value in node.value]
    return " ".join(node.value.replace("\\\n", "").split())


def _plain_yaml(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain_yaml(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_plain_yaml(each) for each in value]
    return " ".join((value or "").replace("\\\n", "").split())


TRICKY = """\
# a comment
%YAML 1.2
---
a: &a {x: 1, y: [b, "c, d"]}
b:
  <<: *a
  "quoted key": 'it''s'   # not part of it
  plain: goes on
    below, without a key
  empty:
list:
- - nested
- key: |-
    kept  # here
      deeper

  other: >
    folded
    up
- "double \\
  "
---
c: d
"""


def test_our_reader_reads_tricky_yaml() -> None:
    expected: dict[str, Any] = {}
    for document in yaml.load_all(TRICKY.removeprefix("# a comment\n"), yaml.BaseLoader):
        expected |= document
    got = _plain(read_yaml(TRICKY))
    merged = expected["b"].pop("<<")  # which its simplest loader leaves to us
    assert got == _plain_yaml({**expected, "b": {**merged, **expected["b"]}})
    with pytest.raises(YamlError, match="61: is nested too deeply"):
        read_yaml("\n".join(f"{' ' * depth}a:" for depth in range(100)))
