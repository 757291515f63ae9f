"""What is wrong with data sets that are compared: too many candidates, or data that no test answers."""

from collections.abc import Iterator, Sequence

from lambdas.domain.core.finding import Finding
from lambdas.domain.core.listing import listed
from lambdas.domain.dataset.planned_set import TrainingData
from lambdas.domain.models.catalogue import BaseModelEntry
from lambdas.domain.training.candidates import MOST_CANDIDATES
from lambdas.domain.training.serve import BEST, Serve, explain_choice, is_served

CHECK = "compare"
_ALL_SERVED = 'Remove serve from run.json, or set it to "all": then all candidates are tested.'


def compare_findings(
    data: Sequence[TrainingData],
    serve: Serve,
    model: BaseModelEntry,
    *,
    sweep_jobs: int | None,
    most_jobs: int,
    validated: bool,
) -> Iterator[Finding]:
    """`data` is that of each candidate, `sweep_jobs` what a sweep asks for, `most_jobs` what the environment allows."""
    yield from _job_findings(data, sweep_jobs, most_jobs)
    yield from _untested_findings(data, serve)
    if not validated:
        takes = model.limits.validation is not None
        why = "Without a validation set" if takes else f"{model.name} takes no validation set, so"
        yield _finding(
            f"{why} no candidate has a validation loss: {explain_choice(data[0])} The verdict is about it.",
            "Add a validation set if the run is to choose by its loss. All data sets are compared on the test set."
            if takes
            else "Nothing has to be done: all data sets are compared on the test set.",
            is_error=False,
        )


def _job_findings(data: Sequence[TrainingData], sweep_jobs: int | None, most_jobs: int) -> Iterator[Finding]:
    sets, total, most = len({*data}), len(data), min(most_jobs, MOST_CANDIDATES)
    if total <= most:
        return
    ways = []
    if sweep_jobs is not None and most >= sets:
        ways.append(f"set sweep.jobs to {most // sets}" if most // sets >= 2 else "remove sweep from run.json")
    if sets > 2 and total // sets * 2 <= most:
        ways.append("compare two data sets")
    if total <= MOST_CANDIDATES:
        ways.append(f"set max_sweep_jobs of the environment to {total}")
    elif not ways:
        ways.append(f"remove sweep from run.json and set max_sweep_jobs of the environment to {sets}")
    each = f" with {total // sets} candidates each" if total > sets else ""
    remedy = " or ".join(ways)
    yield _finding(
        f"{sets} data sets{each} make {total} candidates, each of which is a job; this environment allows {most}.",
        f"{remedy[:1].upper()}{remedy[1:]}.",
    )


def _untested_findings(data: Sequence[TrainingData], serve: Serve) -> Iterator[Finding]:
    """Only a data set with a candidate that answers the test set can win."""
    if serve == BEST:
        yield _finding('"serve": "best" tests the chosen candidate alone, and so a single data set.', _ALL_SERVED)
        return
    tested = {each for number, each in enumerate(data, start=1) if is_served(serve, number, None)}
    if untested := [each for each in dict.fromkeys(data) if each not in tested]:
        numbers = "; ".join(f"{each} has {_numbers(data, each)}" for each in dict.fromkeys(data))
        yield _finding(
            f"serve names no candidate that trains on the data set {listed(untested, len(untested))}.",
            f"{_ALL_SERVED} Or name a candidate of each data set: {numbers}.",
        )


def _numbers(data: Sequence[TrainingData], one: TrainingData) -> str:
    numbers = [number for number, each in enumerate(data, start=1) if each == one]
    return f"{numbers[0]}" if len(numbers) == 1 else f"{numbers[0]} to {numbers[-1]}"


def _finding(message: str, remedy: str, *, is_error: bool = True) -> Finding:
    return Finding(
        check=CHECK,
        severity="error" if is_error else "warning",
        message=f"run.json, /compare: {message}",
        remedy=remedy,
    )
