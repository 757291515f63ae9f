"""The facts of a run's state for tests, as JSON."""

from typing import Any

from lambdas.domain.plan.plan import Plan
from lambdas.domain.report.run_facts import RunFacts
from lambdas.domain.report.run_state import RunState
from lambdas.domain.serving.leases import Servings
from lambdas.domain.training.candidate_jobs import Jobs
from lambdas.domain.training.choice import TunedModel

RUN_ID = "sales-0123456789ab"
RUN: dict[str, Any] = {
    "id": RUN_ID,
    "execution_arn": "arn:execution",
    "source": {"bucket": "in", "key": "input/sales.jsonl", "version_id": "v1"},
    "output_bucket": "out",
    "prefix": f"runs/{RUN_ID}/",
    "claimed_at": "2026-11-22T09:00:00.000Z",
}
TRAINING_SET = {"uri": "s3://out/train.jsonl", "records": 40, "tokens": 9000}


def make_plan(count: int = 1, **changes: Any) -> dict[str, Any]:
    """`$.plan` of a run with so many candidates."""
    plan = {
        "output_bucket": "out",
        "base_model": "anthropic.claude-3-haiku-20240307-v1:0:200k",
        "recommended": [],
        "candidates": [
            {"number": number, "hyperparameters": {"batchSize": str(4 * number)}, "training_set": TRAINING_SET}
            for number in range(1, count + 1)
        ],
        "candidates_note": "Neighbours were tried.",
        "keep_models": False,
        "serving": "provisioned_throughput",
        "model_units": 1,
        "max_cost_usd": None,
        "needs_approval": False,
        "keep_job": False,
        "dataset": {"train": TRAINING_SET, "validation": None, "test": {"uri": "s3://out/test.jsonl", "records": 3}},
        "evaluation": {},
        "arms": {"tuned": {"model_id": None}, "base": {"model_id": "base-model"}},
        "settings_findings": [],
        "tokens": {"test_prompts": 600, "test_references": 30, "examples": 0},
        "shards": {"baselines": "b", "tuned": "t", "judges": "j"},
        "tags": {"deployment": "ft"},
    }
    return plan | changes


def make_job(number: int = 1, status: str = "Completed", **changes: Any) -> dict[str, Any]:
    """A candidate's job in `$.jobs`."""
    return {
        "number": number,
        "name": f"ft-{RUN_ID}-c{number}",
        "hyperparameters": {"batchSize": str(4 * number)},
        "status": status,
        "arn": f"arn:job-{number}",
        "model_arn": f"arn:model-{number}" if status == "Completed" else None,
        "validation_loss": 0.5,
        **changes,
    }


def make_jobs(*jobs: dict[str, Any]) -> dict[str, Any]:
    """`$.jobs`."""
    return {"status": "Completed", "candidates": [*jobs]}


def make_model(number: int = 1, **changes: Any) -> dict[str, Any]:
    """`$.model` of the chosen candidate."""
    return {
        "number": number,
        "name": f"ft-{RUN_ID}-c{number}",
        "model_arn": f"arn:model-{number}",
        "job_arn": f"arn:job-{number}",
        "hyperparameters": {"batchSize": str(4 * number)},
        "started_at": "2026-11-22T09:10:00.000Z",
        "ended_at": "2026-11-22T09:50:00.000Z",
        "validation_loss": 0.5,
        "simulated": False,
        "reason": "Job 1 has the lowest validation loss, 0.5; 1 of 1 jobs gave one.",
        **changes,
    }


def make_serving(**changes: Any) -> dict[str, Any]:
    """`$.serving` of a throughput that was bought."""
    return {"kind": "provisioned_throughput", "name": "ft-run", "arn": "arn:throughput", "wait_seconds": 60, **changes}


def make_servings(*servings: dict[str, Any] | None, **lease: Any) -> dict[str, Any]:
    """`$.servings` of so many candidates, numbered from 1; `lease` are further facts of the first one's lease."""
    leases: list[dict[str, Any]] = [
        {"number": number, "failure": None, "serving": serving} for number, serving in enumerate(servings, start=1)
    ]
    leases[0] |= lease
    return {"leases": leases, "not_deleted": sum("deletion_failure" in each for each in leases)}


# How far a run got, as the facts of its state tell.
REACHED: dict[str, dict[str, Any]] = {
    "claim": {},
    "dataset": {"run": RUN},
    "preflight": {"run": RUN, "plan": make_plan()},
    "curation": {
        "run": RUN,
        "plan": make_plan(curation={"clean": {"judges": ["maker.judge"]}, "status": "ask"}),
        "preflight": {},
    },
    "customization": {"run": RUN, "plan": make_plan(), "preflight": {}},
    "approval": {"run": RUN, "plan": make_plan(needs_approval=True), "preflight": {}, "model": make_model()},
    "throughput": {"run": RUN, "plan": make_plan(), "preflight": {}, "model": make_model()},
}
REACHED["evaluation"] = {
    **REACHED["throughput"],
    "servings": make_servings(make_serving(in_service_at="2026-11-22T10:00:00.000Z")),
}
REACHED["report"] = {**REACHED["evaluation"], "responses": {}}


def state_at(
    phase: str, *, serving: dict[str, Any] | None = None, deletion_failure: dict[str, Any] | None = None, **facts: Any
) -> RunState:
    """The state of a run that got so far, with more facts or others.

    `serving` is what served the only candidate, `deletion_failure` why it could not be deleted.
    """
    lease = {"deletion_failure": deletion_failure} if deletion_failure else {}
    leases = {"servings": make_servings(serving, **lease)} if serving or lease else {}
    return RunState.parse({**REACHED[phase], **leases, **facts})


def make_facts(plan: dict[str, Any], *, simulated: bool = False, serving: dict[str, Any] | None = None) -> RunFacts:
    """The facts of a run with one candidate whose model was chosen."""
    return RunFacts(
        run_id=RUN_ID,
        plan=Plan.parse(plan),
        jobs=Jobs.parse(make_jobs(make_job(simulated=simulated))),
        model=TunedModel.parse(make_model(simulated=simulated)),
        servings=Servings.parse(make_servings(serving)) if serving else None,
    )
