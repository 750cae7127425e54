"""Coverage of a run, taken from coverage.py's own data by its public API: exact counts, no parsing of text."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import re
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from .record import FileCoverage, MeasuredCoverage

_NOT_A_PACKAGE = re.compile(r"_.*|tests?|testing|docs?|examples?|benchmarks|scripts|tools|tasks|setup|conftest|noxfile")


class CoverageMissingError(Exception):
    """No coverage of the suite's packages can be had from this run; the message says why and what to do."""


def configured_sources(config_file: str | bool) -> tuple[str, ...]:
    """List what the project's coverage settings measure."""
    import coverage

    return sources_of(coverage.Coverage(data_file=None, config_file=config_file))


def sources_of(measured: Any) -> tuple[str, ...]:
    """List what a `coverage.Coverage` measures: its `source`, `source_pkgs` and `source_dirs`."""
    from coverage.exceptions import ConfigError

    found: list[str] = []
    for option in ("run:source", "run:source_pkgs", "run:source_dirs"):
        with contextlib.suppress(ConfigError):  # source_dirs is unknown to coverage before 7.8
            found += map(str, measured.get_option(option) or ())
    return tuple(found)


def discover_packages(root: Path) -> tuple[str, ...]:
    """Find a project's import packages and modules: those under `src/`, else packages, else modules, at its root."""
    src = root / "src"
    in_src = (path.relative_to(src).parts[0].removesuffix(".py") for path in src.rglob("*.py"))  # namespaces as well
    packages = (path.parent.name for path in root.glob("*/__init__.py"))
    for names in (in_src, packages, (path.stem for path in root.glob("*.py"))):
        found = sorted(name for name in set(names) if name.isidentifier() and not _NOT_A_PACKAGE.fullmatch(name))
        if found:
            return tuple(found)
    return ()


def wanted_sources(policy_packages: Sequence[str], root: Path, configured: Sequence[str]) -> tuple[str, ...]:
    """Tell what the suite is to be measured on: the policy's packages, else the coverage settings', else what is found.

    Raises `CoverageMissingError` if the policy says `auto` and no package can be found.
    """
    if tuple(policy_packages) != ("auto",):
        return tuple(policy_packages)
    if configured:
        return tuple(configured)
    found = discover_packages(root)
    if not found:
        raise CoverageMissingError(
            "no package to measure was found; name it in tests/meta/policy.toml, [suite] packages"
        )
    return found


def folder_of(source: str, root: Path) -> Path | None:
    """Find where a source (a folder, or the name of an importable package or module) lies; None if nowhere."""
    if (root / source).is_dir():
        return (root / source).resolve()
    try:
        spec = importlib.util.find_spec(source)
    except (ImportError, ValueError, AttributeError):
        return None
    if spec is None:
        return None
    if spec.submodule_search_locations:
        return Path(next(iter(spec.submodule_search_locations))).resolve()
    return Path(spec.origin).resolve() if spec.origin else None


def as_typed(source: str, root: Path) -> str:
    """Give a source as it is best typed after `--cov=`: as a folder, files in it that no test imports count."""
    folder = folder_of(source, root)
    if folder is None or not folder.is_dir():
        return source
    return str(folder.relative_to(root.resolve()) if folder.is_relative_to(root.resolve()) else folder)


def check_sources(wanted: Sequence[str], measured: Sequence[str], root: Path) -> list[str]:
    """Compare what should be measured with what was; give globs that narrow the report, or none if they agree.

    Raises `CoverageMissingError` if a wanted package was not measured, or cannot be found.
    """
    type_this = "type " + " ".join(f"--cov={as_typed(name, root)}" for name in wanted)
    if not measured:
        raise CoverageMissingError(f"--cov without a source leaves out files that no test imports; {type_this}")
    measured_folders = {folder_of(name, root) for name in measured}
    globs, exact = [], True
    for name in wanted:
        folder = folder_of(name, root)
        if folder is None:
            raise CoverageMissingError(
                f"{name!r}, which is to be measured, cannot be found "
                "(tests/meta/policy.toml, [suite] packages; else source in the coverage settings)"
            )
        if not any(other is not None and folder.is_relative_to(other) for other in measured_folders):
            raise CoverageMissingError(f"coverage was measured on {', '.join(measured)}, not on {name}; {type_this}")
        exact &= folder in measured_folders
        globs += globs_of(folder)
    return [] if exact and len(measured_folders) == len(set(wanted)) else globs


def globs_of(folder: Path) -> list[str]:
    """Give the patterns that choose a folder, or a file, in coverage.py's reports."""
    return [str(folder), str(folder / "*")]


def check_nothing_is_left_out(wanted: Sequence[str], coverage: MeasuredCoverage, root: Path) -> None:
    """Raise `CoverageMissingError` if a wanted source has no file in the data, because nothing imported it."""
    reported = [Path(root, file.path).resolve() for file in coverage.files]
    for name in wanted:
        folder = folder_of(name, root)
        if folder is not None and not any(path.is_relative_to(folder) for path in reported):
            raise CoverageMissingError(
                f"no test imports {name}, so coverage.py does not count it; type --cov={as_typed(name, root)}"
            )


def read_totals(report: Callable[..., Any], include: Sequence[str], fail_under: float | None) -> MeasuredCoverage:
    """Take statements and branches of every file from coverage.py. `report` is `Coverage.json_report`.

    Raises `CoverageMissingError` when coverage.py has no data, or cannot read it.
    """
    from coverage.exceptions import CoverageException

    with tempfile.TemporaryDirectory(prefix="meta-tests-") as folder:
        name = Path(folder, "coverage.json")
        try:
            report(outfile=str(name), include=list(include) or None)
        except CoverageException as error:
            raise CoverageMissingError(f"coverage.py says: {error}") from None
        files = json.loads(name.read_bytes())["files"]
    rows = []
    for path, file in sorted(files.items()):
        counts = file["summary"]
        branches, missing_branches = counts.get("num_branches", 0), counts.get("missing_branches", 0)
        row = FileCoverage(path, counts["num_statements"], counts["missing_lines"], branches, missing_branches)
        rows.append(row)
    return MeasuredCoverage(tuple(rows), fail_under)
