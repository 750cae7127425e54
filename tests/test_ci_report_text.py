"""What is written for CI, decided without pytest: no text of the user's breaks out, and what matters comes first."""

from __future__ import annotations

import json
import re
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from meta_regime.extras._markdown import code, fenced, table, text
from meta_regime.extras._visible import visible
from meta_regime.extras.ci_report import code_quality, step_summary
from meta_regime.extras.ci_report.findings import Finding, findings
from meta_regime.extras.ci_report.gate import Gate
from meta_regime.extras.ci_report.seen import Seen, line_of
from meta_regime.extras.ci_report.workflow_commands import command, commands
from meta_regime.extras.known_slow.entries import KnownSlow
from meta_regime.policy import parse_policy
from meta_regime.record import FileCoverage, MeasuredCoverage, SuiteRun, TestTiming
from meta_regime.verdict import Outcome, Standards, Verdict

if TYPE_CHECKING:
    from markdown_it.token import Token

MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable("table").enable("strikethrough")
HOSTILE = ["\n::set-output name=a::b", "\r::stop-commands::x", "%0A::error::x", "a:b,c=d", "\u202e", "\x1b[31m"]
HOSTILE += ["|", "`", "<script>", "</pre>", "**", "[a](b)", "![a](b)", "&#60;", "\\", "~~~", "https://a.b", "- ", "# "]
HOSTILE += ["\ud800", "www.a.b", "1. ", "_a_", "> ", "    "]
ANY = st.lists(st.sampled_from(HOSTILE) | st.text(max_size=4)).map("".join)
TODAY = date(2027, 1, 4)
CHANGED, SLOW, FLOOR = "test_changed_lines_are_covered", "test_no_new_slow_tests", "test_no_module_below_floor"


def understood(line: str) -> tuple[str, dict[str, str], str]:
    """Read a workflow command as GitHub's runner does."""
    name, properties, data = re.fullmatch(r"::(\w+) (.*?)::(.*)", line, re.DOTALL).groups()  # type: ignore[union-attr]

    def unescaped(escaped: str, codes: str) -> str:
        for each in [*codes.split(), "%25"]:
            escaped = escaped.replace(each, chr(int(each[1:], 16)))
        return escaped

    pairs = (pair.split("=", 1) for pair in properties.split(","))
    return name, {key: unescaped(value, "%0D %0A %3A %2C") for key, value in pairs}, unescaped(data, "%0D %0A")


class TestAnnotations:
    @given(ANY, ANY, ANY)
    def test_no_text_breaks_out_of_its_command(self, path: str, title: str, words: str) -> None:
        line = command(Finding("check", "", path, 3, 5, title, words[:900], is_error=True))
        assert not re.search("[\r\n]", line)
        name, properties, data = understood(line)
        assert name == "error"
        assert properties == {"file": path, "line": "3", "endLine": "5", "title": title}
        assert data == visible(words[:900])

    def test_what_is_about_no_line_names_none(self) -> None:
        assert command(Finding("check", "", "policy.toml", 0, 0, "a", "b", is_error=False)) == "::warning title=a::b"

    def test_as_many_as_github_shows_the_first_first(self) -> None:
        found = [Finding("check", "", "a.py", n, n, "", "", is_error=n % 2 == 0) for n in range(1, 31)]
        lines = list(commands(found))
        assert [line.partition(" ")[0] for line in lines] == ["::error"] * 10 + ["::warning"] * 10
        assert "line=2," in lines[0]


