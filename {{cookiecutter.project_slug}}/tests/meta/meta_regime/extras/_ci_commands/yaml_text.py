"""Reads the YAML in which CI files are written: a project's environment need not have a parser of it.

Mappings, sequences, block and quoted scalars, flow collections, anchors, aliases and merge keys. Every scalar is text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

_KEY = re.compile(r"""(?P<key>"(?:[^"\\]|\\.)*"|'[^']*'|[^\s#'"\[\]{},|>][^#]*?|[^\s#'"\[\]{},|>]|<<)\s*:(?=\s|$)""")
_BLOCK = re.compile(r"(?P<style>[|>])(?P<sign>[-+0-9]*)\s*(#.*)?$")
_PROPERTIES = re.compile(r"(?:&(?P<anchor>[^\s,\[\]{}]+)|!\S*)\s*")
_COMMENT = re.compile(r"(?:^|\s)#.*$")
_DEEPEST = 60


class YamlError(Exception):
    """The text is not YAML, or not of the kind that is read here. The message begins with the line's number."""


@dataclass
class Node:
    """A value: text, a list of nodes, or a dict of them. `line` is where it begins."""

    line: int
    value: Any

    def get(self, *keys: str) -> Node | None:
        """Give what stands below these keys; None if there is nothing."""
        node: Node | None = self
        for key in keys:
            node = node.value.get(key) if node is not None and isinstance(node.value, dict) else None
        return node

    @property
    def text(self) -> str:
        """The value if it is text, else nothing."""
        return self.value if isinstance(self.value, str) else ""

    @property
    def items(self) -> list[Node]:
        """The list's nodes; of anything else but nothing, itself."""
        return self.value if isinstance(self.value, list) else [self] if self.value else []


def text_at(node: Node | None, *keys: str) -> str:
    """Give the text below these keys, if there is one."""
    found = node.get(*keys) if node is not None else None
    return found.text.strip() if found is not None else ""


def read_yaml(text: str) -> Node:
    """Read a file; of several documents the mappings are put together. Raises `YamlError`."""
    lines = text.removeprefix("\ufeff").splitlines()
    whole = Node(1, {})
    starts = [0, *(number + 1 for number, line in enumerate(lines) if re.match(r"---(\s|$)", line)), len(lines) + 1]
    for start, end in pairwise(starts):
        reader = _Reader(["", *([""] * start), *lines[start : end - 1]])
        document = reader.document()
        if isinstance(document.value, dict):
            whole.value.update(document.value)
    return whole


@dataclass
class _Reader:
    lines: list[str]  # from 1 on
    at: int = 1
    anchors: dict[str, Node] = field(default_factory=dict)
    depth: int = 0

    def document(self) -> Node:
        node = self._block(-1)
        if self._more():
            raise self._error("does not belong to what is above it")
        return node

    def _error(self, why: str) -> YamlError:
        return YamlError(f"{min(self.at, len(self.lines) - 1)}: {why}")

    def _more(self) -> bool:
        """Go to the next line that says something; tell whether there is one."""
        while self.at < len(self.lines):
            line = self.lines[self.at].strip()
            if line and not line.startswith(("#", "%")) and line != "...":
                return True
            self.at += 1
        return False

    def _indent(self) -> int:
        line = self.lines[self.at]
        indent = len(line) - len(line.lstrip(" "))
        if line[indent] == "\t":
            raise self._error("is indented by a tab")
        return indent

    def _block(self, above: int, *, sequence_at: int | None = None) -> Node:
        """Read what is indented by more than `above`, or a sequence that is indented by `sequence_at`."""
        self.depth += 1
        if self.depth > _DEEPEST:
            raise self._error("is nested too deeply")
        node = Node(self.at, "")
        if self._more():
            indent, line = self._indent(), self.lines[self.at].lstrip(" ")
            is_item = line == "-" or line.startswith("- ")
            if indent > above or (is_item and indent == sequence_at):
                if is_item:
                    node = self._sequence(indent)
                elif _KEY.match(line):
                    node = self._mapping(indent)
                else:
                    self.lines[self.at] = ""
                    node = self._value(line, above, None)
        self.depth -= 1
        return node

    def _sequence(self, indent: int) -> Node:
        node = Node(self.at, [])
        while self._more() and self._indent() == indent:
            line = self.lines[self.at].lstrip(" ")
            if line != "-" and not line.startswith("- "):
                break
            rest = line[1:].lstrip(" ")
            properties = _PROPERTIES.match(rest)
            inner = rest[properties.end() :] if properties else rest
            if inner and (_KEY.match(inner) or inner == "-" or inner.startswith("- ")):  # a collection begins here
                self.lines[self.at] = " " * (indent + len(line) - len(inner)) + inner
                item = self._block(indent)
                self._named(properties, item)
            else:
                item = self._value(rest, indent, None)
            node.value.append(item)
        return node

    def _mapping(self, indent: int) -> Node:
        node = Node(self.at, {})
        while self._more() and self._indent() == indent:
            line = self.lines[self.at].lstrip(" ")
            match = _KEY.match(line)
            if match is None or line.startswith("- "):
                break
            key = match["key"].strip("\"'")
            value = self._value(line[match.end() :].strip(), indent, indent)
            if key == "<<":
                for merged in value.items:
                    node.value = {**(merged.value if isinstance(merged.value, dict) else {}), **node.value}
            else:
                node.value[key] = value
        if self._more() and self._indent() > indent:
            raise self._error("is indented by more than what is above it")
        return node

    def _named(self, properties: re.Match[str] | None, node: Node) -> None:
        if properties is not None and properties["anchor"]:
            self.anchors[properties["anchor"]] = node

    def _value(self, text: str, above: int, sequence_at: int | None) -> Node:
        """Read a value that begins with this text on the present line, and may go on below."""
        properties = _PROPERTIES.match(text)
        text = text[properties.end() :] if properties else text
        text = text if text[:1] in {'"', "'"} else _COMMENT.sub("", text).strip() if text[:1] not in "|>" else text
        start = self.at
        self.at += 1
        if block := _BLOCK.match(text):
            node = self._block_scalar(block, above)
        elif not text:
            node = self._block(above, sequence_at=sequence_at)
        elif text.startswith("*"):
            if text[1:] not in self.anchors:
                raise YamlError(f"{start}: there is no &{text[1:]}")
            node = self.anchors[text[1:]]
        elif text[0] in "\"'":
            node = Node(start, self._quoted(text))
        elif text[0] in "[{":
            node = self._flow(text, start)
        else:
            while self._more() and self._indent() > above:
                text += " " + _COMMENT.sub("", self.lines[self.at]).strip()
                self.at += 1
            node = Node(start, text)
        self._named(properties, node)
        return node

    def _block_scalar(self, block: re.Match[str], above: int) -> Node:
        start, taken = self.at, []
        digits = re.sub(r"\D", "", block["sign"])
        margin = max(above, 0) + int(digits) if digits else None
        while self.at < len(self.lines):
            line = self.lines[self.at]
            indent = len(line) - len(line.lstrip(" "))
            if line.strip():
                margin = margin if margin is not None else indent
                if indent <= above or indent < margin:
                    break
            taken.append(line[margin or 0 :])
            self.at += 1
        # Of a folded scalar, each line keeps its place: a backslash stands for the fold.
        folds = block["style"] == ">"
        return Node(start, " \\\n".join(taken) if folds else "\n".join(taken))

    def _quoted(self, text: str) -> str:
        quote, pattern = text[0], r'"((?:[^"\\]|\\.)*)"' if text[0] == '"' else r"'((?:[^']|'')*)'"
        while (match := re.match(pattern, text, re.DOTALL)) is None:
            if self.at >= len(self.lines):
                raise self._error(f"a {quote} is not closed")
            text += " " + self.lines[self.at].strip()
            self.at += 1
        if quote == "'":
            return match[1].replace("''", "'")
        escapes = {"n": "\n", "t": "\t"}
        return re.sub(r"\\(.)", lambda found: escapes.get(found[1], found[1]), match[1])

    def _flow(self, text: str, start: int) -> Node:
        while not _is_closed(text):
            if self.at >= len(self.lines):
                raise self._error("a bracket is not closed")
            text += " " + _COMMENT.sub("", self.lines[self.at]).strip()
            self.at += 1
        return _flow_node(text, start, self.anchors)


def _is_closed(text: str) -> bool:
    depth = 0
    for part in re.findall(r""""(?:[^"\\]|\\.)*"|'[^']*'|.""", text):
        depth += (part in "[{") - (part in "]}")
    return depth <= 0


def _flow_node(text: str, line: int, anchors: dict[str, Node]) -> Node:
    text = text.strip()
    if text.startswith("*") and text[1:] in anchors:
        return anchors[text[1:]]
    if text[:1] not in ("[", "{"):
        return Node(line, text[1:-1] if text[:1] in ('"', "'") and text[-1:] == text[:1] else text)
    parts, depth = [""], 0
    for part in re.findall(r""""(?:[^"\\]|\\.)*"|'[^']*'|.""", text[1 : text.rindex("]" if text[0] == "[" else "}")]):
        depth += (part in "[{") - (part in "]}")
        if part == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += part
    parts = [part.strip() for part in parts if part.strip()]
    if text[0] == "[":
        return Node(line, [_flow_node(part, line, anchors) for part in parts])
    pairs = [re.split(r":(?:\s+|$)", part, maxsplit=1) for part in parts]
    return Node(line, {pair[0].strip("\"' "): _flow_node("".join(pair[1:]), line, anchors) for pair in pairs})
