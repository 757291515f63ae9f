"""The models that a run trains: each has hyperparameters and a training set."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from lambdas.domain.core.fact import Fact
from lambdas.domain.core.listing import listed
from lambdas.domain.dataset.planned_set import TrainingData, TrainingSet
from lambdas.domain.models.catalogue import BaseModelEntry
from lambdas.domain.training.sweep import SweepSettings, Variants, vary_hyperparameters

# More are refused: the run's state has room for so many.
MOST_CANDIDATES = 12


class Candidate(Fact):
    """A model to train: its number, from 1, its hyperparameters as Bedrock takes them, and its training set."""

    number: int
    hyperparameters: dict[str, str]
    training_set: TrainingSet


class CandidateVariant(NamedTuple):
    """A candidate to be: how many records it trains on, its hyperparameters, and what its records are.

    Of data that is curated `records` are those of the original training set: how many are left is known later.
    """

    records: int
    hyperparameters: dict[str, str]
    data: TrainingData = "original"


class PlannedVariants(NamedTuple):
    """All variants in the order of their numbers; `note` says what was varied, `keep_models` what stays.

    The first trains on the whole training set with the recommended values; where data sets are compared, on the first
    of them.
    """

    variants: list[CandidateVariant]
    note: str
    keep_models: bool


def plan_variants(
    model: BaseModelEntry,
    chosen: Mapping[str, object],
    sweep: SweepSettings | None,
    sizes: Sequence[int],
    data: Sequence[TrainingData] = ("original",),
    *,
    validated: bool,
) -> PlannedVariants:
    """What to train: for each size what is recommended for it, or its own sweep.

    `sizes` are the records of the training sets, the whole one first; `chosen` are the hyperparameters of run.json.
    Each of several sets of `data` has the same candidates: those of the whole original training set.
    """
    if list(data) != ["original"]:
        # Only between candidates that are otherwise the same does a difference say something of the data.
        varied = vary_hyperparameters(model, chosen, sweep, sizes[0], validated=validated)
        variants = [CandidateVariant(sizes[0], each, one) for one in data for each in varied.hyperparameters]
        note = _note_data(data, varied, sizes[0])
    else:
        by_size = [(size, vary_hyperparameters(model, chosen, sweep, size, validated=validated)) for size in sizes]
        variants = [CandidateVariant(size, each) for size, varied in by_size for each in varied.hyperparameters]
        note = _note(by_size)
    keep = len(variants) == 1 or (sweep is not None and sweep.keep_models)
    return PlannedVariants(variants, note, keep)


def number_candidates(planned: PlannedVariants, training_sets: Sequence[TrainingSet]) -> list[Candidate]:
    """The candidates of a plan; a run with more than these is refused."""
    by_records = {each.records: each for each in training_sets}
    return [
        Candidate(
            number=number,
            hyperparameters=each.hyperparameters,
            training_set=by_records[each.records].model_copy(update={"data": each.data}),
        )
        for number, each in enumerate(planned.variants[:MOST_CANDIDATES], 1)
    ]


def _note_data(data: Sequence[TrainingData], varied: Variants, records: int) -> str:
    equal = f"what run.json does not set is what is recommended for the {records:,} original records."
    if len(data) == 1:
        return f"Trained on the data set {data[0]}; {equal} {varied.note}".rstrip()
    note = f"The data sets {listed(data, len(data))} were compared, with equal hyperparameters; {equal}"
    return f"{note} With each: {varied.note}" if varied.note else note


def _note(by_size: Sequence[tuple[int, Variants]]) -> str:
    if len(by_size) == 1:
        return by_size[0][1].note
    sizes = _listed([size for size, _ in by_size])
    notes = {varied.note: [size for size, other in by_size if other.note == varied.note] for _, varied in by_size}
    if not any(notes):
        return f"Training sets of {sizes} records were tried, each with the values recommended for its size."
    if len(notes) == 1:
        return f"Training sets of {sizes} records were tried. With each: {next(iter(notes))}"
    told = " ".join(f"With {_listed(these)} records: {note}" for note, these in notes.items())
    return f"Training sets of {sizes} records were tried. {told}"


def _listed(sizes: Sequence[int]) -> str:
    return listed([f"{size:,}" for size in sizes], MOST_CANDIDATES)
