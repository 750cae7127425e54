"""The page: one file, with plotly in it, and a policy by which a browser asks no network and runs no other code."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ...policy import Policy
from ...record import SuiteRun
from ...time_verdicts import seconds
from ...verdict import Verdict, percent
from .by_cause import CausesOf
from .escaping import in_script, name, prose
from .looks import SCRIPT, STYLE
from .past import Past
from .sections import Section, coverage_section, past_section, slowest_section, time_section, verdicts_section


class Report(NamedTuple):
    """All that the page shows. `causes` are those of the tests that were run again, by their names."""

    project: str
    date: str
    run: SuiteRun
    policy: Policy
    verdicts: Mapping[str, Verdict]
    causes: CausesOf
    past: Past


def page_of(report: Report, plotly_js: str) -> str:
    """Give the text of the whole page."""
    run = report.run
    sections = [
        verdicts_section(report.verdicts),
        time_section(run, report.causes),
        slowest_section(run, report.causes),
        coverage_section(run.coverage, run.coverage_missing),
        past_section(report.past),
    ]
    figures = {anchor: figure for section in sections for anchor, figure in section.figures.items()}
    scripts = [plotly_js.replace("</script", "<\\/script").replace("<!--", "<\\!--"), SCRIPT]
    title = f"meta-tests: {prose(report.project)}"
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{_security(scripts)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>{title}</title>
<style>{STYLE}</style>
</head>
<body>
<a class="skip" href="#main">Skip to the verdicts</a>
<header>
<h1>meta-tests: {name(report.project)}</h1>
{_facts(report)}
<nav aria-label="Parts of this page"><ul>{_links(sections)}</ul></nav>
</header>
<main id="main" tabindex="-1">
<noscript><p>The charts need JavaScript. The tables below them say the same.</p></noscript>
{"".join(section.html for section in sections)}
</main>
<script id="figures" type="application/json">{in_script(figures)}</script>
{"".join(f"<script>{script}</script>" for script in scripts)}
</body>
</html>
"""


def _security(scripts: Sequence[str]) -> str:
    """Allow the scripts of this page, by their digests, and nothing from anywhere. (plotly sets styles as it draws.)"""
    digests = (base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts)
    allowed = " ".join(f"'sha256-{digest}'" for digest in digests)
    rest = "style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
    return f"default-src 'none'; script-src {allowed}; {rest}"


def _facts(report: Report) -> str:
    run, policy = report.run, report.policy
    facts = [("Run", prose(run.source), f"judged on {report.date}")]
    if run.coverage is not None:
        asked = policy.coverage.minimum if run.coverage.fail_under is None else run.coverage.fail_under
        facts.append(("Total coverage", percent(run.coverage.percent), f"the minimum is {asked:g} %"))
    else:
        facts.append(("Total coverage", "not measured", prose(run.coverage_missing)))
    queued = f", {seconds(run.queued)} queueing" if run.queued >= 0.5 else ""
    facts.append(
        ("The suite took", seconds(run.owned), f"its budget is {policy.performance.suite_seconds:g} s{queued}")
    )
    processes = f"{run.shards} shards" if run.shards else f"{run.workers} workers" if run.workers else "one process"
    failed = f"{len(run.failed)} failed, " if run.failed else ""
    facts.append(("Tests", f"{len(run.tests):,}", f"{failed}in {processes}"))
    return f"<dl>{''.join(f'<div><dt>{a}</dt><dd>{b}<small>{c}</small></dd></div>' for a, b, c in facts)}</dl>"


def _links(sections: Sequence[Section]) -> str:
    return "".join(f'<li><a href="#{section.anchor}">{section.title}</a></li>' for section in sections)
