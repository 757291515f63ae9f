"""What report.json says of the sizes of the training set, and of the best of the candidates that were tested."""

from collections.abc import Mapping, Sequence

from lambdas.domain.core.fact import Fact
from lambdas.domain.evaluation.arms import TUNED, candidate_arm, candidate_number
from lambdas.domain.evaluation.doubling import Doubling
from lambdas.domain.evaluation.evaluate import Evaluation
from lambdas.domain.plan.plan import Plan
from lambdas.domain.training.candidate_jobs import CandidateJob, Jobs


class CurvePoint(Fact):
    """A candidate: how many records it was trained on and with which hyperparameters, and what came of it.

    `value` is its score on the `metric` with its 95 % `interval`, null where it was not served. `best` says that it is
    the one of its size that the curve goes through: of those that were served the one of the lowest validation loss.
    """

    records: int
    candidate: int
    hyperparameters: dict[str, str]
    validation_loss: float | None
    metric: str
    value: float | None
    interval: tuple[float, float] | None
    served: bool
    best: bool


class LearningCurve(Fact):
    """The candidates by size, other models' scores as `lines` by arm, and what `doubling` the data would add."""

    metric: str
    points: list[CurvePoint]
    lines: dict[str, float]
    doubling: Doubling

    @property
    def best(self) -> list[CurvePoint]:
        """The points that the curve goes through, smallest first."""
        return [point for point in self.points if point.best]


class BestTested(Fact):
    """The candidate with the highest score on the test set, of so many `tested`.

    `flattered` is by how many points the choice of the highest flatters a score: no choice of the run rests on it.
    """

    tested: int
    candidate: int
    metric: str
    value: float
    flattered: float


def curve_arms(plan: Plan, jobs: Jobs, chosen: int, answered: Sequence[str]) -> dict[str, int] | None:
    """The training records of each arm that the curve goes through; None where the run has no learning curve."""
    if not plan.learning_curve:
        return None
    return {
        arm_of(job.number, chosen): job.training_records or 0
        for job in _best_of_sizes(jobs.candidates, chosen, answered)
    }


def arm_of(number: int, chosen: int) -> str:
    """A candidate's arm."""
    return TUNED if number == chosen else candidate_arm(number)


def by_validation_loss(job: CandidateJob) -> tuple[bool, float, int]:
    """The key by which the lowest loss comes first; jobs without one come last."""
    return job.validation_loss is None, job.validation_loss or 0.0, job.number


def _best_of_sizes(jobs: Sequence[CandidateJob], chosen: int, answered: Sequence[str]) -> list[CandidateJob]:
    """Of each size's served candidates the one of the lowest validation loss; of equal ones, of the smallest number."""
    best: dict[int, CandidateJob] = {}
    for job in sorted(jobs, key=by_validation_loss):
        if job.training_records is not None and arm_of(job.number, chosen) in answered:
            best.setdefault(job.training_records, job)
    return [best[records] for records in sorted(best)]


def summarise_curve(plan: Plan, jobs: Jobs | None, chosen: int, evaluation: Evaluation) -> LearningCurve | None:
    """None where the run has no learning curve."""
    scores = evaluation.candidates
    if not plan.learning_curve or jobs is None or scores is None or scores.doubling is None:
        return None
    metric = evaluation.task.metric
    best = {job.number for job in _best_of_sizes(jobs.candidates, chosen, [*scores.intervals])}
    sized = [(job.training_records, job) for job in jobs.candidates if job.training_records is not None]
    return LearningCurve(
        metric=metric,
        points=[
            CurvePoint(
                records=records,
                candidate=job.number,
                hyperparameters=job.hyperparameters,
                validation_loss=job.validation_loss,
                metric=metric,
                value=evaluation.means.get(arm, {}).get(metric),
                interval=scores.intervals.get(arm),
                served=arm in scores.intervals,
                best=job.number in best,
            )
            for records, job in sorted(sized, key=lambda each: (each[0], each[1].number))
            for arm in [arm_of(job.number, chosen)]
        ],
        lines=_lines(plan, evaluation.means, metric),
        doubling=scores.doubling,
    )


def _lines(plan: Plan, means: Mapping[str, Mapping[str, float | None]], metric: str) -> dict[str, float]:
    """The scores of the models that the run did not tune."""
    values = {arm: means.get(arm, {}).get(metric) for arm, one in plan.arms.items() if one.model_id is not None}
    return {arm: value for arm, value in values.items() if value is not None}


def summarise_best(chosen: int, evaluation: Evaluation) -> BestTested | None:
    """None where fewer than two candidates were tested."""
    scores = evaluation.candidates
    if scores is None or scores.best is None or scores.flattered is None:
        return None
    metric = evaluation.task.metric
    value = evaluation.means[scores.best][metric]
    number = candidate_number(scores.best) or chosen
    if value is None:
        return None
    return BestTested(
        tested=len(scores.intervals), candidate=number, metric=metric, value=value, flattered=max(0.0, scores.flattered)
    )
