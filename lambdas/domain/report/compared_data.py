"""What report.json says of the data sets that candidates trained on: `compare`."""

from collections.abc import Sequence

from lambdas.domain.core.fact import Fact
from lambdas.domain.dataset.planned_set import TrainingData
from lambdas.domain.evaluation.comparisons import Comparison
from lambdas.domain.evaluation.evaluate import Evaluation
from lambdas.domain.plan.plan import Plan
from lambdas.domain.report.learning_curve import arm_of, by_validation_loss
from lambdas.domain.training.candidate_jobs import CandidateJob, Jobs


class ComparedSet(Fact):
    """A data set: its best candidate of those that answered the test set, and what that scored there.

    The best one has the lowest validation loss. `records` are those that it trained on. `score` has a 95 % `interval`;
    both are null where no candidate of the data set answered.
    """

    data: TrainingData
    candidate: int
    records: int
    validation_loss: float | None
    score: float | None
    interval: tuple[float, float] | None


class ComparedData(Fact):
    """The data sets in the order in which they are made, and each against those before it on the same test records.

    The `comparisons` name data sets as `arm` and `against`; their intervals hold together. `winner` is the data set
    that is shown to do better than each other one; null where none is.
    """

    metric: str
    sets: list[ComparedSet]
    comparisons: list[Comparison]
    winner: TrainingData | None

    def shown(self) -> list[Comparison]:
        """The differences that are shown, each from the data set that does better."""
        return [_from_the_better(each) for each in self.comparisons if is_shown(each)]


def data_arms(plan: Plan, jobs: Jobs, chosen: int, answered: Sequence[str]) -> dict[TrainingData, str] | None:
    """The arm of each data set that has one; None where no data sets are compared."""
    best = _best_candidates(plan, jobs, chosen, answered)
    if len(best) < 2:
        return None
    arms = {data: arm_of(job.number, chosen) for data, job in best.items()}
    return {data: arm for data, arm in arms.items() if arm in answered}


def summarise_data(plan: Plan, jobs: Jobs | None, chosen: int, evaluation: Evaluation) -> ComparedData | None:
    """None where no data sets are compared."""
    scores, metric = evaluation.candidates, evaluation.task.metric
    if jobs is None or scores is None:
        return None
    best = _best_candidates(plan, jobs, chosen, [*scores.intervals])
    if len(best) < 2:
        return None
    trained = {each.number: each.training_set.records for each in plan.candidates}
    sets = [
        ComparedSet(
            data=data,
            candidate=job.number,
            records=trained[job.number],
            validation_loss=job.validation_loss,
            score=evaluation.means.get(arm, {}).get(metric),
            interval=scores.intervals.get(arm),
        )
        for data, job in best.items()
        for arm in [arm_of(job.number, chosen)]
    ]
    comparisons = list(scores.data)
    return ComparedData(metric=metric, sets=sets, comparisons=comparisons, winner=_find_winner(sets, comparisons))


def is_shown(comparison: Comparison) -> bool:
    """Whether the interval excludes zero."""
    return comparison.interval is not None and not comparison.interval[0] <= 0 <= comparison.interval[1]


def _best_candidates(plan: Plan, jobs: Jobs, chosen: int, answered: Sequence[str]) -> dict[TrainingData, CandidateJob]:
    """Of each data set the candidate of the lowest validation loss: of those that answered, where there are any."""
    data = {each.number: each.training_set.data for each in plan.candidates}
    ordered = sorted(
        (job for job in jobs.candidates if job.number in data),
        key=lambda job: (arm_of(job.number, chosen) not in answered, *by_validation_loss(job)),
    )
    best: dict[TrainingData, CandidateJob] = {}
    for job in ordered:
        best.setdefault(data[job.number], job)
    return {each: best[each] for each in dict.fromkeys(data.values()) if each in best}


def _find_winner(sets: Sequence[ComparedSet], comparisons: Sequence[Comparison]) -> TrainingData | None:
    """Whoever is shown to be better than each other data set, all of which must have a score."""
    shown = [_from_the_better(each) for each in comparisons if is_shown(each)]
    wins = {each.data: sum(one.arm == each.data for one in shown) for each in sets}
    return next((data for data, won in wins.items() if won == len(sets) - 1), None)


def _from_the_better(found: Comparison) -> Comparison:
    """The same difference from the other side, where the other one does better."""
    if found.difference >= 0:
        return found
    interval = found.interval and (-found.interval[1], -found.interval[0])
    swapped = {
        "arm": found.against,
        "against": found.arm,
        "difference": -found.difference,
        "interval": interval,
        "better": found.worse,
        "worse": found.better,
    }
    return found.model_copy(update=swapped)
