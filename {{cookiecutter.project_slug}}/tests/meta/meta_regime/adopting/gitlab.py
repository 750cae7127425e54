"""Lets .gitlab-ci.yml include the jobs that judge, if the project has the file with them."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

from .edits import Problem, newline_of, with_line_end
from .yaml_lists import read_by, reader, value_of, with_item

NAME = ".gitlab-ci.yml"
JOBS = ".gitlab/meta-tests.gitlab-ci.yml"
_ITEM = f"- local: {JOBS}"
BY_HAND = f"{NAME} cannot be changed by a program; for the verdicts in CI, add to its list `include`:\n{_ITEM}"


def with_include(text: str) -> tuple[str, list[str]]:
    """Return the text of the file with the jobs included, and remarks. Raises `Problem` if it is not YAML."""
    documents = read_by(_documents, text, NAME)
    if len(documents) > 1:  # the first of which GitLab takes for a header
        return text, [] if JOBS in text else [BY_HAND]
    try:
        node = value_of(documents[0], "include") if documents else None
        if any(fnmatchcase(JOBS, word.lstrip("/")) for word in _words(node)):
            return text, []
        changed = _at_the_end(text) if node is None else with_item(text, node, [_ITEM])
        if changed is not None and _as_meant(documents, read_by(_documents, changed, NAME)):
            return changed, []
    except (Problem, RecursionError):  # what has been added fits nowhere there; a list with itself in it
        pass
    return text, [BY_HAND]


def _documents(text: str) -> list[Any]:
    """Return the nodes, since GitLab has tags of its own (!reference), of which objects cannot be made."""
    return list(reader(NAME).compose_all(text))


def _at_the_end(text: str) -> str:
    lines = [*([""] if text else []), "include:", f"  {_ITEM}", ""]
    return with_line_end(text) + newline_of(text).join(lines)


def _words(node: Any) -> Iterator[str]:
    """Yield all words of an `include`, which may be one, a list, a table, or a list of both."""
    if node is None or isinstance(node.value, str):
        yield from [node.value] if node else []
    else:
        for inner in node.value:
            for each in inner if isinstance(inner, tuple) else (inner,):
                yield from _words(each)


def _as_meant(before: list[Any], after: list[Any]) -> bool:
    """Tell whether nothing but the last item of `include` is new."""
    if len(after) != 1 or after[0].id != "mapping":
        return False
    old, new = (_meaning(documents[0])[1] if documents else () for documents in (before, after))
    (ours,) = _meaning(_documents(_ITEM)[0])[1]
    key = ("tag:yaml.org,2002:str", "include")
    was, now = ([value for name, value in pairs if name == key] for pairs in (old, new))
    rest, still = ([pair for pair in pairs if pair[0] != key] for pairs in (old, new))
    return rest == still and [value[1] for value in now] == [(*(was[0][1] if was else ()), ours)]


def _meaning(node: Any) -> tuple[str, Any]:
    """Return a node without its place in the text."""
    if isinstance(node.value, str):
        return node.tag, node.value
    return node.tag, tuple(
        (_meaning(inner[0]), _meaning(inner[1])) if isinstance(inner, tuple) else _meaning(inner)
        for inner in node.value
    )
