"""CollectResponses: joins the shards' answers into one file per arm, and ends a run that has too few of them.

It also chooses the pairs of answers that judges and people compare.
"""

from typing import Any

import orjson
from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas.adapters.adapters import current
from lambdas.domain.evaluation.answers import (
    ArmCounts,
    Responses,
    StoredLine,
    count_errors,
    join_shards,
    require_answers,
)
from lambdas.domain.evaluation.arms import BASE, TUNED
from lambdas.domain.evaluation.judging.shards import choose_pairs, plan_judge_shards
from lambdas.domain.evaluation.settings import EvaluationSettings
from lambdas.domain.evaluation.shards import AnswerShard
from lambdas.handlers.observability import observed
from lambdas.steps.observability import logger


@observed
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Takes `{"run", "plan"}` and returns `{"arms": {arm: {"n", "errors"}}, "pairs", "judge_shards"}`.

    Raises EvaluationFailed and ServiceBusy.
    """
    run, plan = event["run"], event["plan"]
    bucket, prefix, records = run["output_bucket"], run["prefix"], plan["dataset"]["test"]["records"]
    shards = [
        AnswerShard.parse(orjson.loads(item))
        for name in ("baselines", "tuned")
        for item in (current().objects.read(bucket, plan["shards"][name]) or b"").splitlines()
    ]
    errors, paired = {}, dict[str, list[StoredLine]]()
    for arm in plan["arms"]:
        numbers = [shard.number for shard in shards if shard.arm == arm]
        lines = join_shards((current().answers.read_shard(bucket, prefix, arm, n) for n in numbers), records)
        current().answers.write_arm(bucket, prefix, arm, lines)
        errors[arm] = count_errors(lines)
        if arm in (TUNED, BASE):
            paired[arm] = lines
        logger.info("Answers joined", extra={"arm": arm, "records": records, "errors": errors[arm].total()})
    require_answers(errors, records)
    pairs, judge_shards = _write_pairs(bucket, prefix, plan, paired)
    counts = {arm: ArmCounts(n=records, errors=found.total()) for arm, found in errors.items()}
    return Responses(arms=counts, pairs=pairs, judge_shards=judge_shards).dump()


def _write_pairs(
    bucket: str, prefix: str, plan: dict[str, Any], answers: dict[str, list[StoredLine]]
) -> tuple[int, int]:
    """Writes the pairs and the items of the judges' map; returns how many there are of each."""
    settings = EvaluationSettings.model_validate(plan["evaluation"])
    pairs = choose_pairs(
        answers,
        current().answers.read_test_groups(bucket, prefix),
        current().answers.read_questions(bucket, prefix),
        settings.judged_pairs,
        seed=0,
    )
    current().judging.write_pairs(bucket, prefix, pairs)
    items = plan_judge_shards(settings.judges, len(pairs))
    if items:
        current().objects.write_lines(
            bucket, plan["shards"]["judges"], (item.model_dump_json().encode() for item in items)
        )
    return len(pairs), len(items)
