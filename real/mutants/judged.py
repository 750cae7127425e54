"""What is mutated: the modules that decide, below meta_regime, and the tests that must notice, below tests.

Before the bar, files with functions tested as such: their quick tests are tried on every mutant, and then the others.
After it, files of whole sessions, for a mutant that all of those miss.
"""

from __future__ import annotations

MODULES: dict[str, str] = {
    "verdict.py": "test_verdicts test_policy test_known_slow | test_exactness test_judged_session test_honesty",
    "coverage_verdicts.py": "test_verdicts test_fuzz | test_plan test_exactness test_judged_session",
    "time_verdicts.py": "test_verdicts test_known_slow | test_known_slow_sessions test_judged_session",
    "selection.py": "test_selection | test_layouts test_judged_session test_honesty",
    "taken.py": "test_taken | test_exactness",
    "record.py": "test_record test_verdicts test_time_split | test_plan test_exactness test_account",
    "policy.py": "test_policy test_fuzz | test_start_here test_judged_session",
    "extras/ratchet/baseline.py": "test_baseline test_ratchet_wording | test_ratchet test_ratchet_and_reviewers",
    "extras/ratchet/judging.py": "test_ratchet_decided | test_ratchet test_ratchet_and_reviewers",
    "extras/ratchet/history.py": "test_ratchet_decided | test_ratchet test_ratchet_and_reviewers",
    "extras/ratchet/wording.py": "test_ratchet_wording | test_ratchet test_ratchet_and_reviewers",
    "extras/shards/merge.py": "test_merging_shards test_fuzz | test_shards test_ci_shards",
    "extras/floors.py": "test_floors",
    "extras/changed_lines.py": "test_changed_lines_decided | test_changed_lines",
    "extras/_lines.py": "test_changed_lines_decided | test_plan",
    "extras/known_slow/stale.py": "test_known_slow_list | test_known_slow_sessions",
    "extras/known_slow/entries.py": "test_known_slow test_known_slow_list | test_known_slow_sessions",
    "extras/known_slow/trimming.py": "test_known_slow_list | test_known_slow_sessions",
    "extras/skips.py": "test_skips test_checks test_gathered",
    "extras/categories.py": "test_categories_decided test_checks test_gathered | test_categories",
    "extras/strictness.py": "test_strictness test_checks",
    "extras/_checks.py": "test_checks | test_skips test_wiring_rules",
    "extras/_gathered.py": "test_gathered test_skips test_categories | test_shards",
    "extras/wiring/rules.py": "test_wiring_rules | test_wiring_sessions",
    "extras/wiring/reach.py": "test_wiring_parts test_wiring_rules | test_wiring_sessions",
    "extras/wiring/thresholds.py": "test_thresholds test_wiring_rules | test_wiring_sessions",
    "extras/wiring/hooks.py": "test_wiring_parts test_wiring_rules | test_wiring_sessions",
    "extras/wiring/loading.py": "test_wiring_parts test_wiring_rules | test_wiring_sessions",
    "extras/side_effects/rules.py": "test_checks | test_side_effects",
    "extras/left_out.py": "test_left_out test_gathered | test_honesty test_coverage_trouble",
    "extras/_baseline_file.py": "test_baseline test_timings test_fuzz | test_ratchet",
    "extras/time_split.py": "test_time_split_decided test_gathered | test_time_split test_judged_session",
    "extras/reuse/tree.py": "test_reuse_tree | test_reuse",
    "extras/reuse/__init__.py": "test_reuse_decided test_reuse_tree | test_reuse",
    "extras/confirm/__init__.py": "test_confirmed test_confirmed_child | test_confirm",
    "extras/confirm/judging.py": "test_confirmed test_confirmed_child | test_confirm",
    "extras/confirm/again.py": "test_confirmed test_confirmed_child | test_confirm",
    "extras/confirm/examine.py": "test_examined test_examined_stacks | test_confirm",
    "extras/slowdown/timings.py": "test_timings test_timings_kept test_timings_compared | test_slowdown",
    "extras/slowdown/compare.py": "test_timings test_timings_compared | test_slowdown",
}
