"""What report.json says of the run's candidates, and of the values that the served model was trained with."""

from lambdas.domain.core.counted import counted
from lambdas.domain.core.fact import Fact
from lambdas.domain.dataset.planned_set import TrainingData, TrainingSet
from lambdas.domain.models.hyperparameters import Recommendation
from lambdas.domain.plan.plan import Plan
from lambdas.domain.training.candidate_jobs import DELETED, CandidateJob, Jobs
from lambdas.domain.training.choice import TunedModel


class SweepJob(Fact):
    """A job of the run. `kept` says that its model is still there when the run ends, chosen or not."""

    number: int
    name: str
    hyperparameters: dict[str, str]
    status: str
    model_arn: str | None
    training_loss: float | None
    validation_loss: float | None
    failure: str | None
    chosen: bool
    model_deleted: bool
    kept: bool
    # Earlier versions stored none.
    training_records: int | None = None
    data: TrainingData = "original"


class Sweep(Fact):
    """The jobs of the run; `reason` says why one is chosen, `note` what was tried."""

    jobs: list[SweepJob]
    chosen: int | None
    reason: str
    note: str

    @property
    def title(self) -> str:
        """What the jobs are called together."""
        return "Candidates" if self.has_sizes or self.has_data else "Sweep"

    @property
    def has_sizes(self) -> bool:
        """Whether the jobs train on sets of several sizes."""
        return len({job.training_records for job in self.jobs}) > 1

    @property
    def has_data(self) -> bool:
        """Whether the jobs train on several data sets."""
        return len({job.data for job in self.jobs}) > 1


# What a report without `sweep` says of its candidates.
ONLY_CANDIDATE = Sweep(jobs=[], chosen=1, reason="", note="")


def summarise_sweep(plan: Plan, jobs: Jobs | None, model: TunedModel | None) -> Sweep | None:
    """report.json's `sweep`; the file's readers count on null where there is one candidate."""
    if len(plan.candidates) <= 1:
        return None
    chosen = model.number if model else None
    data = {each.number: each.training_set.data for each in plan.candidates}
    return Sweep(
        jobs=[_job(one, chosen, data.get(one.number, "original")) for one in jobs.candidates] if jobs else [],
        chosen=chosen,
        reason=model.reason if model else "No model was chosen: the run failed before.",
        note=plan.candidates_note,
    )


def _job(job: CandidateJob, chosen: int | None, data: TrainingData) -> SweepJob:
    return SweepJob(
        number=job.number,
        name=job.name,
        hyperparameters=job.hyperparameters,
        status=job.status,
        model_arn=job.model_arn,
        training_loss=job.training_loss,
        validation_loss=job.validation_loss,
        failure=job.failure,
        chosen=job.number == chosen,
        model_deleted=job.model == DELETED,
        kept=is_kept(job),
        training_records=job.training_records,
        data=data,
    )


def is_kept(job: CandidateJob) -> bool:
    """Whether the job has made a model that still exists."""
    return job.model_arn is not None and job.model != DELETED


def explain_values(plan: Plan, model: TunedModel | None) -> list[Recommendation]:
    """report.json's `recommended`: the values that the served model was trained with, each with its reason.

    The plan's if no choice was made; what the chosen candidate has instead is from the "sweep".
    """
    if model is None:
        return plan.recommended
    trained = next((one.training_set for one in plan.candidates if one.number == model.number), None)
    other = None if trained is None else _name_set(trained, plan.dataset.train.records)
    return [_explain_value(one, model, other) for one in plan.recommended]


def _name_set(trained: TrainingSet, whole: int) -> str | None:
    """What the model was trained on, where that is not the whole original training set."""
    if trained.data != "original":
        return f"the data set {trained.data}"
    return None if trained.records == whole else counted(trained.records, "record")


def _explain_value(recommended: Recommendation, model: TunedModel, other: str | None) -> Recommendation:
    """`other` is what the model was trained on, where that is not what the values are recommended for."""
    value = model.hyperparameters.get(recommended.name)
    if value == recommended.value:
        return recommended
    has_loss = model.validation_loss is not None
    job = f"Job {model.number}" if other is None else f"Job {model.number}, which trains on {other},"
    why = f"{job} {'has the lowest validation loss with it' if has_loss else 'was taken'}."
    reason = f"{why} Recommended{'' if other is None else ' for the whole training set'}: {recommended.value}."
    changes = {"value": value, "source": "sweep", "reason": f"{reason} {recommended.reason}"}
    return recommended.model_copy(update=changes)
