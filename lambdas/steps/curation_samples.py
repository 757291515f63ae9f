"""Reads what the page shows of records and pairs that models have checked and written."""

from collections.abc import Iterator
from contextlib import suppress

from pydantic import TypeAdapter, ValidationError

from lambdas.adapters.adapters import Adapters
from lambdas.domain.core.errors import InvalidState
from lambdas.domain.core.stored_lines import Line, read_stored_lines
from lambdas.domain.curation.cleaning import CleanedRecord
from lambdas.domain.curation.synthesis import WrittenPair
from lambdas.domain.dataset.set_names import SetName
from lambdas.domain.evaluation.questions import Question, parse_question
from lambdas.domain.report.curation_samples import (
    NO_SAMPLES,
    CurationSamples,
    choose_pairs,
    choose_records,
    make_samples,
)

_RECORDS, _PAIRS = TypeAdapter(CleanedRecord), TypeAdapter(WrittenPair)


def read_samples(bucket: str, prefix: str, *, adapters: Adapters) -> CurationSamples:
    """Some records and pairs; none where there are none, or where another version has written them."""
    # The run has been paid for: it must not cost its page.
    with suppress(InvalidState, ValidationError):
        return _read(bucket, f"{prefix}dataset/", adapters)
    return NO_SAMPLES


def _read(bucket: str, folder: str, adapters: Adapters) -> CurationSamples:
    def records() -> Iterator[CleanedRecord]:
        return _lines(bucket, f"{folder}cleaning.jsonl", _RECORDS, adapters)

    def pairs() -> Iterator[WrittenPair]:
        return _lines(bucket, f"{folder}synthesis.jsonl", _PAIRS, adapters)

    # Each file is read twice, so that few lines are in memory.
    wanted, shown = choose_records(records()), choose_pairs(pairs())
    questions: dict[tuple[SetName, int], Question] = {}
    for name in dict.fromkeys(name for name, _ in wanted):
        for index, line in enumerate(adapters.objects.lines(bucket, f"{folder}{name}.jsonl")):
            if (name, index) in wanted:
                questions[name, index] = parse_question(index, line)
    chosen = (each for each in records() if (each.set, each.index) in wanted) if wanted else ()
    written = (each for place, each in enumerate(pairs()) if place in shown) if shown else ()
    return make_samples(chosen, questions, written)


def _lines(bucket: str, key: str, line_type: TypeAdapter[Line], adapters: Adapters) -> Iterator[Line]:
    return read_stored_lines(adapters.objects.lines(bucket, key), line_type, key.rpartition("/")[2])
