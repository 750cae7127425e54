"""Coverage of a run, taken from coverage.py's own data by its public API: exact counts, no parsing of text."""

from __future__ import annotations

import contextlib
import gc
import importlib.util
import json
import re
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .record import FileCoverage, MeasuredCoverage
from .selection import is_under

_NOT_A_PACKAGE = re.compile(r"_.*|tests?|testing|docs?|examples?|benchmarks|scripts|tools|tasks|setup|conftest|noxfile")

_PACKAGES = "tests/meta/policy.toml, [suite] packages"
_NOTHING = "no data was collected: no test executed anything that is measured"


class CoverageMissingError(Exception):
    """No coverage of the suite's packages can be had from this run; the message says why and what to do."""


def configured_sources(config_file: str | bool) -> tuple[str, ...]:
    """List what the project's coverage settings measure; nothing, where there is no coverage.py to read them."""
    if importlib.util.find_spec("coverage") is None:
        return ()
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
    named = () if tuple(policy_packages) == ("auto",) else tuple(policy_packages)
    found = named or tuple(configured) or discover_packages(root)
    if not found:
        raise CoverageMissingError(f"no package to measure was found; name it in {_PACKAGES}")
    return found


def folder_of(source: str, root: Path) -> Path | None:
    """Find where a source (a folder, or the name of an importable package or module) lies; None if nowhere."""
    if (root / source).is_dir():
        return (root / source).resolve()
    try:
        spec = importlib.util.find_spec(source)
    except (ImportError, ValueError, AttributeError):
        return None
    place = spec and next(iter(spec.submodule_search_locations or [spec.origin or ""]))
    return Path(place).resolve() if place else None


def as_typed(source: str, root: Path) -> str:
    """Give a source as it is best typed after `--cov=`: as a folder, files in it that no test imports count."""
    folder = folder_of(source, root)
    if folder is None or not folder.is_dir():
        return source
    return str(folder.relative_to(root.resolve()) if folder.is_relative_to(root.resolve()) else folder)


def check_sources(
    wanted: Sequence[str], measured: Sequence[str], root: Path, *, namespaces: bool = False
) -> list[Path]:
    """Compare what should be measured with what was; give folders that narrow the report, or none if they agree.

    `namespaces` is coverage.py's include_namespace_packages: without it, files that no test imports count only in a
    source itself, and below it in folders with an `__init__.py`.

    Raises `CoverageMissingError` if a wanted package was not measured, or cannot be found.
    """
    type_this = "type " + " ".join(f"--cov={as_typed(name, root)}" for name in wanted)
    if not measured:
        raise CoverageMissingError(f"--cov without a source leaves out files that no test imports; {type_this}")
    measured_folders = {folder_of(name, root) for name in measured}
    folders, exact = [], True
    for name in wanted:
        folder = folder_of(name, root)
        if folder is None:
            where = f"{_PACKAGES}; else source in the coverage settings"
            raise CoverageMissingError(f"{name!r}, which is to be measured, cannot be found ({where})")
        if not any(other and _reaches(other, folder, namespaces) for other in measured_folders):
            raise CoverageMissingError(f"coverage was measured on {', '.join(measured)}, not on {name}; {type_this}")
        exact &= folder in measured_folders
        folders.append(folder)
    return [] if exact and len(measured_folders) == len(set(wanted)) else folders


def _reaches(source: Path, folder: Path, namespaces: bool) -> bool:
    between = [path for path in (folder, *folder.parents) if path != source and path.is_relative_to(source)]
    packages = namespaces or all((path / "__init__.py").exists() or path.is_file() for path in between)
    return packages and folder.is_relative_to(source)


def reported_as(folder: Path, measured: Any) -> set[Path]:
    """Give the folder, and that in whose place [paths] of the coverage settings puts it."""
    from coverage.files import PathAliases

    aliases = PathAliases()
    for first, *others in (measured.get_option("paths") or {}).values():
        for pattern in others:
            aliases.add(pattern, first)
    name = folder / "_.py" if folder.is_dir() else folder
    found = Path(aliases.map(str(name), exists=lambda _: True)).resolve()
    return {folder, found.parent if folder.is_dir() else found}


def check_nothing_is_left_out(
    wanted: Sequence[str], coverage: MeasuredCoverage, measured: Any, here: Path, root: Path
) -> None:
    """Raise `CoverageMissingError` if a wanted source, named from `here`, has no file in the data."""
    reported = [Path(root, file.path).resolve() for file in coverage.files]
    for name in wanted:
        folder = folder_of(name, here)
        if folder and not any(is_under(path, reported_as(folder, measured)) for path in reported):
            why = f"no test imports {name}, so coverage.py does not count it"
            raise CoverageMissingError(f"{why}; type --cov={as_typed(name, here)}")


def read_totals(measured: Any, folders: Sequence[Path], root: Path) -> MeasuredCoverage:
    """Take statements, branches and lines of every file, or of those in some folders, from a `coverage.Coverage`.

    Raises `CoverageMissingError` when coverage.py has no data, or cannot read it.
    """
    from coverage.exceptions import CoverageException, NoDataError

    with tempfile.TemporaryDirectory(prefix="meta-tests-") as folder:
        name = Path(folder, "coverage.json")
        collecting = gc.isenabled()
        gc.disable()  # a session has many objects, and a report makes many more that it all needs: a fifth of its time
        try:
            measured.json_report(_files_in(folders, measured) if folders else None, outfile=str(name))
        except NoDataError:
            raise CoverageMissingError(_NOTHING) from None
        except CoverageException as error:
            raise CoverageMissingError(f"coverage.py says: {error} (what cannot be read: omit it)") from None
        finally:
            if collecting:
                gc.enable()
        files = json.loads(name.read_bytes())["files"]
    fail_under = float(measured.get_option("report:fail_under") or 0) or None
    return MeasuredCoverage(tuple(sorted(_file_coverage(path, file, root) for path, file in files.items())), fail_under)


def _files_in(folders: Sequence[Path], measured: Any) -> list[str]:
    """Choose measured files by name: patterns would take the place of `include` in the project's settings."""
    places = {place for folder in folders for place in reported_as(folder, measured)}
    names = {Path(name).resolve(): name for name in measured.get_data().measured_files()}
    found = sorted(name for path, name in names.items() if is_under(path, places))
    if not found:
        raise CoverageMissingError(_NOTHING)
    return found


def _file_coverage(path: str, file: Any, root: Path) -> FileCoverage:
    counts, whole = file["summary"], Path(path).resolve()
    missing, arcs = set(file["missing_lines"]), file.get("missing_branches", ())
    return FileCoverage(
        whole.relative_to(root.resolve()).as_posix() if whole.is_relative_to(root.resolve()) else path,
        counts["num_statements"],
        counts["missing_lines"],
        counts.get("num_branches", 0),
        counts.get("missing_branches", 0),
        ranges(file["executed_lines"]),
        ranges(file["missing_lines"]),
        ranges(file["excluded_lines"]),
        ",".join(f"{line}->{to if to > 0 else 'exit'}" for line, to in arcs if line not in missing),
    )


def ranges(lines: Sequence[int]) -> str:
    """Write ascending numbers in short: `3-5,9`."""
    found: list[list[int]] = []
    for line in lines:
        if not found or line != found[-1][1] + 1:
            found.append([line, line])
        found[-1][1] = line
    return ",".join(f"{first}-{last}" if last > first else f"{first}" for first, last in found)
