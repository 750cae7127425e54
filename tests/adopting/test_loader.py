from __future__ import annotations

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from meta_regime.adopting.edits import Problem, only_adds
from meta_regime.adopting.loader import IMPORT_LINE, LOADER, minded_by_ruff, with_loader

BLOCK = "\n".join(LOADER) + "\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (None, BLOCK),
        ("", BLOCK),
        ("import os\n", f"{BLOCK}\nimport os\n"),
        ('"""Doc."""\n', f'"""Doc."""\n\n{BLOCK}'),
        ('"""Doc."""', f'"""Doc."""\n\n{BLOCK}'),
        ('"""Doc.\n"""\n\nimport os', f'"""Doc.\n"""\n\n{BLOCK}\nimport os'),
        (
            '"""D"""\nfrom __future__ import (\n  annotations,\n)\nimport os\n',
            f'"""D"""\nfrom __future__ import (\n  annotations,\n)\n\n{BLOCK}\nimport os\n',
        ),
        ("#!/bin/x\n# coding: utf-8\n\nimport os\n", f"#!/bin/x\n# coding: utf-8\n\n{BLOCK}\nimport os\n"),
        ("# only a comment", f"# only a comment\n\n{BLOCK}"),
        ("if x:\n\tpass\n", f"{BLOCK}\nif x:\n\tpass\n"),
    ],
)
def test_the_lines_come_after_the_head(before: str | None, after: str) -> None:
    assert with_loader(before) == after
    ast.parse(after)
    assert with_loader(after) == after


def test_the_roots_conftest_names_both_folders() -> None:
    assert with_loader(None, "conftest.py") == BLOCK.replace('"meta"', '"tests" / "meta"')
    with pytest.raises(Problem, match=r'conftest.py: .*by hand.*\n.*\n.*"tests" / "meta"'):
        with_loader('"""D"""; x = (\n1)\n', "conftest.py")


def test_windows_endings_are_kept() -> None:
    assert with_loader('"""D"""\r\nimport os\r\n') == f'"""D"""\n\n{BLOCK}\nimport os\n'.replace("\n", "\r\n")


def test_it_copes_with_5000_lines() -> None:
    text = "".join(f"x{number} = {number}\n" for number in range(5000))
    assert with_loader(text) == f"{BLOCK}\n{text}"


@pytest.mark.parametrize(
    "text",
    [
        BLOCK,
        'import sys\nsys.path.insert(0, "tests/meta")\nfrom meta_regime.plugin \\\n import *  # noqa\n',
        (
            'import sys, pathlib\nMETA = pathlib.Path("x") / "meta"\nsys.path[:0] = [str(META)]\n'
            "try:\n    from   meta_regime . plugin   import *\nfinally: pass\n"
        ),
        'import site\nsite.addsitedir(f"{1}" + "/meta/")\nfrom meta_regime.plugin import *',
    ],
)
def test_a_loader_in_other_words_is_one(text: str) -> None:
    assert with_loader(text) == text


def test_text_that_only_speaks_of_it_is_none() -> None:
    for text in ('x = "from meta_regime.plugin import *"\n', "# from meta_regime.plugin import *\n"):
        assert ast.dump(ast.parse(with_loader(text))).count("ImportFrom") == 1


def test_a_half_removed_loader_is_completed() -> None:
    assert with_loader(f"import os\n{IMPORT_LINE}\n") == f"import os\n\n{BLOCK}"
    path_lines = "".join(f"{line}\n" for line in LOADER[:2])
    assert with_loader(f"{path_lines}import os\n") == f"{BLOCK}\nimport os\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("import os\ndef f(:\n", "tests/conftest.py:2: a syntax error"),
        ("x = '\0'\n", "tests/conftest.py"),
        ("from meta_regime.plugin import pytest_configure\n", "tests/conftest.py:1: loads a part"),
        (f"{IMPORT_LINE}\n{LOADER[0]}\n{LOADER[1]}\n", "change their order"),
        (f"if 1:\n    {IMPORT_LINE}\n", "nothing puts tests/meta on sys.path"),
        ('"""D"""; x = (\n1)\n', "by hand"),
    ],
)
def test_what_takes_a_person_is_a_problem(text: str, said: str) -> None:
    with pytest.raises(Problem) as caught:
        with_loader(text)
    assert said in str(caught.value)


PIECES = st.sampled_from(
    [
        '"""Doc."""',
        "from __future__ import annotations",
        "# note",
        "",
        "import os",
        "x = '''\n#'''",
        "if x:\n\tpass",
        IMPORT_LINE,
        *LOADER[:2],
    ]
)


@given(st.lists(PIECES, max_size=8), st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_it_only_adds_and_the_second_time_nothing(pieces: list[str], newline: str, ended: bool) -> None:
    text = newline.join(piece.replace("\n", newline) for piece in pieces) + (newline if ended else "")
    try:
        once = with_loader(text)
    except Problem:
        return
    assert only_adds(text, once)
    assert with_loader(once) == once
    assert "\n" not in once.replace("\r\n", "") or newline == "\n" or "\r" not in text


@pytest.mark.parametrize(
    ("settings", "minded"),
    [
        ({}, ["E401", "F403"]),
        ({"lint": {"select": ["ALL"]}}, ["E401", "F403", "I001"]),
        ({"lint": {"select": ["ALL"], "ignore": ["E", "I001"]}}, ["F403"]),
        ({"select": ["I"]}, ["I001"]),
        ({"lint": {"select": ["E401"], "ignore": ["E4"]}}, ["E401"]),
        ({"lint": {"per-file-ignores": {"tests/*": ["E4"], "conftest.py": ["F403"]}}}, []),
        ({"lint": {"select": ["B"]}}, []),
    ],
)
def test_ruffs_settings_are_read_as_ruff_reads_them(settings: dict[str, object], minded: list[str]) -> None:
    assert minded_by_ruff(settings) == minded
