"""Writes all edits or none, and gives them back.

The journal with the old bytes is `tests/meta/.adopted/journal.json`, beside what was adopted. Its folder has a
.gitignore of its own, as .pytest_cache has, so that git never sees it; and it works without git too. While files are
replaced it is called `unfinished.json`: that stays behind if the process is killed, and `--undo` reads it. What a
second adoption changes is added to the journal of the first, as long as that could be undone.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from .edits import Edit, Problem, check_writable, read_bytes

FOLDER = Path("tests", "meta", ".adopted")


def adopt(edits: Sequence[Edit], root: Path) -> None:
    """Make all edits, and note how to undo them. Raises `Problem` and leaves everything as it was if one fails."""
    folder = root / FOLDER
    unfinished, journal = folder / "unfinished.json", folder / "journal.json"
    fresh = not folder.exists()
    try:
        check_writable(folder, root)
        folder.mkdir(exist_ok=True)
        (folder / ".gitignore").write_text("*\n", encoding="utf-8")
        entries = [_entry(edit, root) for edit in edits]
        both = {"edits": entries, "undo": _with_earlier(entries, journal, root)}
        _write_to_disk(unfinished, json.dumps(both, indent=1).encode())
        write_all(edits, root, lambda: unfinished.replace(journal))
    except BaseException as error:
        if not any(_bytes_or_none(edit.path) == edit.after for edit in edits):  # else --undo needs the journal
            unfinished.unlink(missing_ok=True)
            if fresh:
                shutil.rmtree(folder, ignore_errors=True)
        if isinstance(error, OSError):
            raise Problem(f"nothing was changed: {error}") from None
        raise


def was_interrupted(root: Path) -> bool:
    """Tell whether the last adoption was killed while it replaced files."""
    return (root / FOLDER / "unfinished.json").exists()


def undo(root: Path) -> tuple[list[str], list[str]]:
    """Give back what the last adoption changed; return the names of those files, and of the regime's that were left.

    The regime's own, such as policy.toml, are left if they have been changed since, as --meta-start-here does. Raises
    `Problem`, and touches nothing, if another one has been.
    """
    folder = root / FOLDER
    interrupted = was_interrupted(root)
    journal = folder / ("unfinished.json" if interrupted else "journal.json")
    entries = _read_journal(journal, interrupted=interrupted)
    edits, left, changed = [], [], {}
    for entry in entries:
        path = root / entry["path"]
        before = None if entry["before"] is None else base64.b64decode(entry["before"])
        now = read_bytes(path, entry["path"])
        if now is not None and _digest(now) == entry["after"]:
            edits.append(Edit(path, now, before))
        elif interrupted and now == before:
            continue
        elif Path(entry["path"]).is_relative_to(FOLDER.parent):
            left.append(entry["path"])
        else:
            changed[entry["path"]] = now is None
    if changed:
        raise Problem(_in_the_way(changed))
    try:
        write_all(edits, root, journal.unlink)
    except OSError as error:
        raise Problem(f"nothing was undone: {error}") from None
    if not (folder / "journal.json").exists():  # that of an earlier adoption, if this one was interrupted
        shutil.rmtree(folder, ignore_errors=True)
    for entry in entries:  # what a killed process left beside them
        target = (root / entry["path"]).resolve()
        _old(target).unlink(missing_ok=True)
        _new(target).unlink(missing_ok=True)
    return [edit.path.relative_to(root).as_posix() for edit in edits], left


def _in_the_way(changed: Mapping[str, bool]) -> str:
    """Say which files are not as adopting left them, whether they are gone, and what to do."""
    lines = [
        f"{path} was {'removed' if gone else 'changed'} since; nothing was undone" for path, gone in changed.items()
    ]
    ways = f"""Make it again as adopting left it (git stash takes away what is not committed), and type --undo again;
