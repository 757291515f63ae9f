"""CollectAnswers: joins the shards' answers into one file per arm, and ends a run whose chosen model gave too few.

A baseline or another candidate that gave too few is missing in the report. CollectAnswers also chooses the pairs of
answers that judges and people compare. Test sets are large: it holds one test record and one shard of each arm at a
time.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack

from lambdas.adapters.adapters import Adapters
from lambdas.domain.core.outside_text import shortened_to_bytes
from lambdas.domain.core.run import Run
from lambdas.domain.core.state_budget import MISSING_ARM_BYTES
from lambdas.domain.evaluation.answers import (
    AnswerLine,
    ArmCounts,
    Responses,
    ShardLine,
    UnansweredLine,
    describe_errors,
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
from lambdas.domain.report.caught_words import read_message
from lambdas.domain.serving.leases import Servings
from lambdas.domain.training.choice import ServedCandidate, TunedModel
from lambdas.steps.observability import logger


def collect_answers(run: Run, plan: Plan, model: TunedModel, servings: Servings, *, adapters: Adapters) -> Responses:
    """Writes each arm's answers, the pairs and the items of the judges' map.

    Raises EvaluationFailed and ServiceBusy.
    """
    test_records = plan.dataset.test.records
    others = [one for one in model.served if not one.chosen]
    errors, compared = _join(run, plan, others, adapters)
    for arm, found in errors.items():
        logger.info("Answers joined", extra={"arm": arm, "records": test_records, "errors": found.total()})
    missing = _find_missing(run, plan, errors, adapters)
    missing |= _find_missing_candidates(run, plan, others, servings, errors, adapters)
    require_answers({arm: found for arm, found in errors.items() if arm not in missing}, test_records)
    # There is nothing to compare without a base.
    pairs, judge_shards = _write_pairs(run, plan, [] if BASE in missing else compared, adapters)
    counts = {
        arm: ArmCounts(
            n=test_records,
            errors=found.total(),
            missing=missing.get(arm),
            left_out=adapters.answers.read_left_out(run.output_bucket, run.prefix, arm),
        )
        for arm, found in errors.items()
    }
    return Responses(arms=counts, pairs=pairs, judge_shards=judge_shards)


def _find_missing(run: Run, plan: Plan, errors: Mapping[str, Counter[str]], adapters: Adapters) -> dict[str, str]:
    """The baselines that have too few answers, and why."""
    missing = {}
    for arm, found in errors.items():
        described = describe_errors(found, plan.dataset.test.records)
        if described is None or arm not in plan.arms or plan.arms[arm].model_id is None:
            continue
        trouble = adapters.answers.read_baseline_trouble(run.output_bucket, run.prefix, arm)
        words = f"No answer to {described}." if trouble is None else trouble.message
        logger.warning("Arm missing", extra={"arm": arm, "reason": words})
        missing[arm] = shortened_to_bytes(words, MISSING_ARM_BYTES)
    return missing


def _find_missing_candidates(
    run: Run,
    plan: Plan,
    others: Sequence[ServedCandidate],
    servings: Servings,
    errors: Mapping[str, Counter[str]],
    adapters: Adapters,
) -> dict[str, str]:
    """The candidates beside the chosen one whose lease failed, or that have too few answers, and why."""
    missing = {}
    for one in others:
        described = describe_errors(errors[one.arm], plan.dataset.test.records)
        if described is None:
            continue
        trouble = adapters.answers.read_trouble(run.output_bucket, run.prefix, one.arm)
        words = f"No answer to {described}." if trouble is None else trouble.message
        lease = servings.of(one.number)
        if lease is not None and lease.failure is not None and trouble is None:
            words = f"{lease.failure.error}: {read_message(lease.failure.cause)}"
        logger.warning("Arm missing", extra={"arm": one.arm, "reason": words})
        missing[one.arm] = shortened_to_bytes(words, MISSING_ARM_BYTES)
    return missing


def _join(
    run: Run, plan: Plan, others: Sequence[ServedCandidate], adapters: Adapters
) -> tuple[dict[str, Counter[str]], list[int]]:
    """Writes each arm's answers.

    Returns how often each arm has each error, and the records that the tuned model and its base have both answered.
    """
    bucket, prefix, answers = run.output_bucket, run.prefix, adapters.answers
    items = [item for key in (plan.shards.baselines, plan.shards.tuned) for item in answers.read_shards(bucket, key)]
    for one in others:
        items += [item.model_copy(update={"arm": one.arm}) for item in answers.read_shards(bucket, one.shards)]
    arms = [*plan.arms, *(one.arm for one in others)]
    joined = {arm: _join_arm(run, plan, [item for item in items if item.arm == arm], adapters) for arm in arms}
    questions = answers.read_questions(bucket, prefix)
    errors, compared = {arm: Counter[str]() for arm in arms}, []
    with ExitStack() as stack:
        writers = {arm: stack.enter_context(answers.arm_writer(bucket, prefix, arm)) for arm in arms}
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
    items = plan_judge_shards(settings.judges, len(pairs), settings.rubric)
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
