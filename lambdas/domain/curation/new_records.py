"""The training records that are made of a teacher's pairs: of those that the checks keep, what may be trained on."""

from collections.abc import Iterable
from typing import NamedTuple

from lambdas.domain.core.errors import LeakFound
from lambdas.domain.curation.asks import Replies
from lambdas.domain.curation.documents import SourceDocument
from lambdas.domain.curation.fitness import explain_unfit
from lambdas.domain.curation.leaks import find_leaks
from lambdas.domain.curation.repeats import find_repeats
from lambdas.domain.curation.settings import SynthesisSettings
from lambdas.domain.curation.synthesis import WrittenPair, follow, keep, record_of
from lambdas.domain.dataset import formats
from lambdas.domain.dataset.formats import Record
from lambdas.domain.models.catalogue import BaseModelEntry

# How often records are looked through for leaks, the last time in vain.
_ROUNDS = 5


class NewRecords(NamedTuple):
    """All pairs with how far they came, and the records of those that are kept, as the base model takes them."""

    pairs: list[WrittenPair]
    records: list[bytes]


def make_records(
    documents: Iterable[SourceDocument],
    synthesis: SynthesisSettings,
    replies: Replies,
    model: BaseModelEntry,
    *,
    held_out: Iterable[Record],
    original: Iterable[Record],
) -> NewRecords:
    """What becomes of each pair; all asks have their replies.

    `held_out` are the validation and test records, `original` the training records; both are gone through more than
    once. Raises LeakFound.
    """
    pairs, made = list[WrittenPair](), dict[int, Record]()
    for document in documents:
        for pair in follow(document, synthesis, replies):
            if pair.reached == "answerable":
                new = record_of(document, pair.pair)
                unfit = explain_unfit(new, model)
                if unfit is None:
                    made[len(pairs)] = new
                else:
                    pair = pair.model_copy(update={"reason": unfit})  # noqa: PLW2901 - the line of the pair
            pairs.append(pair)
    leaking = _leaking(made, held_out, original)
    rest = [place for place in made if place not in leaking]
    repeats = {rest[at] for at in find_repeats([made[place] for place in rest], original)}
    for place in made:
        pairs[place] = keep(pairs[place], leaks=place in leaking, repeats=place in repeats)
    kept = [made[place] for place in rest if place not in repeats]
    return NewRecords(pairs, [formats.dump(each, model.record_format) for each in kept])


def _leaking(made: dict[int, Record], held_out: Iterable[Record], original: Iterable[Record]) -> set[int]:
    """The places of the records that leak. Raises LeakFound where others do whenever these are gone."""
    rest = list(made)
    found = set[int]()
    # What a word weighs depends on all records: without those that leak, others may turn out to.
    for _ in range(_ROUNDS):
        found = find_leaks([made[place] for place in rest], held_out, original)
        if not found:
            return made.keys() - rest
        rest = [place for at, place in enumerate(rest) if at not in found]
    raise LeakFound(
        f"{len(found)} new records resemble validation or test records although those that did were removed "
        f"{_ROUNDS - 1} times: a model trained on them would know the test. Nothing was trained. This is a defect of "
        "the project; without synthesis in run.json the run goes on."
    )
