"""What coverage.py counts in ways of its own, for the sample project: source, and tests that execute some of it."""

from __future__ import annotations

SOURCES = {
    "src/shop/by_hand.py": """\
def sign(number):
    if number > 0:
        return "plus"
    if number < 0:
        return "minus"
    return ""
""",
    "src/shop/branches.py": '''\
"""Every kind of jump."""
import contextlib


def search(items, wanted):
    for item in items:
        if item is None: continue
        if item == wanted:
            break
    else:
        return False
    while items: items.pop(); wanted = None
    return True


def divide(one, other):
    try:
        return one / other
    except ZeroDivisionError:
        return None
    except TypeError as error:
        raise ValueError("no numbers") from error
    finally:
        one = other = None


def only_one_way(flag):
    if flag:
        flag = not flag
    with contextlib.suppress(KeyError):
        if flag:
            raise KeyError
    return [each for each in range(3) if each]


def at_last(flag):
    if flag:
        flag = None


def kind(value):
    match value:
        case int() | float():
            return "number"
        case {"name": name, **rest} if rest:
            return name
        case [first, *_]:
            return first
        case _:
            return None
''',
    "src/shop/marked.py": """\
from __future__ import annotations

import abc
from typing import TYPE_CHECKING, overload

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def left_out():  # pragma: no cover
    value = 1
    if value:
        return 2
    return 3


def partly(value):
    if value:  # pragma: no branch
        value = 1
    if value == 2:  # pragma: no cover
        value = 3
    else:
        value = 4
    assert_never = value == 5
    if assert_never:
        raise NotImplementedError
    return value


@overload
def same(value: int) -> int: ...
@overload
def same(value: str) -> str: ...
def same(value):
    return value


class Shape(abc.ABC):
    @abc.abstractmethod
    def area(self):
        raise NotImplementedError

    def __repr__(self):
        return (
            f"{type(self).__name__}"
            f" of {self.area()}"
        )


if __name__ == "__main__":
    left_out()
""",
    "src/shop/decorated.py": '''\
import asyncio
import functools


def twice(function):
    @functools.wraps(function)
    def wrapper(*args):
        function(*args)
        return function(*args)

    return wrapper


@twice
@functools.lru_cache(
    maxsize=None,
)
def cached(value):
    return value


@twice
def never_called(value):
    return value


def count(limit):
    number = 0
    while True:
        yield number
        number += 1
        if number == limit:
            return


def pairs(limit):
    yield from ((one, one) for one in range(limit))
    yield "the end"


async def ticks(limit):
    for number in range(limit):
        await asyncio.sleep(0)
        yield number


async def gather(limit):
    return [number async for number in ticks(limit) if number]


add = lambda one, other: one + other if one else other  # noqa: E731


class Lazy:
    """With a property."""

    limit: int = 3; other = 4

    @property
    def value(self):
        nothing = (
            lambda:
            None
        )
        return nothing()
''',
    "src/shop/ünlikely.py": "# \x0c\nname = 'größe \\\n{}'\nif not name: name = ''\n",
    "src/shop/empty.py": "",
    "src/shop/only_a_comment.py": "# Nothing\n",
    "src/shop/never/__init__.py": "",
    "src/shop/never/imported.py": "def one():\n    if one:\n        return 1\n\n\ntwo = one() or 2\n",
    "src/shop/tool.py": """\
import sys


def main(words):
    if not words:
        return "nothing to do"
    for word in words:
        if word == "stop":
            break
        sys.stdout.write(word)
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
""",
    "tests/unit/test_pieces.py": """\
import asyncio
import os
import subprocess
import sys

import pytest

from shop import branches, by_hand, decorated, marked
import shop.ünlikely


@pytest.mark.parametrize(("number", "word"), [(1, "plus"), (0, "")])
def test_sign(number, word):
    assert by_hand.sign(number) == word


def test_search():
    assert branches.search([1, 2], 2)


def test_search_for_none():
    assert not branches.search([None], 2)


def test_divide():
    assert branches.divide(1, 0) is None


def test_only_one_way():
    assert branches.only_one_way(True) == [1, 2]
    branches.at_last(True)


@pytest.mark.parametrize(("value", "kind"), [(1, "number"), ([5], 5), ({"name": 1}, None)])
def test_kind(value, kind):
    assert branches.kind(value) == kind


def test_partly():
    assert marked.partly(1) == 4


def test_same():
    assert marked.same(1) == 1


def test_cached():
    assert decorated.cached(1) == 1


def test_generators():
    assert next(decorated.count(9)) == 0
    assert len([*decorated.pairs(2)]) == 3


def test_gather():
    assert asyncio.run(decorated.gather(3)) == [1, 2]


def test_add():
    assert decorated.add(1, 2) == 3


def test_tool():
    env = {**os.environ, "PYTHONPATH": "build/lib" if os.path.isdir("build/lib") else "src"}
    subprocess.run([sys.executable, "-m", "shop.tool", "one", "stop"], env=env, check=True)
""",
}
NO_PYTHON = {"src/shop/broken.py": "def (:\n", "src/shop/space/deep.py": "a = 1\nif a:\n    a = 2\n"}
