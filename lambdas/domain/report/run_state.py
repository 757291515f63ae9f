"""What a run's state tells of a run that failed: a fact that cannot be read must not hide the failure."""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict

from lambdas.domain.core.caught import Caught, Failure
from lambdas.domain.core.fact import READABLE, Fact
from lambdas.domain.core.run import Run
from lambdas.domain.models.catalogue import ServingKind
from lambdas.domain.plan.plan import Plan
from lambdas.domain.report import approval
from lambdas.domain.report.approval import About
from lambdas.domain.serving.leases import EndedLease, Servings
from lambdas.domain.serving.serving import Serving
from lambdas.domain.training.candidate_jobs import DELETED, LEFT, CandidateJob, Jobs
from lambdas.domain.training.choice import TunedModel

Phase = Literal[
    "claim",
    "dataset",
    "preflight",
    "curation",
    "customization",
    "approval",
    "throughput",
    "evaluation",
    "report",
    "deletion",
]


class RunState(Fact):
    """Each fact of the state; null where the run did not get so far, or where the fact cannot be read.

    `approval` is what ended the pause before the purchase, `curation_approval` the one before many training records
    are removed; `preflight` and `responses` only tell how far the run got.
    """

    model_config = ConfigDict(extra="ignore")

    run: Annotated[Run | None, READABLE] = None
    plan: Annotated[Plan | None, READABLE] = None
    preflight: Any = None
    curation_approval: Any = None
    jobs: Annotated[Jobs | None, READABLE] = None
    model: Annotated[TunedModel | None, READABLE] = None
    approval: Any = None
    servings: Annotated[Servings | None, READABLE] = None
    responses: Any = None
    failure: Caught = None
    stop_failure: Caught = None

    @property
    def serving(self) -> Serving | None:
        """What served the chosen candidate."""
        chosen = self.servings.chosen if self.servings else None
        return chosen.serving if chosen else None

    @property
    def cause_of_end(self) -> Failure | None:
        """What ended the run: a state's failure, or that of the chosen candidate's lease."""
        chosen = self.servings.chosen if self.servings else None
        return self.failure or (chosen.failure if chosen else None)

    @property
    def undeleted(self) -> list[EndedLease]:
        """The leases whose deletion failed for good."""
        return [lease for lease in self.servings.leases if lease.deletion_failure] if self.servings else []

    @property
    def deletion_failure(self) -> Failure | None:
        """Why what serves a candidate may still exist; where the leases failed as a whole, nobody knows of any."""
        if self.undeleted:
            return self.undeleted[0].deletion_failure
        lost = self.servings is None and self.model is not None and self.model.cut_off
        return self.failure if lost else None

    @property
    def unreadable(self) -> list[str]:
        """The facts that are there and cannot be read."""
        return sorted(name for name in self.model_fields_set if getattr(self, name) is None)

    @property
    def phase(self) -> Phase:
        """How far the run got before its failure: each state puts its fact where the next one reads it.

        The deletion looks in any case for what serves the model: only the time at which it was in service says that it
        ever answered.
        """
        approved = self.plan is None or not self.plan.needs_approval or approval.is_approved(self.approval)
        reached: tuple[tuple[Phase, bool], ...] = (
            ("claim", "run" in self.model_fields_set),
            ("dataset", "plan" in self.model_fields_set),
            ("preflight", "preflight" in self.model_fields_set),
            ("curation", self._is_curated),
            ("customization", "model" in self.model_fields_set),
            ("approval", approved),
            ("throughput", self.serving is not None and self.serving.in_service_at is not None),
            ("evaluation", "responses" in self.model_fields_set),
        )
        return next((phase for phase, is_behind in reached if not is_behind), "report")

    @property
    def waits_for_approval_of(self) -> About | None:
        """What a person is asked about while the run waits; null where nobody is."""
        if self.phase == "approval":
            return "purchase"
        curation = self.plan.curation if self.plan else None
        is_asked = curation is not None and curation.status == "approve"
        return "removal" if is_asked and not approval.is_approved(self.curation_approval) else None

    @property
    def _is_curated(self) -> bool:
        """Whether the training set is the final one."""
        curation = self.plan.curation if self.plan else None
        return curation is None or curation.status == "done"

    @property
    def has_jobs(self) -> bool:
        """Whether jobs may have been started."""
        return self.stop_failure is not None or "jobs" in self.model_fields_set

    @property
    def jobs_unknown(self) -> bool:
        """Whether nobody knows which customization jobs there are; before the training there are none."""
        return self.stop_failure is not None and self.phase != "curation"

    @property
    def batch_jobs(self) -> list[str]:
        """The ARNs of the curation's batch jobs whose answers were still waited for."""
        curation = self.plan.curation if self.plan else None
        return [each.arn for each in curation.batches if not each.is_over] if curation else []

    @property
    def candidates(self) -> list[CandidateJob]:
        """The jobs of the run's candidates, as far as they are known."""
        return self.jobs.candidates if self.jobs else []

    @property
    def trained_models(self) -> list[str]:
        """The ARNs of the trained models that stay: the chosen one alone, else all that the jobs have made."""
        if self.plan is not None and self.plan.custom_model is not None:
            return [self.plan.custom_model]
        made = [one.model_arn for one in self.candidates if one.model_arn and one.model not in (DELETED, LEFT)]
        if self.model is not None and (self.model.model_arn in made or not self.candidates):
            return [self.model.model_arn]
        return made

    @property
    def serving_kind(self) -> ServingKind | None:
        """How the tuned model was, or was to be, served; null if the run failed before its plan said so."""
        if self.serving and self.serving.kind:
            return self.serving.kind
        return self.plan.serving if self.plan else None
