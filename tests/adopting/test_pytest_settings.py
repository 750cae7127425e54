from __future__ import annotations

import configparser
import tomllib

import pytest
import tomlkit
from hypothesis import given
from hypothesis import strategies as st
from meta_regime.adopting.edits import Problem, only_adds
from meta_regime.adopting.pytest_settings import CONFIG, MARKERS, XFAIL, find_settings, lacking, with_strictness

ALL = [MARKERS, CONFIG, XFAIL]
BOTH = f"{MARKERS} {CONFIG}"
LISTED = f'"{MARKERS}", "{CONFIG}"'


def strict(files: dict[str, str], wanted: list[str] | None = None) -> tuple[str, str | None]:
    """The file that is changed, and its new text."""
    settings = find_settings(files.get)
    return settings.name, with_strictness(files.get(settings.name), settings, ALL if wanted is None else wanted)


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        (
            "pyproject.toml",
            '[tool.pytest.ini_options]\naddopts = "-ra"  # why\n\n[tool.x]\n',
            f'[tool.pytest.ini_options]\naddopts = "-ra {BOTH}"  # why\nxfail_strict = true\n\n[tool.x]\n',
        ),
        (
            "pyproject.toml",
            "[tool.pytest.ini_options]\naddopts = '''\n  -ra\n  -m \"not slow\"\n'''\n",
            f"[tool.pytest.ini_options]\naddopts = '''\n  -ra\n  -m \"not slow\"\n  {BOTH}\n'''\nxfail_strict = true\n",
        ),
        (
            "pyproject.toml",
            '[tool.pytest.ini_options]\naddopts = [\n  "-ra",  # why\n]\ntestpaths = "tests"\n',
            (
                f'[tool.pytest.ini_options]\naddopts = [\n  "-ra",  # why\n  "{MARKERS}",\n  "{CONFIG}",\n]\n'
                'testpaths = "tests"\nxfail_strict = true\n'
            ),
        ),
        (
            "pyproject.toml",
            '[tool.pytest]\naddopts = ["-ra"]',
            f'[tool.pytest]\naddopts = ["-ra", {LISTED}]\nxfail_strict = true\n',
        ),
        (
            "pyproject.toml",
            "[tool.pytest.ini_options]\naddopts = ''\n",
            f"[tool.pytest.ini_options]\naddopts = '{BOTH}'\nxfail_strict = true\n",
        ),
        (
            "pyproject.toml",
            '[project]\nname = "x"',
            f'[project]\nname = "x"\n\n[tool.pytest.ini_options]\naddopts = [{LISTED}]\nxfail_strict = true\n',
        ),
        ("pyproject.toml", "tool = {x = 1}\n", None),  # closed: no table can be added
        ("pytest.toml", "[pytest]\n", f"[pytest]\naddopts = [{LISTED}]\nxfail_strict = true\n"),
        (".pytest.toml", "", f"[pytest]\naddopts = [{LISTED}]\nxfail_strict = true\n"),
        ("pytest.ini", "", f"[pytest]\naddopts = {BOTH}\nxfail_strict = true\n"),
        (
            "pytest.ini",
            "# mine\n[pytest]  # here\nmarkers =\n    slow: takes long",
            f"# mine\n[pytest]  # here\naddopts = {BOTH}\nxfail_strict = true\nmarkers =\n    slow: takes long\n",
        ),
        (
            ".pytest.ini",
            "[pytest]\naddopts=-ra\ntestpaths: tests\n",
            f"[pytest]\naddopts=-ra {BOTH}\nxfail_strict = true\ntestpaths: tests\n",
        ),
        (
            "setup.cfg",
            "[metadata]\nversion = %(x)s\n[tool:pytest]\naddopts =\n\t-ra\n\t-q\n\n[flake8]\nx = 1\n",
            (
                f"[metadata]\nversion = %(x)s\n[tool:pytest]\naddopts =\n\t-ra\n\t-q\n\t{BOTH}\nxfail_strict = true\n"
                "\n[flake8]\nx = 1\n"
            ),
        ),
        (
            "tox.ini",
            "[tox]\nenvlist = a\n[pytest]\n[testenv]\naddopts = no\n",
            f"[tox]\nenvlist = a\n[pytest]\naddopts = {BOTH}\nxfail_strict = true\n[testenv]\naddopts = no\n",
        ),
        ("tox.ini", "[pytest]\naddopts = -ra  # why\n", None),  # a comment or not: that depends on pytest's version
        ("setup.cfg", "[tool:pytest]\na = 1\na = 2\n", None),
        ("pytest.ini", "[pytest]\n  a = 1\n", None),  # it would become a part of what is put before it
        ("pytest.ini", "# mine\n", f"# mine\n\n[pytest]\naddopts = {BOTH}\nxfail_strict = true\n"),
    ],
)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_it_goes_where_pytest_reads_it(name: str, before: str, after: str | None, newline: str) -> None:
    text = before.replace("\n", newline)
    found, changed = strict({name: text})
    expected = None if after is None else after.replace("\n", newline if newline in text else "\n")
    assert (found, changed) == (name, expected)
    if changed is not None:
        assert only_adds(text, changed)
        settings = find_settings({name: changed}.get)
        assert lacking(settings) == ([], [])


