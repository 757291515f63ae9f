"""What the page shows of single records: those that judges doubt, and pairs that were kept and lost."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, TypeVar

from lambdas.domain.curation.cleaning import SHOWN_RECORDS, CleanedRecord
from lambdas.domain.curation.synthesis import WrittenPair
from lambdas.domain.dataset.set_names import SetName
from lambdas.domain.evaluation.questions import Question
from lambdas.domain.report.error_list import shortened

SHOWN_HELD_OUT = SHOWN_PAIRS = 10
_PROMPT, _TEXT, _REASON = 2_000, 1_000, 500

Item = TypeVar("Item")


class Judged(NamedTuple):
    """What a judge said; `judgement` is None where it gave none."""

    judge: str
    judgement: str | None
    reason: str


class DoubtedRecord(NamedTuple):
    """A record that all judges call incorrect; `line` is its line in its set, counted from 1."""

    set_name: SetName
    line: int
    removed: bool
    prompt: str
    answer: str
    judged: list[Judged]


class CurationSamples(NamedTuple):
    """Records of the training set, then held-out ones, and pairs."""

    doubted: Sequence[DoubtedRecord] = ()
    held_out: Sequence[DoubtedRecord] = ()
    kept: Sequence[WrittenPair] = ()
    lost: Sequence[WrittenPair] = ()


NO_SAMPLES = CurationSamples()


def choose_records(lines: Iterable[CleanedRecord]) -> set[tuple[SetName, int]]:
    """Which records are shown: set and place of some that are called incorrect, from all over their sets."""
    train, held_out = list[tuple[SetName, int]](), list[tuple[SetName, int]]()
    for each in lines:
        if each.verdict == "incorrect":
            (train if each.set == "train" else held_out).append((each.set, each.index))
    return {*spread(train, SHOWN_RECORDS), *spread(held_out, SHOWN_HELD_OUT)}


def choose_pairs(lines: Iterable[WrittenPair]) -> set[int]:
    """Which pairs are shown: the places of some that are kept, and of some that are lost."""
    kept, lost = list[int](), list[int]()
    for place, each in enumerate(lines):
        (kept if each.reached == "kept" else lost).append(place)
    return {*spread(kept, SHOWN_PAIRS), *spread(lost, SHOWN_PAIRS)}


def make_samples(
    records: Iterable[CleanedRecord],
    questions: Mapping[tuple[SetName, int], Question],
    pairs: Iterable[WrittenPair],
) -> CurationSamples:
    """The samples of what was chosen, with the texts that a page has room for."""
    doubted = [_doubted(each, question) for each in records if (question := questions.get((each.set, each.index)))]
    shown = [_cut(each) for each in pairs]
    return CurationSamples(
        doubted=[each for each in doubted if each.set_name == "train"],
        held_out=[each for each in doubted if each.set_name != "train"],
        kept=[each for each in shown if each.reached == "kept"],
        lost=[each for each in shown if each.reached != "kept"],
    )


def spread(items: Sequence[Item], most: int) -> Sequence[Item]:
    """At most so many items, from the first to the last at equal distances."""
    return items if len(items) <= most else [items[at * len(items) // most] for at in range(most)]


def _doubted(record: CleanedRecord, question: Question) -> DoubtedRecord:
    return DoubtedRecord(
        set_name=record.set,
        line=record.index + 1,
        removed=record.removed,
        prompt=shortened(question.prompt, _PROMPT),
        answer=shortened(question.reference, _TEXT),
        judged=[Judged(each.judge, each.judgement, shortened(each.reason, _REASON)) for each in record.checks],
    )


def _cut(pair: WrittenPair) -> WrittenPair:
    texts = {name: shortened(getattr(pair, name), _TEXT) for name in ("question", "answer", "topic", "reason")}
    return pair.model_copy(update=texts)
