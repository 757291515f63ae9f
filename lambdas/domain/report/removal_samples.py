"""Some of the records that judges call incorrect, as a text: a person reads it before the records are removed."""

from collections.abc import Callable, Iterable

from lambdas.domain.curation.cleaning import CleanedRecord
from lambdas.domain.dataset.set_names import SetName
from lambdas.domain.evaluation.questions import Question
from lambdas.domain.report.curation_samples import DoubtedRecord, choose_records, make_samples

REMOVAL_SAMPLES = "removal.txt"


def tell_removal(judged: Callable[[], Iterable[CleanedRecord]], training: Iterable[Question]) -> str:
    """Prompt, answer and reasons of some training records from all over the set."""
    wanted = {index for name, index in choose_records(judged()) if name == "train"}
    questions: dict[tuple[SetName, int], Question] = {("train", q.index): q for q in training if q.index in wanted}
    chosen = (each for each in judged() if each.set == "train" and each.index in wanted)
    return "\n\n".join(map(_text_of, make_samples(chosen, questions, ()).doubted)) + "\n"


def _text_of(record: DoubtedRecord) -> str:
    said = "\n".join(f"{each.judge} says {each.judgement}: {each.reason}" for each in record.judged)
    return f"--- Training record {record.line}\n{record.prompt}\n--- Answer\n{record.answer}\n--- Why\n{said}"
