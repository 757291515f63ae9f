"""CollectAnswers: joins the shards' answers into one file per arm, and ends a run that has too few of them.

It also chooses the pairs of answers that judges and people compare. Test sets are large: it holds one test record and
one shard of each arm at a time.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack

from lambdas.adapters.adapters import Adapters
from lambdas.domain.core.run import Run
from lambdas.domain.evaluation.answers import (
    AnswerLine,
    ArmCounts,
    Responses,
    ShardLine,
    UnansweredLine,
    join_shards,
    render_line,
    require_answers,
    with_question,
)
from lambdas.domain.evaluation.arms import BASE, TUNED
from lambdas.domain.evaluation.judging.pairwise import Pair, choose_records
from lambdas.domain.evaluation.judging.shards import make_pair, plan_judge_shards
from lambdas.domain.evaluation.shards import AnswerShard
from lambdas.domain.plan.plan import Plan
from lambdas.steps.observability import logger


def collect_answers(run: Run, plan: Plan, *, adapters: Adapters) -> Responses:
    """Writes each arm's answers, the pairs and the items of the judges' map.

    Raises EvaluationFailed and ServiceBusy.
    """
    test_records = plan.dataset.test.records
    errors, compared = _join(run, plan, adapters)
    for arm, found in errors.items():
        logger.info("Answers joined", extra={"arm": arm, "records": test_records, "errors": found.total()})
    require_answers(errors, test_records)
    pairs, judge_shards = _write_pairs(run, plan, compared, adapters)
    counts = {arm: ArmCounts(n=test_records, errors=found.total()) for arm, found in errors.items()}
    return Responses(arms=counts, pairs=pairs, judge_shards=judge_shards)


def _join(run: Run, plan: Plan, adapters: Adapters) -> tuple[dict[str, Counter[str]], list[int]]:
    """Writes each arm's answers.

    Returns how often each arm has each error, and the records that the tuned model and its base have both answered.
    """
    bucket, prefix, answers = run.output_bucket, run.prefix, adapters.answers
    items = [item for key in (plan.shards.baselines, plan.shards.tuned) for item in answers.read_shards(bucket, key)]
    joined = {arm: _join_arm(run, plan, [item for item in items if item.arm == arm], adapters) for arm in plan.arms}
    questions = answers.read_questions(bucket, prefix)
    errors, compared = {arm: Counter[str]() for arm in plan.arms}, []
    with ExitStack() as stack:
        writers = {arm: stack.enter_context(answers.arm_writer(bucket, prefix, arm)) for arm in plan.arms}
        for index in range(plan.dataset.test.records):
            question = next(questions, None)
            lines = {arm: with_question(next(own), question) for arm, own in joined.items()}
            for arm, line in lines.items():
                writers[arm].write(render_line(line))
                if isinstance(line, UnansweredLine):
                    errors[arm][line.error] += 1
            if all(isinstance(lines[arm], AnswerLine) for arm in (TUNED, BASE)):
                compared.append(index)
    return errors, compared


def _join_arm(run: Run, plan: Plan, shards: list[AnswerShard], adapters: Adapters) -> Iterator[ShardLine]:
    shards.sort(key=lambda shard: shard.first)
    stored = (adapters.answers.read_shard(run.output_bucket, run.prefix, shard.arm, shard.number) for shard in shards)
    return join_shards(stored, plan.dataset.test.records)


def _write_pairs(run: Run, plan: Plan, compared: list[int], adapters: Adapters) -> tuple[int, int]:
    """Writes the pairs and the items of the judges' map; returns how many there are of each."""
    settings = plan.evaluation
    groups = dict(enumerate(adapters.answers.read_test_groups(run.output_bucket, run.prefix)))
    chosen = choose_records(compared, groups, settings.judged_pairs, seed=0)
    pairs = _read_pairs(run, chosen, adapters)
    adapters.judging.write_pairs(run.output_bucket, run.prefix, pairs)
    items = plan_judge_shards(settings.judges, len(pairs))
    if items:
        adapters.judging.write_shards(run.output_bucket, plan.shards.judges, items)
    return len(pairs), len(items)


def _read_pairs(run: Run, chosen: list[int], adapters: Adapters) -> list[Pair]:
    """The pairs of these records, in this order."""
    place, wanted = (run.output_bucket, run.prefix), set(chosen)
    questions = adapters.answers.pick_questions(*place, wanted)
    tuned, base = (adapters.answers.pick_answers(*place, arm, wanted) for arm in (TUNED, BASE))
    pairs = []
    for index in chosen:
        question, own, other = questions[index], tuned[index], base[index]
        if question is not None and isinstance(own, AnswerLine) and isinstance(other, AnswerLine):
            pairs.append(make_pair(question, own, other))
    return pairs
