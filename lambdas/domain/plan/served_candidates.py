"""Which of the candidates answer the test set: the items of the state machine's map, ServeModels."""

from collections.abc import Sequence

from lambdas.domain.evaluation.arms import TUNED, candidate_arm
from lambdas.domain.plan.plan import Plan
from lambdas.domain.training.candidate_jobs import CandidateJob, Jobs
from lambdas.domain.training.choice import ServedCandidate
from lambdas.domain.training.customization import COMPLETED
from lambdas.domain.training.serve import Serve


def served_candidates(chosen: int, jobs: Jobs, plan: Plan) -> list[ServedCandidate]:
    """The chosen candidate first, then those that run.json serves besides, of all that made a model."""
    made = {one.number: one for one in jobs.candidates if one.status == COMPLETED}
    numbers = dict.fromkeys([chosen, *_wanted(plan.serve, sorted(made))])
    return [_serve(made[number], plan, chosen=number == chosen) for number in numbers]


def _wanted(serve: Serve, made: Sequence[int]) -> list[int]:
    match serve:
        case "best":
            return []
        case "all":
            return [*made]
        case _:
            return [number for number in made if number in serve]


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