class TestMarkdown:
    @given(ANY)
    def test_a_text_is_shown_as_it_is(self, words: str) -> None:
        for source in (f"x {text(words)}", table(("head",), (f"x {text(words)}",)), f"<details>\n\nx {text(words)}"):
            tokens = [each for each in MARKDOWN.parse(source) if each.type == "inline" and each.content != "head"]
            assert len(tokens) == 1, source
            children = tokens[0].children or []
            assert {child.type for child in children} <= {"text", "text_special"}, source
            assert "".join(child.content for child in children).strip() == f"x {visible(words)}".strip()
            assert "://" not in source
            assert "www." not in source.lower()

    @given(ANY)
    def test_code_is_shown_as_it_is(self, words: str) -> None:
        for source in (f"x {code(words)}", table(("head",), (f"x {code(words)}",))):
            (token,) = [each for each in MARKDOWN.parse(source) if each.type == "inline" and each.content != "head"]
            children = [each for each in token.children or [] if each.type not in {"text", "text_special"}]
            kinds = [(each.type, each.content) for each in children]
            shown = [("code_inline", visible(words))]
            assert kinds in (shown, [("html_inline", "<code>"), ("html_inline", "</code>")]), source

    def test_what_is_a_secret_stays_literal(self) -> None:
        assert code("test_a[ghp_aB-1.2+3/4=]") == "`test_a[ghp_aB-1.2+3/4=]`"
        assert text("aB-1.2+3/4=") == "aB-1.2+3/4="

    @given(ANY)
    def test_a_block_of_code_ends_at_its_end(self, words: str) -> None:
        tokens: list[Token] = MARKDOWN.parse(f"{fenced(words)}\n\nafter")
        assert [token.type for token in tokens] == ["fence", "paragraph_open", "inline", "paragraph_close"]
        assert tokens[0].content == f"{visible(words, lines=True)}\n"

    def test_nothing_is_turned_around_or_hidden(self) -> None:
        assert visible("a\u202eb\x1b[1m\n\ud800é") == "a\\u202eb\\x1b[1m\\n\\ud800é"
        assert visible("a\tb\nc\x1b", lines=True) == "a\tb\nc\\x1b"


class TestRoom:
    @given(st.lists(st.text(max_size=50)), st.integers(min_value=0, max_value=800))
    def test_a_summary_is_never_larger_than_its_room(self, parts: list[str], room: int) -> None:
        parts = [part.encode("utf-8", "replace").decode() for part in parts]
        whole = step_summary.fitted(iter(parts), room)
        assert len(whole) <= room
        everything = "".join(f"\n{part}\n" for part in parts).encode()
        assert whole == everything or b"left out" in whole or len(everything) > room - 100

    def test_a_thousand_long_ids_fit(self) -> None:
        verdicts = {f"test_{n}": Verdict(Outcome.FAILED, "|" * 2000, "x" * 100_000) for n in range(300)}
        verdicts = {name: Verdict(each.outcome, f"{name} {each.line}", each.details) for name, each in verdicts.items()}
        whole = step_summary.fitted(step_summary.blocks(Seen(verdicts=verdicts)), step_summary.LARGEST)
        assert len(whole) <= step_summary.LARGEST
        assert b"300 of 300 verdicts fail" in whole
        assert b"What does not fit into a step summary was left out" in whole


def seen(**others: object) -> Seen:
    """Give what a session with something of everything has found."""
    run = SuiteRun(
        tests=(
            TestTiming("tests/a.py::test_slow[x|y]", 0.0, 2.0, 0.0, 0.0, "passed", 0.5),
            TestTiming("tests/a.py::test_bad", 0.0, 0.1, 0.0, 0.0, "failed", 0.1),
        ),
        coverage=MeasuredCoverage((FileCoverage("src/a.py", 10, 8, 0, 0, "1-2", "3-10"),), None, ("src/a",)),
        seconds=3.0,
    )
    known = tuple(
        KnownSlow(f"tests/{name}.py", 3.0, "real | <b>", TODAY + timedelta(days=days))
        for name, days in (("late", 31), ("soon", 1), ("gone", -1))
    )
    facts: dict[str, object] = {
        "verdicts": {
            CHANGED: Verdict(Outcome.FAILED, "Of 4 lines …", "Cover them."),
            SLOW: Verdict(Outcome.FAILED, "1 test is slower.", "Next: a cure."),
            FLOOR: Verdict(Outcome.PASSED, "No module is below."),
            "test_suite_has_not_slowed_down": Verdict(Outcome.NOT_JUDGED, "not judged: elsewhere", optional=True),
        },
        "run": run,
        "standards": Standards(parse_policy({"slow_tests": {"limit_seconds": 1}}), known, TODAY),
        "uncovered": {"src/a.py": [3, 4, 5, 9], "src/b.py": [1]},
        "slow": ((run.tests[0], "1.5 s slept at src/a.py:3. Take `virtual_clock`", "tests/a.py", 7),),
    }
    return Seen(**{**facts, **others})  # type: ignore[arg-type]


