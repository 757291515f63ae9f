"""What is known of a run when its report is written."""

from collections.abc import Sequence
from dataclasses import dataclass

from lambdas.domain.curation.token_use import CurationUse
from lambdas.domain.plan.plan import Plan
from lambdas.domain.preflight.checks import PreflightDocument
from lambdas.domain.report.approval import ApprovalOutcome
from lambdas.domain.report.sweep import is_kept
from lambdas.domain.serving.leases import Servings
from lambdas.domain.serving.serving import Serving
from lambdas.domain.training.candidate_jobs import CandidateJob, Jobs
from lambdas.domain.training.choice import TunedModel


@dataclass(frozen=True)
class RunFacts:
    """What is known of a run when its report is written; None where the run did not get so far.

    `jobs_unknown` says that Bedrock did not answer which jobs there are. `curation_use` has the tokens of
    all replies about training data, None where they are not known.
    """

    run_id: str
    plan: Plan | None = None
    jobs: Jobs | None = None
    model: TunedModel | None = None
    servings: Servings | None = None
    approval: ApprovalOutcome | None = None
    preflight: PreflightDocument | None = None
    jobs_unknown: bool = False
    curation_use: Sequence[CurationUse] | None = ()

    @property
    def serving(self) -> Serving | None:
        """What served the chosen model."""
        chosen = self.servings.chosen if self.servings else None
        return chosen.serving if chosen else None

    @property
    def candidates(self) -> list[CandidateJob]:
        """The jobs of the run's candidates."""
        return self.jobs.candidates if self.jobs else []

    @property
    def started_jobs(self) -> list[CandidateJob]:
        """The jobs that Bedrock knows."""
        return [one for one in self.candidates if one.arn]

    @property
    def models_left(self) -> list[str]:
        """The ARNs of the custom models that the run leaves: the chosen one, and others that were not deleted."""
        chosen = [self.model.model_arn] if self.model else []
        if self.plan and self.plan.custom_model:
            chosen = [self.plan.custom_model]
        kept = [one.model_arn for one in self.candidates if one.model_arn and is_kept(one)]
        return list(dict.fromkeys([*chosen, *kept]))
