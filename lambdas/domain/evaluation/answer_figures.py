"""What is counted of an arm's answers: figures, and none of the texts, which may fill a function's memory."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypeVar

from lambdas.domain.core.counted import counted
from lambdas.domain.core.timestamps import seconds_between
from lambdas.domain.evaluation.answers import StoredLine, UnansweredLine

Number = TypeVar("Number", int, float)
# Converse's stop reasons.
_CUT_OFF = "max_tokens"
_REFUSALS = frozenset({"content_filtered", "guardrail_intervened", "refusal"})
_REFUSAL = re.compile(
    r"\s*((i\W?m |i am )?(sorry|afraid)\W+(but )?)?"
    r"(as an ai\b|i (can\W?t|cannot|can not|won\W?t|will not|am unable to|am not able to) )",
    re.IGNORECASE,
)

# The verdict tells where more in a hundred answers are missing, or did not end by themselves.
TOLD_PERCENT = 1
# Every other reason says that the answer was cut off, refused or malformed.
OWN_ENDS = {"end_turn", "stop_sequence"}


@dataclass
class AnswerFigures:
    """An arm's figures; the lists have a place for each test record, None where it has no answer or it is not known.

    `given` has a byte for each record, 1 where it has an answer. The tokens of batch jobs are part of all tokens.
    `empty` answers have no text; `refused` are those that a filter stopped, or that begin as models refuse in English.
    `first_asked` and `last_answered` are timestamps, None where there is no answer at all.
    """

    output_tokens: list[int | None] = field(default_factory=list)
    latency_ms: list[int | None] = field(default_factory=list)
    given: bytearray = field(default_factory=bytearray)
    input_tokens: int = 0
    batch_input_tokens: int = 0
    batch_output_tokens: int = 0
    stop_reasons: Counter[str] = field(default_factory=Counter)
    empty: int = 0
    refused: int = 0
    first_asked: str | None = None
    last_answered: str | None = None

    def add(self, line: StoredLine) -> None:
        """Counts the next test record's line."""
        self.given.append(not isinstance(line, UnansweredLine))
        if isinstance(line, UnansweredLine):
            self.output_tokens.append(None)
            self.latency_ms.append(None)
            return
        self.output_tokens.append(line.output_tokens)
        self.latency_ms.append(line.latency_ms)
        self.input_tokens += line.input_tokens or 0
        if line.in_batch:
            self.batch_input_tokens += line.input_tokens or 0
            self.batch_output_tokens += line.output_tokens or 0
        if line.stop_reason is not None:
            self.stop_reasons[line.stop_reason] += 1
        self.empty += not line.response.strip()
        self.refused += line.stop_reason in _REFUSALS or bool(_REFUSAL.match(line.response))
        if line.asked_at is not None and line.answered_at is not None:
            self.first_asked = min(self.first_asked or line.asked_at, line.asked_at)
            self.last_answered = max(self.last_answered or line.answered_at, line.answered_at)

    @property
    def records(self) -> int:
        """How many test records the arm was asked."""
        return len(self.given)

    @property
    def answers(self) -> int:
        """How many of them it answered."""
        return self.given.count(1)

    @property
    def lost(self) -> int:
        """How many of them it did not answer."""
        return self.records - self.answers

    @property
    def truncated(self) -> int:
        """How many answers end where the limit on tokens cut them off."""
        return self.stop_reasons[_CUT_OFF]


def describe_unfinished(arm: str, figures: AnswerFigures) -> str | None:
    """How many of an arm's answers did not end by themselves, where that is more than 1 %: scores may rest on it."""
    found = Counter({reason: n for reason, n in figures.stop_reasons.items() if reason not in OWN_ENDS})
    if found.total() * 100 <= TOLD_PERCENT * figures.answers:
        return None
    reasons = ", ".join(f"{n} {reason}" for reason, n in found.most_common())
    advice = " Set a larger evaluation.max_tokens for those that were cut off." if "max_tokens" in found else ""
    ended, scored = ("itself", "is scored as it is") if found.total() == 1 else ("themselves", "are scored as they are")
    of_all = f"{found.total()} of {counted(figures.answers, 'answer')} of {arm}"
    return f"{of_all} did not end by {ended} ({reasons}) and {scored}.{advice}"


def count_figures(lines: Iterable[StoredLine]) -> AnswerFigures:
    """The figures of an arm's lines."""
    figures = AnswerFigures()
    for line in lines:
        figures.add(line)
    return figures


def drop_unknown(values: Iterable[Number | None]) -> list[Number]:
    """The values that are known."""
    return [value for value in values if value is not None]


def answering_seconds(arms: Iterable[AnswerFigures]) -> float | None:
    """The time from the arms' first question to their last answer; None where there is no answer."""
    known = [(one.first_asked, one.last_answered) for one in arms if one.first_asked and one.last_answered]
    if not known:
        return None
    return seconds_between(min(first for first, _ in known), max(last for _, last in known))
