"""CollectAnswers: joins the shards' answers into one file per arm, and ends a run that has too few of them.

It also chooses the pairs of answers that judges and people compare.
"""

from collections.abc import Mapping, Sequence

from lambdas.adapters.adapters import Adapters
from lambdas.domain.core.run import Run
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
from lambdas.domain.plan.plan import Plan
from lambdas.steps.observability import logger


def collect_answers(run: Run, plan: Plan, *, adapters: Adapters) -> Responses:
    """Writes each arm's answers, the pairs and the items of the judges' map.

    Raises EvaluationFailed and ServiceBusy.
    """
    bucket, prefix, answers = run.output_bucket, run.prefix, adapters.answers
    test_records, shards = plan.dataset.test.records, plan.shards
    items = [item for key in (shards.baselines, shards.tuned) for item in answers.read_shards(bucket, key)]
    errors, paired = {}, dict[str, list[StoredLine]]()
    for arm in plan.arms:
        numbers = [item.number for item in items if item.arm == arm]
        lines = join_shards((answers.read_shard(bucket, prefix, arm, number) for number in numbers), test_records)
        answers.write_arm(bucket, prefix, arm, lines)
        errors[arm] = count_errors(lines)
        if arm in (TUNED, BASE):
            paired[arm] = lines
        logger.info("Answers joined", extra={"arm": arm, "records": test_records, "errors": errors[arm].total()})
    require_answers(errors, test_records)
    pairs, judge_shards = _write_pairs(run, shards.judges, plan.evaluation, paired, adapters)
    counts = {arm: ArmCounts(n=test_records, errors=found.total()) for arm, found in errors.items()}
    return Responses(arms=counts, pairs=pairs, judge_shards=judge_shards)


def _write_pairs(
    run: Run,
    judges_key: str,
    settings: EvaluationSettings,
    answers: Mapping[str, Sequence[StoredLine]],
    adapters: Adapters,
) -> tuple[int, int]:
    """Writes the pairs and the items of the judges' map; returns how many there are of each."""
    pairs = choose_pairs(
        answers,
        adapters.answers.read_test_groups(run.output_bucket, run.prefix),
        adapters.answers.read_questions(run.output_bucket, run.prefix),
        settings.judged_pairs,
        seed=0,
    )
    adapters.judging.write_pairs(run.output_bucket, run.prefix, pairs)
    items = plan_judge_shards(settings.judges, len(pairs))
    if items:
        adapters.judging.write_shards(run.output_bucket, judges_key, items)
    return len(pairs), len(items)
