"""A sweep: several customization jobs with different hyperparameters on one training set.

Which hyperparameters matter follows the experience of AWS with Claude 3 Haiku ("Best practices and lessons for
fine-tuning Anthropic's Claude 3 Haiku on Amazon Bedrock"): with 32 to 100 records the batch size, with 1,000 to 10,000
the learning rate, and small sets need more epochs.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import product
from math import prod
from typing import Annotated, NamedTuple

from pydantic import AfterValidator, Field

from lambdas.domain.core import outside_text
from lambdas.domain.core.finding import Finding
from lambdas.domain.core.settings_model import SettingsModel
from lambdas.domain.models import hyperparameters
from lambdas.domain.models.catalogue import BaseModelEntry

# Of a sweep's grid; all are looked at for an even choice.
_MOST_COMBINATIONS = 1_000


def _small(grid: dict[str, list[object]]) -> dict[str, list[object]]:
    combinations = prod(len(values) for values in grid.values())
    if combinations > _MOST_COMBINATIONS:
        raise ValueError(f"the grid has {combinations:,} combinations, of which at most 11 are tried; give fewer")
    return grid


_Grid = Annotated[dict[str, Annotated[list[object], Field(min_length=1, max_length=12)]], AfterValidator(_small)]


class SweepSettings(SettingsModel):
    """Several jobs of one run with different hyperparameters, of which the one with the best validation loss is served.

    `grid` gives each hyperparameter's values, up to 1,000 combinations; without it the jobs are neighbours of the
    recommended values. At most `jobs` are started. `keep_models` keeps the models that were not chosen.
    """

    jobs: int = Field(default=4, ge=2, le=12)
    grid: _Grid = Field(default={})
    keep_models: bool = False


_EPOCHS, _BATCH = ("epochCount",), ("batchSize",)
# Bedrock's names for it differ from model to model.
_RATE = ("learningRateMultiplier", "learningRate")
# What to vary first, and what where that is used up: up to so many training records. Names in one group go in turns.
_BY_RECORDS: tuple[tuple[float, tuple[tuple[str, ...], ...]], ...] = (
    (31, (_EPOCHS, _RATE, _BATCH)),
    (100, (_BATCH, _EPOCHS, _RATE)),
    (999, (_BATCH + _RATE, _EPOCHS)),
    (float("inf"), (_RATE, _BATCH, _EPOCHS)),
)
# How far neighbours are from the recommended value, the nearest first.
_FACTORS = (0.5, 2, 0.25, 4)
Sent = Callable[[Mapping[str, object]], dict[str, str]]


class Variants(NamedTuple):
    """The hyperparameters of each candidate of a training set, first the recommended ones; `note` says what was varied.

    `keep_models` says that a model stays although it is not chosen. The only one always does: what was trained is worth
    more than a month of its storage, also where the run fails before the choice.
    """

    hyperparameters: list[dict[str, str]]
    note: str
    keep_models: bool


def vary_hyperparameters(
    model: BaseModelEntry, chosen: Mapping[str, object], sweep: SweepSettings | None, records: int, *, validated: bool
) -> Variants:
    """What to train with on so many training records; `chosen` are the hyperparameters that run.json sets.

    There is one candidate without a sweep, and without a validation set (`validated`), by which the model is chosen.
    Values that the base model does not take are left out; `findings` reports them.
    """

    def sent(values: Mapping[str, object]) -> dict[str, str]:
        return hyperparameters.for_job(model, {**chosen, **values}, train_records=records, has_validation=validated)

    recommended = sent({})
    if sweep is None or not validated:
        return Variants([recommended], "", keep_models=True)
    if sweep.grid:
        found, note = _of_grid(_valid(model, sweep.grid), recommended, sent, sweep.jobs - 1)
    else:
        found, note = _neighbours(model, recommended, set(chosen), records, sent, sweep.jobs - 1)
    return Variants([recommended, *found], note, keep_models=sweep.keep_models or not found)


def findings(
    model: BaseModelEntry, sweep: SweepSettings, planned_jobs: int, *, most_jobs: int, validated: bool
) -> list[Finding]:
    """What is wrong with a sweep; `planned_jobs` is how many `vary_hyperparameters` gave, `most_jobs` a setting."""
    return [
        *_setting_findings(model, sweep, most_jobs, validated=validated),
        *_grid_findings(model, sweep, planned_jobs),
    ]


def _setting_findings(
    model: BaseModelEntry, sweep: SweepSettings, most_jobs: int, *, validated: bool
) -> Iterator[Finding]:
    if not validated and model.limits.validation is None:
        yield Finding(
            check="sweep-validation",
            severity="error",
            message=f"{model.name} is trained without a validation set, by whose loss a sweep compares its models.",
            remedy="Remove sweep from run.json, or tune another base model.",
        )
    elif not validated:
        yield Finding(
            check="sweep-validation",
            severity="error",
            message="The sweep has no validation set: its models are compared by their validation loss.",
            remedy="Add validation.jsonl, set split.validation above 0 in run.json, or remove sweep from it.",
        )
    if sweep.jobs > most_jobs:
        yield Finding(
            check="sweep-jobs",
            severity="error",
            message=f"The sweep asks for {sweep.jobs} jobs; this environment allows {most_jobs}.",
            remedy="Set a lower sweep.jobs in run.json, or a higher max_sweep_jobs in the environment.",
        )


def _grid_findings(model: BaseModelEntry, sweep: SweepSettings, planned_jobs: int) -> Iterator[Finding]:
    for name, values in sweep.grid.items():
        # A wrong name is wrong once, whatever its values.
        wrong = [each for value in values for each in hyperparameters.findings(model, {name: value})]
        for message in dict.fromkeys(each.message for each in wrong):
            yield Finding(
                check="sweep-grid",
                severity="error",
                message=f"sweep.grid, {outside_text.name(name)}: {message}",
                remedy="Correct sweep.grid in run.json.",
            )
    if planned_jobs == 1:
        yield Finding(
            check="sweep-jobs",
            severity="warning",
            message="The sweep has a single job: no value other than the recommended ones is left to try.",
            remedy="Give sweep.grid values, or take some of the hyperparameters out of run.json.",
        )


def _valid(model: BaseModelEntry, grid: Mapping[str, Sequence[object]]) -> dict[str, list[object]]:
    kept = {
        name: [value for value in values if not hyperparameters.findings(model, {name: value})]
        for name, values in grid.items()
    }
    return {name: values for name, values in kept.items() if values}


def _of_grid(
    grid: Mapping[str, Sequence[object]], recommended: dict[str, str], sent: Sent, most: int
) -> tuple[list[dict[str, str]], str]:
    """The grid's combinations but the recommended one; where they are more, an evenly spread choice of them."""
    combinations = (dict(zip(grid, values, strict=True)) for values in product(*grid.values()))
    others = _new(map(sent, combinations), recommended)
    note = f"The grid has {prod(len(values) for values in grid.values())} combinations"
    if len(others) <= most:
        return others, f"{note}; all were tried, beside the recommended values."
    spread = [others[index * (len(others) - 1) // max(1, most - 1)] for index in range(most)]
    return spread, f"{note}; {most} of them, evenly spread, were tried beside the recommended values."


def _neighbours(
    model: BaseModelEntry, recommended: dict[str, str], fixed: set[str], records: int, sent: Sent, most: int
) -> tuple[list[dict[str, str]], str]:
    """Values below and above the recommended ones, one hyperparameter at a time; what run.json sets stays."""
    groups = next(groups for up_to, groups in _BY_RECORDS if records <= up_to)
    steps = (
        sent({name: _stepped(model, name, float(recommended[name]), factor)})
        for group in groups
        for factor in _FACTORS
        for name in group
        if name in recommended and name not in fixed
    )
    found = _new(steps, recommended)[:most]
    varied = [name for name in recommended if any(one[name] != recommended[name] for one in found)]
    if not varied:
        return found, "No hyperparameter was left to vary."
    return found, f"The recommended values and their neighbours were tried: {', '.join(varied)}."


def _stepped(model: BaseModelEntry, name: str, value: float, factor: float) -> float:
    """A neighbour of the value, within the hyperparameter's range."""
    spec = model.hyperparameters[name]
    stepped = min(spec.maximum, max(spec.minimum, value * factor))
    return float(round(stepped)) if spec.type == "integer" else stepped


def _new(found: Iterable[dict[str, str]], recommended: dict[str, str]) -> list[dict[str, str]]:
    """Without duplicates and without the recommended values, in order."""
    seen: list[dict[str, str]] = [recommended]
    for one in found:
        if one not in seen:
            seen.append(one)
    return seen[1:]
