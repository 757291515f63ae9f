"""A learning curve: candidates that train on parts of the training set of several sizes, each part in the next one."""

from collections.abc import Iterator, Sequence
from typing import Annotated, NamedTuple, Self

from pydantic import ConfigDict, Field, model_validator
from pydantic.config import JsonDict

from lambdas.domain.core.counted import counted
from lambdas.domain.core.finding import Finding
from lambdas.domain.core.listing import listed
from lambdas.domain.core.settings_model import SettingsModel
from lambdas.domain.dataset.split.parts import Parts
from lambdas.domain.models.catalogue import BaseModelEntry
from lambdas.domain.training.candidates import MOST_CANDIDATES

# Each is at least one job.
_MOST_SIZES = 12
_NOT_EMPTY: JsonDict = {"minItems": 1}
CURVE_SIZES, _JOBS = "curve-sizes", "curve-jobs"
# Whole groups may make a part so much larger or smaller than asked for before somebody is told.
_TOLD_DIFFERENCE = 0.2
# A finding has room for so many sizes.
_MOST_TOLD = 4


class LearningCurveSettings(SettingsModel):
    """The sizes of the training sets that a run compares: `fractions` of the training records, or numbers of records.

    The whole training set is always one of them.
    """

    model_config = ConfigDict(json_schema_extra={"oneOf": [{"required": ["fractions"]}, {"required": ["sizes"]}]})

    # For an editor: what refuses an empty list says what to give.
    fractions: list[Annotated[float, Field(gt=0, le=1)]] = Field(
        default=[], max_length=_MOST_SIZES, json_schema_extra=_NOT_EMPTY
    )
    sizes: list[Annotated[int, Field(ge=1)]] = Field(default=[], max_length=_MOST_SIZES, json_schema_extra=_NOT_EMPTY)

    @model_validator(mode="after")
    def _is_one_of_them(self) -> Self:
        if bool(self.fractions) == bool(self.sizes):
            raise ValueError("give either fractions, such as [0.25, 0.5, 1], or sizes, such as [500, 1000]")
        return self


class AskedSize(NamedTuple):
    """A size as run.json has it, and how many records that are."""

    value: float
    records: int

    def __str__(self) -> str:
        return (
            f"{self.value:,}" if self.value == self.records else f"{self.value:g} ({counted(self.records, 'record')})"
        )


def asked_sizes(curve: LearningCurveSettings, records: int) -> list[AskedSize]:
    """The sizes that run.json asks for, of so many training records."""
    fractions = [AskedSize(each, max(1, round(each * records))) for each in curve.fractions]
    return fractions or [AskedSize(each, each) for each in curve.sizes]


def training_sizes(records: int, parts: Parts) -> list[int]:
    """The records of the training sets, the whole one first, then its parts from large to small."""
    return [records, *reversed(parts.sizes)]


def explain_sizes(curve: LearningCurveSettings, records: int, parts: Parts, model: BaseModelEntry) -> str:
    """What became of the sizes that no candidate has, for the plan's note; empty where each has one."""
    asked = asked_sizes(curve, records)
    return " ".join(text for text in (_left_out(asked, model), _merged(asked, parts)) if text)


def size_findings(curve: LearningCurveSettings, records: int, parts: Parts, model: BaseModelEntry) -> Iterator[Finding]:
    """What is wrong with the sizes, or has become of them; `parts` are those that were made for them."""
    asked, least = asked_sizes(curve, records), model.limits.train.min_records
    if above := [each for each in asked if each.records > records]:
        yield _finding(
            f"run.json, /learning_curve/sizes: {listed(above, _MOST_TOLD)} records are asked for; the training set has "
            f"{records:,}.",
            f"Ask for at most {counted(records, 'record')}, hold out less (split in run.json), or add records. The "
            "whole "
            "training set is always a candidate.",
        )
    if left_out := _left_out(asked, model):
        share = f"a fraction of {least / records:.2g}"
        remedy = f"Give larger sizes, of at least {counted(least, 'record')} ({share}), to have more points."
        yield _finding(f"run.json, /learning_curve: {left_out}", remedy, is_error=False)
    if merged := _merged(asked, parts):
        remedy = "Take all but one of them out of run.json, or give sizes that are further apart."
        yield _finding(f"run.json, /learning_curve: {merged}", remedy, is_error=False)
    if coarse := _coarse(asked, parts):
        remedy = "Nothing has to be done. Contexts with fewer records make finer sizes."
        yield _finding(f"run.json, /learning_curve: {coarse}", remedy, is_error=False)
    if not parts.sizes:
        yield _finding(
            f"run.json, /learning_curve: A single size is left, the whole training set of "
            f"{counted(records, 'record')}: there "
            "is no curve.",
            f"Give a size from {least:,} to {records - 1:,} records, add records, or remove learning_curve."
            if least < records
            else "Add records, or remove learning_curve.",
        )


def job_findings(jobs: Sequence[int], sweep_jobs: int | None, most_jobs: int) -> Iterator[Finding]:
    """Too many candidates; `jobs` are those of each size, `sweep_jobs` what a sweep asks for at each."""
    total, sizes, most = sum(jobs), len(jobs), min(most_jobs, MOST_CANDIDATES)
    if total <= most:
        return
    ways = []
    if (fewer := most // max(jobs)) >= 2:
        ways.append(f"give {_sizes(fewer - 1)} beside the whole training set (learning_curve in run.json)")
    if sweep_jobs is not None:
        lower = most // sizes
        ways.append(f"set sweep.jobs to {lower}" if lower >= 2 else "remove sweep from run.json")
    if total <= MOST_CANDIDATES:
        ways.append(f"set max_sweep_jobs of the environment to {total}")
    what = f"{sizes} sizes with up to {max(jobs)} candidates each make" if max(jobs) > 1 else "The sizes make"
    remedy = " or ".join(ways)
    yield Finding(
        check=_JOBS,
        severity="error",
        message=f"run.json, /learning_curve: {what} {total} candidates, each of which is a job; this environment "
        f"allows {most}.",
        remedy=f"{remedy[:1].upper()}{remedy[1:]}.",
    )


def _sizes(number: int) -> str:
    return "one size" if number == 1 else f"at most {number} sizes"


def _finding(message: str, remedy: str, *, is_error: bool = True) -> Finding:
    return Finding(check=CURVE_SIZES, severity="error" if is_error else "warning", message=message, remedy=remedy)


def _left_out(asked: Sequence[AskedSize], model: BaseModelEntry) -> str:
    least = model.limits.train.min_records
    small = [each for each in asked if each.records < least]
    if not small:
        return ""
    return f"Left out: {listed(small, _MOST_TOLD)}, since {model.name} trains on at least {counted(least, 'record')}."


def _merged(asked: Sequence[AskedSize], parts: Parts) -> str:
    sizes: dict[int, list[AskedSize]] = {}
    for each in asked:
        if each.records in parts.found:
            sizes.setdefault(parts.found[each.records], []).append(each)
    return " ".join(
        f"{listed([f'{each.value:,g}' for each in same], _MOST_TOLD)} give the same {counted(size, 'record')}: one "
        "candidate."
        for size, same in sizes.items()
        if len(same) > 1
    )


def _coarse(asked: Sequence[AskedSize], parts: Parts) -> str:
    pairs = {each.records: parts.found[each.records] for each in asked if each.records in parts.found}
    far = [
        f"{size:,} instead of {number:,}"
        for number, size in pairs.items()
        if abs(size - number) > _TOLD_DIFFERENCE * number
    ]
    if not far:
        return ""
    return f"Parts have {listed(far, _MOST_TOLD)} records, since records with the same context stay together."
