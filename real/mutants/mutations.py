"""Which mutants a module has: by cosmic-ray's operators, less those that repeat each other, and three of our own."""

from __future__ import annotations

import ast
import difflib
import itertools
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import parso
from cosmic_ray import plugins
from cosmic_ray.mutating import mutate_code
from cosmic_ray.operators.operator import Operator

# cosmic-ray turns each operator into every other one. These are the turns that no other turn stands for.
_ARITHMETIC = {
    "Add": "Sub",
    "Sub": "Add BitOr",
    "Mul": "Div",
    "Div": "Mul",
    "FloorDiv": "Mul",
    "Mod": "Mul",
    "Pow": "Mul",
    "BitOr": "BitAnd",
    "BitAnd": "BitOr",
}
_COMPARISON = {
    "Lt": "LtE NotEq GtE",
    "Gt": "GtE NotEq LtE",
    "LtE": "Lt Eq Gt",
    "GtE": "Gt Eq Lt",
    "Eq": "NotEq LtE GtE",
    "NotEq": "Eq Lt Gt",
    "Is": "IsNot",
    "IsNot": "Is",
}
_OTHERS = """ReplaceUnaryOperator_Delete_Not ReplaceUnaryOperator_Delete_USub AddNot ReplaceTrueWithFalse
    ReplaceFalseWithTrue ReplaceAndWithOr ReplaceOrWithAnd ReplaceBreakWithContinue ReplaceContinueWithBreak
    NumberReplacer RemoveDecorator ZeroIterationForLoop"""


class NegateFilter(Operator):  # type: ignore[misc]  # cosmic-ray brings no types
    """Turns the condition of a comprehension round; cosmic-ray leaves these alone."""

    def mutation_positions(self, node: Any) -> Iterator[Any]:
        """Give the place of a condition."""
        if node.type in ("comp_if", "old_comp_if"):
            yield (node.children[1].start_pos, node.children[1].end_pos)

    def mutate(self, node: Any, index: int) -> Any:
        """Turn it round."""
        node.children[1] = parso.parse(f" not ({node.children[1].get_code().strip()})")
        return node

    @classmethod
    def examples(cls) -> tuple[()]:
        """Give none: this is tried where it is used."""
        return ()


class NegateMembership(NegateFilter):
    """Turns `in` into `not in`, and back."""

    def mutation_positions(self, node: Any) -> Iterator[Any]:
        """Give the places of such operators."""
        if node.type == "comparison" and " ".join(node.children[1].get_code().split()) in ("in", "not in"):
            yield (node.children[1].start_pos, node.children[1].end_pos)

    def mutate(self, node: Any, index: int) -> Any:
        """Turn it round."""
        turned = " in" if "not" in node.children[1].get_code() else " not in"
        node.children[1] = parso.parse(turned)
        return node


class CatchAnother(NegateFilter):
    """Catches another exception than is meant; cosmic-ray's own operator stumbles over names with dots."""

    def mutation_positions(self, node: Any) -> Iterator[Any]:
        """Give the places of the exceptions of a clause."""
        for name in self._names(node):
            yield (name.start_pos, name.end_pos)

    def mutate(self, node: Any, index: int) -> Any:
        """Put one in its place that nothing here raises."""
        name = self._names(node)[index]
        name.parent.children[name.parent.children.index(name)] = parso.parse(
            f"{name.get_first_leaf().prefix}GeneratorExit"
        )
        return node

    @staticmethod
    def _names(node: Any) -> list[Any]:
        if node.type != "except_clause":
            return []
        caught = node.children[1]
        several = caught.children[1].children[::2] if caught.type == "atom" else [caught]
        return list(several)


@dataclass(frozen=True)
class Mutant:
    """One change. `was` and `now` are the changed lines; `number` counts those of a function that read the same."""

    function: str
    was: str
    now: str
    number: int
    text: str


def mutants_of(text: str) -> list[Mutant]:
    """Give all mutants of a module's text that differ from it, less its annotations."""
    plain, seen, counted = _without_annotations(text), set[str](), Counter[tuple[str, str, str]]()
    found = []
    for operator in _operators():
        for occurrence in itertools.count():
            mutated = mutate_code(text, operator, occurrence)
            if mutated is None:
                break
            if mutated in seen or _without_annotations(mutated) == plain:
                continue
            seen.add(mutated)
            line, was, now = _change(text, mutated)
            if "TYPE_CHECKING" in was:
                continue
            key = (_function_at(text, line), was, now)
            found.append(Mutant(*key, counted[key], mutated))
            counted[key] += 1
    return found


def _operators() -> Iterator[Operator]:
    for kind, turns in (("Binary", _ARITHMETIC), ("Comparison", _COMPARISON)):
        for old, all_new in turns.items():
            for new in all_new.split():
                yield plugins.get_operator(f"core/Replace{kind}Operator_{old}_{new}")()
    for name in _OTHERS.split():
        yield plugins.get_operator(f"core/{name}")()
    yield from (NegateFilter(), NegateMembership(), CatchAnother())


def _without_annotations(text: str) -> str:
    """Give what the interpreter makes of a text: with `from __future__ import annotations` none is evaluated."""
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return ""  # such a mutant says nothing, and is left out
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            node.returns = None
        elif isinstance(node, ast.arg):
            node.annotation = None
        elif isinstance(node, ast.arguments):  # what has to be named where it is called changes nothing that runs
            node.args = [*node.posonlyargs, *node.args, *node.kwonlyargs]
            node.defaults = [*node.defaults, *filter(None, node.kw_defaults)]
            node.posonlyargs, node.kwonlyargs, node.kw_defaults = [], [], []
        elif isinstance(node, ast.AnnAssign):
            node.annotation = ast.Constant(None)
    return ast.dump(tree)


def _change(text: str, mutated: str) -> tuple[int, str, str]:
    """Give the number of the first changed line, and the changed lines before and after, each on one line."""
    old, new = text.splitlines(), mutated.splitlines()
    changes = [
        each for each in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes() if each[0] != "equal"
    ]
    (_, start, _, other_start, _), (_, _, stop, _, other_stop) = changes[0], changes[-1]
    was, now = (" ".join(" ".join(lines).split()) for lines in (old[start:stop], new[other_start:other_stop]))
    return start + 1, was, now


def _function_at(text: str, line: int) -> str:
    """Give the dotted name of the innermost class or function in which a line lies; empty for the module itself."""
    names, body = [], ast.parse(text).body
    while True:
        for node in body:
            if isinstance(node, ast.ClassDef | ast.FunctionDef):
                first = min([node.lineno, *(each.lineno for each in node.decorator_list)])
                if first <= line <= (node.end_lineno or first):
                    names.append(node.name)
                    body = node.body
                    break
        else:
            return ".".join(names)
