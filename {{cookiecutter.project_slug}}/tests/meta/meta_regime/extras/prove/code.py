"""Names and code that are planted, and what is to be known of the code that is there. Decided without pytest."""

from __future__ import annotations

import ast
import re
import warnings
from pathlib import Path

WORD = "planted_by_meta_prove"


def fitting(pattern: str, word: str) -> str:
    """Put a word in the place of the first star of a pattern."""
    return pattern.replace("*", word, 1).replace("*", "")


def markers_in(expression: str) -> tuple[list[str], set[str]]:
    """Give the markers that an expression of -m asks for, and those that it refuses, as far as is easily seen."""
    refusals = re.findall(r"\bnot\s+\w+|\bnot\s*\([^()]*\)", expression)
    asked = expression
    for refusal in refusals:
        asked = asked.replace(refusal, " ")
    keywords = {"and", "or", "not", "True", "False"}
    words = [dict.fromkeys(re.findall(r"[A-Za-z_]\w*", text)) for text in (asked, " ".join(refusals))]
    wanted, refused = ([word for word in found if word not in keywords] for found in words)
    return wanted, set(refused)


def units(path: Path) -> int:
    """Give no less than the number of statements and branches of a file."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            nodes = list(ast.walk(ast.parse(path.read_bytes())))
    except (OSError, SyntaxError, ValueError, RecursionError):
        return 0
    branching = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.With, ast.AsyncWith, ast.Try, ast.match_case)
    return sum(isinstance(node, ast.stmt) + 2 * isinstance(node, branching) for node in nodes)


def grow(path: Path, lines: int) -> None:
    """Put a function at the end of a file, which is made if need be."""
    before = path.read_bytes() if path.exists() else b""
    end = b"\r\n" if b"\r\n" in before else b"\n"
    code = [f"def {WORD}():", *(["    line = 0"] * lines)]
    gap = end * (3 if before and not before.endswith(b"\n") else 2) if before else b""
    path.write_bytes(before + gap + end.join(line.encode() for line in code) + end)
