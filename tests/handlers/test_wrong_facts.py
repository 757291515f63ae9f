"""Every handler: a fact that is missing or wrong in the state ends the run with an error that names it."""

import importlib
from collections.abc import Iterator
from typing import Any

import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas.domain.core.errors import InvalidEvent, InvalidState
from tests.task_modules import task_modules
from tests.unit.run_states import RUN, make_job, make_jobs, make_model, make_plan, make_serving, make_servings

# What the functions of other maps have in the shard's place.
SHARDS: dict[str, dict[str, Any]] = {
    "judge_shard": {"judge": "maker.judge", "number": 0, "first": 0, "records": 1},
    "ask_curator_shard": {"model": "maker.judge", "turn": 1, "number": 1, "asks": 1},
}
FACTS: dict[str, Any] = {
    "run": RUN,
    "plan": make_plan(),
    "jobs": make_jobs(make_job()),
    "model": make_model(),
    "slot": {"acquired": True, "key": "throughput-slots/1.json", "wait_seconds": 60, "message": ""},
    "serving": make_serving(),
    "servings": make_servings(make_serving()),
    "served": {"number": 1, "name": "n", "model_arn": "arn:m", "arm": "tuned", "chosen": True, "shards": "s"},
    "lease": {"number": 1, "failure": None},
    "shard": {"arm": "base", "model_id": "base.model", "number": 0, "first": 0, "records": 1},
    "responses": {"arms": {}, "pairs": 0, "judge_shards": 0},
    "report": {"uri": "s3://out/report.json", "verdict": "promote", "subject": "s", "message": "m"},
    "task_token": "token",
    "timeout_seconds": 3600,
    "topic_arn": "arn:aws:sns:us-west-2:123456789012:topic",
}
# What each handler reads of the state. Some facts may be missing, and may not be wrong.
READS: dict[str, tuple[str, ...]] = {
    "claim_run": ("event", "execution_arn"),
    "validate_dataset": ("run",),
    "run_preflight": ("run", "plan"),
    "curate_training_set": ("run", "plan"),
    "ask_curator_shard": ("run", "shard"),
    "ask_baselines_in_batch": ("run", "plan"),
    "ask_judges_in_batch": ("run", "plan"),
    "start_jobs": ("run", "plan"),
    "check_jobs": ("run", "jobs", "topic_arn"),
    "answer_baseline_shard": ("run", "plan", "shard"),
    "choose_model": ("run", "plan", "jobs"),
    "request_approval": ("run", "plan", "jobs", "model", "task_token", "timeout_seconds", "topic_arn"),
    "acquire_slot": ("run", "plan", "lease", "served"),
    "purchase_throughput_or_deploy": ("run", "plan", "served", "slot", "topic_arn"),
    "check_serving": ("serving",),
    "answer_shard": ("run", "plan", "shard", "serving", "served"),
    # What is wrong elsewhere must not keep it from deleting.
    "delete_throughput_or_deployment": ("run", "lease"),
    "discard_models": ("run", "plan"),
    "collect_answers": ("run", "plan", "model", "servings"),
    "judge_shard": ("run", "shard"),
    "evaluate_and_report": ("run", "plan", "jobs", "model", "servings", "responses"),
    "promote_champion": ("run", "report"),
    "stop_jobs": ("run", "plan"),
    # It explains whatever there is.
    "explain_failure": (),
}
MAY_BE_MISSING = {"start_jobs": "jobs", "discard_models": "jobs", "stop_jobs": "jobs"}


def _state(handler: str) -> dict[str, Any]:
    if handler == "claim_run":
        return {"event": {}, "execution_arn": "arn:aws:states:us-west-2:123456789012:execution:fine-tuning:one"}
    return {**FACTS, "shard": SHARDS.get(handler, FACTS["shard"])}


def _cases() -> Iterator[tuple[str, str]]:
    for handler, facts in READS.items():
        for fact in facts:
            yield handler, fact


def test_each_handler_is_looked_at() -> None:
    """A new one must say what it reads."""
    assert set(READS) == task_modules()


@pytest.mark.parametrize(("handler", "fact"), [*_cases()])
def test_a_missing_fact_is_named(handler: str, fact: str, lambda_context: LambdaContext) -> None:
    """`KeyError: 'plan'` says neither what is wrong nor where."""
    state = _state(handler)
    del state[fact]
    error = InvalidEvent if handler == "claim_run" else InvalidState
    with pytest.raises(error, match=rf"\b{fact}\b"):
        importlib.import_module(f"lambdas.handlers.{handler}").handler(state, lambda_context)


@pytest.mark.parametrize(("handler", "fact"), [*_cases(), *MAY_BE_MISSING.items()])
def test_a_wrong_fact_is_named_with_its_key(handler: str, fact: str, lambda_context: LambdaContext) -> None:
    """A person must find what is wrong in the state."""
    state = _state(handler)
    state[fact] = {"no_such_key": 1}
    if handler == "purchase_throughput_or_deploy" and fact == "plan":
        # It reads of the plan what it buys with, and leaves the rest alone.
        state[fact] = {**FACTS["plan"], "model_units": "many"}
    error = InvalidEvent if handler == "claim_run" else InvalidState
    with pytest.raises(error, match=rf"(?s)\b{fact}\b.*: "):
        importlib.import_module(f"lambdas.handlers.{handler}").handler(state, lambda_context)
