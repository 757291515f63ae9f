"""Cleaning: which records the judges call incorrect, and which of them leave the training set.

A record leaves it only where all judges call it incorrect. A judge that cannot be read, or did not answer, keeps the
record.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from pydantic import Field

from lambdas.domain.core.fact import Fact
from lambdas.domain.curation.asks import Ask, Replies, StoredReply, ask, ask_id
from lambdas.domain.curation.documents import digest_of_document, digest_of_record
from lambdas.domain.curation.prompts import CurationPrompt, check_record
from lambdas.domain.curation.reading import Correctness, read_correctness
from lambdas.domain.curation.settings import CleanSettings
from lambdas.domain.curation.trouble import ModelTrouble, most_frequent
from lambdas.domain.dataset.set_names import SetName
from lambdas.domain.evaluation.questions import Question

# More is a sign of a wrong judge, or of data that a person must look at first.
MOST_REMOVED_SHARE = 0.2
# Of the removed records, so many are shown to a person.
SHOWN_RECORDS = 20
_REASON = re.compile(r"<reason>([^<]{0,2000})", re.IGNORECASE)


class SetRecord(NamedTuple):
    """A record of a set; `question.index` is its line, counted from 0."""

    set_name: SetName
    question: Question


class JudgeCheck(Fact):
    """What a judge said of a record; `judgement` is null where it did not answer, for the reason in `error`."""

    judge: str
    prompt: str
    judgement: Correctness | None
    reason: str
    error: str | None
    input_tokens: int
    output_tokens: int


class CleanedRecord(Fact):
    """A line of `dataset/cleaning.jsonl`: a record that was judged, and what each judge said.

    `verdict` is "incorrect" only where all judges say so. `record` is the SHA-256 of what the record says, and
    `document` that of the document that it asks about, null where it asks about none.
    """

    set: SetName
    index: int
    verdict: Correctness
    removed: bool
    checks: list[JudgeCheck]
    # Earlier versions stored neither.
    record: str = ""
    document: str | None = None


class CleaningCounts(Fact):
    """report.json's `cleaning`: records of the training set. `unreadable` are those that some judge left open.

    `trouble` is the error that kept judges from replying most often. `held_out_incorrect` counts validation and test
    records, which are reported and never removed.
    """

    judged: int
    incorrect: int
    removed: int
    unreadable: int
    held_out_judged: int = 0
    held_out_incorrect: int = 0
    trouble: ModelTrouble | None = Field(default=None, exclude_if=lambda trouble: trouble is None)

    @property
    def removed_share(self) -> float:
        """Of the training records that were judged."""
        return self.removed / self.judged if self.judged else 0.0

    @property
    def needs_approval(self) -> bool:
        """Whether so many records are removed that a person must say so."""
        return self.removed_share > MOST_REMOVED_SHARE


def clean_asks(records: Iterable[SetRecord], clean: CleanSettings, replies: Replies) -> Iterator[Ask]:
    """What the judges must still be asked about these records."""
    for record in records:

        def make_prompt(again: bool, question: Question = record.question) -> CurationPrompt:
            return check_record(question, again=again)

        for judge in clean.judges:
            found = ask("clean", judge, make_prompt, is_correctness, replies)
            if found is not None:
                yield found


def replies_about(record: SetRecord, clean: CleanSettings, replies: Replies) -> list[StoredReply | None]:
    """The reply of each judge about a record; None where it was not asked."""
    prompt = check_record(record.question)
    return [replies.get(ask_id("clean", judge, prompt)) for judge in clean.judges]


def is_correctness(reply: str) -> bool:
    """Whether a judgement can be read in a reply."""
    return read_correctness(reply) != "unreadable"


def judge_records(records: Iterable[SetRecord], clean: CleanSettings, replies: Replies) -> Iterator[CleanedRecord]:
    """What becomes of each record; all asks have their replies."""
    for record in records:
        found = replies_about(record, clean, replies)
        checks = [_check(judge, reply) for judge, reply in zip(clean.judges, found, strict=True)]
        judgements = [each.judgement for each in checks]
        verdict: Correctness = "correct"
        if all(each == "incorrect" for each in judgements):
            verdict = "incorrect"
        elif any(each in (None, "unreadable") for each in judgements):
            verdict = "unreadable"
        is_removed = verdict == "incorrect" and record.set_name == "train" and clean.mode == "remove"
        yield CleanedRecord(
            set=record.set_name,
            index=record.question.index,
            verdict=verdict,
            removed=is_removed,
            checks=checks,
            record=digest_of_record(record.question),
            document=digest_of_document(record.question),
        )


def count_cleaning(records: Iterable[CleanedRecord]) -> CleaningCounts:
    """The counts of a cleaning, of records that may come one at a time."""
    counts, errors = Counter[str](), Counter[tuple[str, str]]()
    for each in records:
        side = "trained" if each.set == "train" else "held_out"
        counts.update((side, f"{side} {each.verdict}"))
        counts["removed"] += each.removed
        if each.set == "train":
            errors.update((check.judge, check.error) for check in each.checks if check.error is not None)
    return CleaningCounts(
        judged=counts["trained"],
        incorrect=counts["trained incorrect"],
        removed=counts["removed"],
        unreadable=counts["trained unreadable"],
        held_out_judged=counts["held_out"],
        held_out_incorrect=counts["held_out incorrect"],
        trouble=most_frequent(errors),
    )


def _check(judge: str, reply: StoredReply | None) -> JudgeCheck:
    text = reply.text if reply else None
    return JudgeCheck(
        judge=judge,
        prompt=reply.prompt if reply else "",
        judgement=None if text is None else read_correctness(text),
        reason=read_reason(text or ""),
        error=reply.error if reply else "it was not asked",
        input_tokens=reply.input_tokens if reply else 0,
        output_tokens=reply.output_tokens if reply else 0,
    )


def read_reason(reply: str) -> str:
    """The reason in a judge's reply; empty where there is none."""
    found = _REASON.search(reply)
    return " ".join(found[1].split()) if found else ""
