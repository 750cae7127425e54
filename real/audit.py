"""Asks for known vulnerabilities of every pinned version, and what zizmor minds in the CI files of baked projects.

It fails where something is found, and where it could not be asked. It runs in .venv-audit, which has pip-audit and
zizmor; cookiecutter, which bakes, is in .venv.

    .venv-audit/bin/python real/audit.py
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
HERE = Path(sys.executable).parent
PINS = ("dev", "kit", "beside")
STARTS = {"new project": ["project_slug=shop"], "existing project": ["project_slug=."]}


def asked(pins: Path) -> dict[str, Any]:
    """Ask about the versions in a file of requirements; give what pip-audit says of each, by name."""
    typed: list[str | Path] = [
        HERE / "pip-audit",
        "--requirement",
        pins,
        "--no-deps",
        "--disable-pip",
        "--progress-spinner=off",
    ]
    done = subprocess.run([*typed, "--format=json"], capture_output=True, text=True, check=False)
    try:
        return {
            f"{each['name']} {each.get('version', '')}".strip(): each
            for each in json.loads(done.stdout)["dependencies"]
        }
    except (ValueError, LookupError):
        return {pins.name: {"skip_reason": done.stderr.strip()[-800:]}}


def vulnerabilities(pins: Path) -> str:
    """Give what is known of the versions in a file, or what could not be asked; nothing if all is well.

    pip-audit ends with success where the service knows nothing of a version, or cannot be reached. That is told apart.
    """
    dependencies = asked(pins)
    known = {name: [vuln["id"] for vuln in each.get("vulns", ())] for name, each in dependencies.items()}
    skipped = {name: each["skip_reason"] for name, each in dependencies.items() if "skip_reason" in each}
    lines = [f"{pins.name}: {name}: {', '.join(ids)}" for name, ids in known.items() if ids]
    if skipped:
        name, reason = next(iter(skipped.items()))
        lines.append(
            f"{pins.name}: {len(skipped)} of {len(dependencies)} could not be asked about, as {name}: {reason}"
        )
    print(f"pip-audit, {pins.name}: {len(dependencies)} versions, {'not all well' if lines else 'nothing known'}")
    return "\n".join(lines)


def canary(scratch: Path) -> str:
    """Ask about a version of which much is known; give what is wrong if nothing is said of it."""
    pins = scratch / "canary.txt"
    pins.write_text("jinja2==2.10\n", encoding="utf-8")
    if any(each.get("vulns") for each in asked(pins).values()):
        return ""
    return "The vulnerability service tells nothing of jinja2 2.10, which has known ones: it was not really asked."


def workflow(start: str, folder: Path) -> str:
    """Bake a project, and show its workflow to zizmor; give what it minds, or nothing."""
    bake: list[str | Path] = [ROOT / ".venv" / "bin" / "cookiecutter", "--no-input", "-f", "--output-dir", folder, ROOT]
    settings = folder / "settings.yaml"
    settings.write_text(f"cookiecutters_dir: {folder}/c\nreplay_dir: {folder}/r\n", encoding="utf-8")
    answers = [f"starting_point={start}", *STARTS[start], "ci=github"]
    subprocess.run([*bake[:3], "--config-file", settings, *bake[3:], *answers], check=True, capture_output=True)
    (file,) = folder.rglob("meta-tests.yml")
    done = subprocess.run(
        [HERE / "zizmor", "--offline", "--no-progress", "--min-severity=low", file],
        capture_output=True,
        text=True,
        check=False,
    )
    print(f"zizmor, {start}: {(done.stderr or done.stdout).strip().splitlines()[-1]}")
    return "" if done.returncode == 0 else f"the workflow of the {start}:\n{done.stdout}{done.stderr}"


def main() -> int:
    """Audit all, and say all that is wrong."""
    os.environ["PATH"] = f"{HERE}{os.pathsep}{os.environ['PATH']}"
    with tempfile.TemporaryDirectory(prefix="meta-tests-audit-") as scratch:
        wrong = [canary(Path(scratch))]
    wrong += [vulnerabilities(ROOT / "requirements" / f"{name}.txt") for name in PINS]
    for start in STARTS:
        with tempfile.TemporaryDirectory(prefix="meta-tests-audit-") as scratch:
            wrong.append(workflow(start, Path(scratch)))
    if any(wrong):
        print("\n\n".join(["", *filter(None, wrong)]), file=sys.stderr)
    return 1 if any(wrong) else 0


if __name__ == "__main__":
    sys.exit(main())
