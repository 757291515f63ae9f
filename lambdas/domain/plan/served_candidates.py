"""Which of the candidates answer the test set: the items of the state machine's map, ServeModels."""

from lambdas.domain.evaluation.arms import TUNED, candidate_arm
from lambdas.domain.plan.plan import Plan
from lambdas.domain.training.candidate_jobs import CandidateJob, Jobs
from lambdas.domain.training.choice import ServedCandidate
from lambdas.domain.training.customization import COMPLETED
from lambdas.domain.training.serve import is_served


def served_candidates(chosen: int, jobs: Jobs, plan: Plan) -> list[ServedCandidate]:
    """The chosen candidate first, then those that run.json serves besides, of all that made a model."""
    made = {one.number: one for one in jobs.candidates if one.status == COMPLETED}
    others = [number for number in sorted(made) if is_served(plan.serve, number, chosen)]
    numbers = dict.fromkeys([chosen, *others])
    return [_serve(made[number], plan, chosen=number == chosen) for number in numbers]


def _serve(job: CandidateJob, plan: Plan, *, chosen: bool) -> ServedCandidate:
    return ServedCandidate(
        number=job.number,
        name=job.name,
        model_arn=job.model_arn or "",
        arm=TUNED if chosen else candidate_arm(job.number),
        chosen=chosen,
        # The chosen one's answers are compared, with few-shot examples, too; another one's are a point of a curve.
        shards=plan.shards.tuned if chosen else plan.shards.candidates or plan.shards.tuned,
    )
