"""The machinery of the meta-tests regime: plain Python, small modules, nothing to configure in here.

Start reading at `plugin` (what pytest calls), then `session` (how one run is judged) and `verdict` (what is said).
Thresholds are not here: they stand in `tests/meta/policy.toml`.
"""
