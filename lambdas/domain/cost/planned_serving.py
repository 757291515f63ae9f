"""What serving is planned to take: the time of each candidate's throughput, and the tokens of an arm's answers."""

from math import ceil

from lambdas.domain.cost.lines import TokensUsed
from lambdas.domain.evaluation.arms import TUNED, Arm, Arms, needing_throughput
from lambdas.domain.evaluation.shards import RECORDS_PER_SHARD, plan_shards
from lambdas.domain.plan.plan import Plan
from lambdas.domain.plan.served import most_served

# Creating a throughput takes 20 to 30 minutes (AWS's own notebook on Claude 3 Haiku). Whether AWS bills that time is
# not documented, so the estimate does.
CREATION_SECONDS = 30 * 60
# A long answer; the records of a shard are asked one after another.
SECONDS_PER_ANSWER = 10
# Untuned models answer at more length than the references: 34 tokens against a tuned model's 22 on TAT-QA.
BASELINE_OUTPUT_FACTOR = 2


def chosen_arms(plan: Plan) -> Arms:
    """What the chosen candidate answers: with few-shot examples, too, where the run has them."""
    return needing_throughput(plan.arms)


def other_arms(plan: Plan) -> Arms:
    """What a served candidate beside the chosen one answers."""
    return {TUNED: plan.arms[TUNED]}


def answering_seconds(plan: Plan, arms: Arms) -> int:
    """How long a candidate takes to answer, so many shards at a time."""
    shards = plan_shards(arms, plan.dataset.test.records)
    return ceil(len(shards) / plan.max_concurrency) * RECORDS_PER_SHARD * SECONDS_PER_ANSWER


def lease_seconds(plan: Plan, arms: Arms) -> int:
    """How long what serves a candidate is there."""
    return CREATION_SECONDS + answering_seconds(plan, arms)


def planned_leases(plan: Plan) -> list[int]:
    """The seconds of each served candidate, the chosen one first."""
    others = most_served(plan) - 1
    return [lease_seconds(plan, chosen_arms(plan)), *[lease_seconds(plan, other_arms(plan))] * others]


def answer_tokens(plan: Plan, arm: Arm) -> TokensUsed:
    """What an arm reads and writes: tuned models answer as briefly as the references do."""
    records, tokens = plan.dataset.test.records, plan.tokens
    asked = tokens.test_prompts + (records * tokens.examples if arm.few_shot else 0)
    answered = tokens.test_references * answer_length(arm)
    return TokensUsed(asked, min(answered, records * plan.evaluation.max_tokens))


def answer_length(arm: Arm) -> int:
    """How many times as long as the references an arm's answers are."""
    return 1 if arm.model_id is None else BASELINE_OUTPUT_FACTOR