def test_the_file_is_the_one_that_pytest_takes() -> None:
    files = {
        "setup.cfg": "[tool:pytest]\n",
        "tox.ini": "[pytest]\n",
        "pyproject.toml": "[tool.pytest.ini_options]\n",
        ".pytest.ini": "",
        "pytest.ini": "",
        ".pytest.toml": "",
        "pytest.toml": "",
    }
    order = []
    while files:
        order.append(find_settings(files.get).name)
        files.pop(order[-1], None)
    assert order == [
        "pytest.toml",
        ".pytest.toml",
        "pytest.ini",
        ".pytest.ini",
        "pyproject.toml",
        "tox.ini",
        "setup.cfg",
    ]
    assert strict({"setup.cfg": "[metadata]\n", "tox.ini": "[tox]\n"}) == (
        "pytest.ini",
        f"[pytest]\naddopts = {BOTH}\nxfail_strict = true\n",
    )


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("[tool.pytest]\nstrict = true\n", []),
        ("[tool.pytest]\nstrict_markers = true\nstrict_config = true\nstrict_xfail = true\n", []),
        ('[tool.pytest.ini_options]\naddopts = "--strict-config --strict-markers"\nxfail_strict = "True"\n', []),
        ('[tool.pytest.ini_options]\naddopts = "--strict"\n', ALL),  # of which pytest 8 makes markers alone
        ("[tool.pytest.ini_options]\nxfail_strict = true\n", [MARKERS, CONFIG]),
        ('[tool.pytest.ini_options]\naddopts = ["--strict-config"]\n', [MARKERS, XFAIL]),
    ],
)
def test_what_is_on_is_not_asked_for(text: str, missing: list[str]) -> None:
    assert lacking(find_settings({"pyproject.toml": text}.get)) == (missing, [])


def test_what_is_switched_off_on_purpose_stays_so_and_is_told() -> None:
    missing, remarks = lacking(find_settings({"pytest.ini": "[pytest]\nxfail_strict = false\n"}.get))
    assert missing == [MARKERS, CONFIG]
    assert remarks == ["[pytest] of pytest.ini switches xfail_strict off; the regime wants it on"]
    said = "[pytest]\nstrict = true\nstrict_markers = false\n"
    assert lacking(find_settings({"pytest.ini": said}.get)) == (
        [],
        ["[pytest] of pytest.ini switches --strict-markers off; the regime wants it on"],
    )


@pytest.mark.parametrize(
    ("written", "lost"),
    [("# why", ""), (CONFIG, ""), (MARKERS, f"-x {MARKERS}"), ("xfail_strict = true", ""), ("[tool.x]", "[tool.y]")],
)
def test_where_tomlkit_would_lose_something_nothing_is_changed(
    monkeypatch: pytest.MonkeyPatch, written: str, lost: str
) -> None:
    text = '[tool.pytest.ini_options]\naddopts = "-q"  # why\n[tool.x]\n'
    assert strict({"pyproject.toml": text})[1] is not None
    real = tomlkit.TOMLDocument.as_string
    monkeypatch.setattr(tomlkit.TOMLDocument, "as_string", lambda self: real(self).replace(written, lost))
    assert strict({"pyproject.toml": text})[1] is None