or take out by hand what adopting added, and delete {FOLDER.as_posix()}, which remembers how it was."""
    return "\n".join([*lines, ways])


def write_all(edits: Sequence[Edit], root: Path, finish: Callable[[], object]) -> None:
    """Make all edits, then call `finish`; if anything fails, put all files back as they were, and raise it.

    Both the new and the old content lie beside a file before the first one is replaced, so only renaming can fail then.
    """
    targets = [edit.path.resolve() for edit in edits]
    staged: list[Path] = []
    done: list[tuple[Edit, Path]] = []
    try:
        for edit, target in zip(edits, targets, strict=True):
            _check_again(edit, root)
            if edit.before is not None:
                staged.append(_old(target))
                shutil.copy2(target, _old(target))
            if edit.after is not None:
                staged.append(_new(target))
                _write_to_disk(_new(target), edit.after)
                if edit.before is not None:
                    shutil.copymode(target, _new(target))
        for edit, target in zip(edits, targets, strict=True):
            done.append((edit, target))  # before, for an interrupt between the two lines
            if edit.after is None:
                target.replace(_old(target))
            else:
                _new(target).replace(target)
        finish()
    except BaseException:
        _put_back(done, staged)
        raise
    finally:
        for beside in staged:
            with suppress(OSError):
                beside.unlink()


def _check_again(edit: Edit, root: Path) -> None:
    """Raise `Problem` if a file has changed since it was looked at, say while the user read the diff."""
    check_writable(edit.path, root)
    if read_bytes(edit.path, edit.path.name) != edit.before:
        raise Problem(f"{edit.path.name} has just been changed by somebody else; start again")


def _put_back(done: Sequence[tuple[Edit, Path]], staged: list[Path]) -> None:
    """Put back the old files; where even that fails, say where the old content lies."""
    lost = []
    for edit, target in reversed(done):
        try:
            if edit.before is None:
                target.unlink(missing_ok=True)
            elif not target.exists() or target.read_bytes() != edit.before:
                _old(target).replace(target)
        except OSError as error:
            staged[:] = [beside for beside in staged if beside != _old(target)]
            lost.append(f"{target} could not be put back ({error.strerror}); as it was it is {_old(target)}")
    if lost:
        raise Problem("\n".join(lost))


def _old(target: Path) -> Path:
    return target.with_name(f".{target.name}.before-adopting")


def _new(target: Path) -> Path:
    return target.with_name(f".{target.name}.adopting")


def _write_to_disk(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _bytes_or_none(path: Path) -> bytes | None:
    return path.read_bytes() if path.exists() else None


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _entry(edit: Edit, root: Path) -> dict[str, Any]:
    return {
        "path": edit.path.relative_to(root).as_posix(),
        "before": None if edit.before is None else base64.b64encode(edit.before).decode(),
        "after": None if edit.after is None else _digest(edit.after),
    }


def _with_earlier(entries: Sequence[dict[str, Any]], journal: Path, root: Path) -> Sequence[dict[str, Any]]:
    """Let undoing reach back to before an earlier adoption, if none of its files was changed since."""
    try:
        earlier = {entry["path"]: entry for entry in _read_journal(journal, interrupted=False)}
    except Problem:
        return entries
    if any(_digest(_bytes_or_none(root / path) or b"") != entry["after"] for path, entry in earlier.items()):
        return entries
    new = [{**entry, "before": earlier.pop(entry["path"], entry)["before"]} for entry in entries]
    return [*earlier.values(), *new]


def _read_journal(path: Path, *, interrupted: bool) -> list[dict[str, Any]]:
    content = read_bytes(path, path.name)
    if content is None:
        raise Problem(f"there is nothing to undo: {FOLDER.as_posix()} has no journal of an adoption")
    try:
        entries: list[dict[str, Any]] = json.loads(content)["edits" if interrupted else "undo"]
    except (ValueError, LookupError, TypeError):
        if interrupted:  # it is whole on the disk before the first file is replaced
            return []
        raise Problem(f"{path} is damaged; nothing can be undone with it. Delete its folder") from None
    return entries
