"""What is said of a proof: from what was planted and what the verdict said to words. Decided without pytest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .answer import Answer

RED, GREEN = "RED", "STILL GREEN"
OTHERWISE = "RED FOR ANOTHER REASON"
NOT_JUDGED, NEED_NOT, NOTHING_DEMANDED = "NOT JUDGED", "NEED NOT JUDGE", "DEMANDS NOTHING"
NOT_PLANTED, NOT_KNOWN, NOT_ASKED, NO_RUN = "NOT PLANTED", "NO PROOF KNOWN", "NOT ASKED", "NOT PROVED"
_AFTER = {
    GREEN: "The verdict does not see what it is there for. Does policy.toml excuse it, or have its test, or the "
    "code that decides it, been changed?",
    OTHERWISE: "Its message does not name what was planted. If it is red without that, too, mend that first: "
    "python -m pytest tests/meta",
    NOT_JUDGED: "A verdict that cannot judge lets everything through. Its message says what it lacks.",
    NOT_PLANTED: "So nothing is known of this verdict.",
    NOT_KNOWN: "This version of tests/meta has no violation to plant for it (meta_regime/extras/prove/plants.py).",
    NOT_ASKED: "The verdict test is here, and was not run in the copy. What deselects it?",
}


@dataclass(frozen=True)
class Proof:
    """What was planted for a verdict, and what came of it.

    `holds` is None where there was nothing to prove: nothing is demanded, or the verdict need not judge here.
    """

    verdict: str
    state: str
    planted: str = ""
    said: str = ""
    message: str = ""

    @property
    def holds(self) -> bool | None:
        """Whether the verdict has been red for what was planted."""
        return None if self.state in (NOTHING_DEMANDED, NEED_NOT) else self.state == RED

    @property
    def line(self) -> str:
        """The whole in a line."""
        about = f": {self.said or self.planted}" if self.said or self.planted else ""
        return f"{self.state.lower()}{about}" if self.state != GREEN else f"still green, with {self.planted}"

    @property
    def told(self) -> list[str]:
        """The lines below the verdict's name."""
        label = "it says" if self.state in (RED, OTHERWISE, GREEN, NOT_JUDGED, NEED_NOT) else "because"
        lines = ((self.planted, "planted"), (self.said, label))
        return [f"{name}: {text}" for text, name in lines if text]

    @property
    def details(self) -> str:
        """What to know, and the whole message."""
        planted = [f"Planted: {self.planted}."] if self.planted and self.state != GREEN else []
        message = [f"It said:\n\n{self.message}"] if "\n" in self.message else []
        return "\n\n".join([*planted, *filter(None, [_AFTER.get(self.state, "")]), *message])


def decided(verdict: str, planted: str, marks: Sequence[str], answer: Answer | None) -> Proof:
    """Compare what a verdict said with the words that must stand in it if it is due to what was planted."""
    if answer is None:
        return Proof(verdict, NOT_ASKED, planted)
    said = answer.line.strip().splitlines()[0] if answer.line.strip() else "nothing at all"
    said, message = said.removeprefix("not judged: "), answer.message
    if answer.verdict == "not judged" or answer.test == "skipped":
        return Proof(verdict, NEED_NOT if answer.optional else NOT_JUDGED, planted, said, message)
    if "passed" in (answer.verdict, answer.test):
        return Proof(verdict, GREEN, planted, said, message)
    if answer.verdict == "failed" and any(mark in message for mark in marks):
        return Proof(verdict, RED, planted, said)
    return Proof(verdict, OTHERWISE, planted, said, message)


def summed_up(proofs: Sequence[Proof]) -> str:
    """Say in a line how many verdicts bite."""
    names = list(dict.fromkeys(proof.verdict for proof in proofs))
    wrong = list(dict.fromkeys(proof.verdict for proof in proofs if proof.holds is False))
    idle = len({proof.verdict for proof in proofs if proof.holds is None} - set(wrong))
    red = len(names) - len(wrong) - idle
    count = f"{len(names)} verdict{'' if len(names) == 1 else 's'}"
    line = f"{red} of {count} turned red for what was planted"
    line += f"; {idle} {'demands' if idle == 1 else 'demand'} nothing here, or need not judge" if idle else ""
    bites = "The gate bites." if red else "So nothing is proved."
    return f"{line}. Not proved: {', '.join(wrong)}." if wrong else f"{line}. {bites}"