def test_only_what_is_wanted_is_added() -> None:
    assert strict({"pytest.ini": "[pytest]\n"}, [XFAIL])[1] == "[pytest]\nxfail_strict = true\n"
    assert strict({"pytest.ini": "[pytest]\n"}, [CONFIG])[1] == f"[pytest]\naddopts = {CONFIG}\n"
    assert strict({"pytest.toml": ""}, [XFAIL])[1] == "[pytest]\nxfail_strict = true\n"


def test_settings_that_are_no_toml_are_a_problem() -> None:
    with pytest.raises(Problem, match=r"pytest.toml is not valid TOML: .*line 1"):
        find_settings({"pytest.toml": "[pytest\n"}.get)


def test_odd_shapes_are_no_tracebacks() -> None:
    for name, text in (
        ("pyproject.toml", "tool = 3"),
        ("pyproject.toml", "[tool]\npytest = 3"),
        ("pyproject.toml", "[tool.pytest]\nini_options = 3"),
        ("pyproject.toml", "[tool.pytest.ini_options]\naddopts = 3"),
        ("pyproject.toml", '[tool.pytest.ini_options]\naddopts = "a \'b"'),
        ("pytest.toml", "pytest = 3"),
        ("pytest.ini", "no section\n"),
        ("setup.cfg", "[tool:pytest]\n   odd\n= 3\n"),
    ):
        lacking(find_settings({name: text}.get))
        strict({name: text})


def test_it_copes_with_5000_lines() -> None:
    filler = "".join(f"[tool.x{number}]\na = 1\n" for number in range(2500))
    _, changed = strict({"pyproject.toml": f'{filler}[tool.pytest.ini_options]\naddopts = "-q"\n'})
    assert changed == f'{filler}[tool.pytest.ini_options]\naddopts = "-q {BOTH}"\nxfail_strict = true\n'
    filler = "".join(f"[x{number}]\na = 1\n" for number in range(2500))
    assert strict({"tox.ini": f"{filler}[pytest]\n"})[1] == (
        f"{filler}[pytest]\naddopts = {BOTH}\nxfail_strict = true\n"
    )


LINES = st.sampled_from(
    [
        "[pytest]",
        "[tox]",
        "addopts = -ra",
        "addopts =",
        "    -q",
        "\t-x",
        "",
        "# note",
        "x = 1",
        "  # in it",
        "; y",
        "x",
    ]
)


@given(st.lists(LINES, max_size=10), st.booleans())
def test_an_ini_file_says_the_same_and_more(lines: list[str], ended: bool) -> None:
    text = "\n".join(lines) + ("\n" if ended else "")
    _, changed = strict({"pytest.ini": text})
    if changed is None:
        return
    assert only_adds(text, changed)
    parser = configparser.ConfigParser(interpolation=None)
    parser.read_string(changed)
    words = str(parser["pytest"]["addopts"]).split()
    assert words[-2:] == [MARKERS, CONFIG]
    assert parser["pytest"]["xfail_strict"] == "true"
    assert strict({"pytest.ini": changed}, [])[1] == changed


@given(st.sampled_from(['"', "'", '"""', "'''"]), st.lists(st.sampled_from(["-ra", "\\\n", "\n", " ", "-q", "\\t"])))
def test_a_string_of_toml_keeps_its_words(quotes: str, pieces: list[str]) -> None:
    text = f"[tool.pytest.ini_options]\naddopts = {quotes}{' '.join(pieces)}{quotes}\n"
    try:
        before = tomllib.loads(text)["tool"]["pytest"]["ini_options"]["addopts"]
    except tomllib.TOMLDecodeError:
        return
    _, changed = strict({"pyproject.toml": text})
    if changed is not None:
        after = tomllib.loads(changed)["tool"]["pytest"]["ini_options"]
        assert (after["addopts"].split(), after[XFAIL]) == ([*before.split(), MARKERS, CONFIG], True)