class TestFindings:
    def test_each_kind_takes_its_turn_and_what_fails_is_first(self) -> None:
        found = findings(seen(gate=Gate("main", ("tests/meta/policy.toml",))))
        places = [(finding.check, finding.path, finding.line, finding.last, finding.is_error) for finding in found]
        assert places == [
            (CHANGED, "src/a.py", 3, 5, True),
            (SLOW, "tests/a.py", 7, 7, True),
            (CHANGED, "src/a.py", 9, 9, True),
            (CHANGED, "src/b.py", 1, 1, True),
            ("settings-changed", "tests/meta/policy.toml", 1, 1, False),
        ]
        assert found[1].text.startswith("tests/a.py::test_slow[x|y] took 2.00 s, the limit is 1 s. 1.5 s slept at")

    def test_uncovered_lines_only_warn_where_enough_is_covered(self) -> None:
        green = {CHANGED: Verdict(Outcome.PASSED, "Enough.")}
        assert {finding.is_error for finding in findings(seen(verdicts=green, slow=()))} == {False}

    def test_a_red_verdict_about_no_line_is_there_once(self) -> None:
        broken = dict.fromkeys(("test_a", "test_b"), Verdict(Outcome.FAILED, "The suite could not be judged."))
        (found,) = findings(Seen(verdicts=broken))
        assert (found.line, found.is_error, found.text) == (0, True, "The suite could not be judged.")

    def test_what_cannot_judge_fails_in_ci_unless_it_need_not(self) -> None:
        words = {"a": Verdict(Outcome.NOT_JUDGED, "a"), "b": Verdict(Outcome.NOT_JUDGED, "b", optional=True)}
        assert [finding.check for finding in findings(Seen(verdicts=words))] == ["a"]
        assert findings(Seen(verdicts=words, strict=False)) == []

    def test_gitlabs_report_has_what_its_schema_asks_for(self) -> None:
        rows = json.loads(code_quality.report(findings(seen())))
        assert len({row["fingerprint"] for row in rows}) == len(rows) == 4
        for row in rows:
            assert set(row) == {"description", "check_name", "fingerprint", "severity", "location"}
            assert row["severity"] in {"info", "minor", "major", "critical", "blocker"}
            assert row["location"]["lines"]["begin"] >= 1
        assert json.loads(code_quality.report([])) == []
        (row,) = json.loads(code_quality.report(findings(Seen(silence="it was interrupted"))))
        assert (row["description"], row["location"]["path"]) == (
            "Nothing was judged: it was interrupted",
            "tests/meta/policy.toml",
        )


class TestSummary:
    def test_it_has_everything_that_a_reader_needs(self) -> None:
        gate = Gate("main, 123456789", ("tests/meta/policy.toml",), ("tests/meta/x.py",), "-minimum = 80\n+minimum = 1")
        html = MARKDOWN.render("\n\n".join(step_summary.blocks(seen(gate=gate, took=(1.0, 2.0)))))
        shown = re.sub(r"<[^>]*>", "", html).replace("\xa0", " ")
        for words in (
            "meta-tests: ❌ 2 of 4 verdicts fail",
            "Of 4 lines …",
            "⚪ NOT JUDGED",
            "The gate itself was changed on this branch",
            "+minimum = 1",
            "python -m pytest tests/meta",
            "Cover them.",
            "Next: a cure.",
            "1 test of the suite failed",
            "python -m pytest tests/a.py::test_bad",
            "tests/a.py::test_slow[x|y]",
            "1.5 s slept at src/a.py:3. Take `virtual_clock`",
            "computed 0.10 s, waited 0.00 s",
            "src/a.py",
            "100.00 %",
            "+1.00",
            "its excuse ends on 2027-01-05, in 1 day",
            "its excuse ended on 2027-01-03",
        ):
            assert words in shown, words
        assert "real | &lt;b&gt;" in html
        assert "tests/late.py" not in shown
        assert "<b>" not in html

    def test_green_is_short_and_says_so(self) -> None:
        whole = "\n".join(step_summary.blocks(Seen(verdicts={FLOOR: Verdict(Outcome.PASSED, "Fine.")})))
        assert "✅ no verdict of 1 fails" in whole
        assert "What to do" not in whole
        assert "gate" not in whole

    def test_nothing_judged_is_not_green(self) -> None:
        whole = "\n".join(step_summary.blocks(Seen(silence="the session was interrupted")))
        assert "❌ nothing was judged" in whole
        assert "the session was interrupted" in whole


@pytest.mark.parametrize(
    ("names", "line"),
    [(["test_a"], 3), (["TestB", "test_c"], 8), (["TestB", "inherited"], 7), (["gone"], 1), ([], 1)],
)
def test_the_line_of_a_test(names: list[str], line: int) -> None:
    source = "import x\n\ndef test_a():\n    pass\n\n@x\nclass TestB:\n    async def test_c(self): ...\n"
    assert line_of(source, names) == line
    assert line_of("def broken(:", names) == 1
