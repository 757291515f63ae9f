"""Batch jobs of baselines and judges: when there are some, what they are called, and what they cost."""

from typing import Any

import pytest

from lambdas.domain.batch.batch_lines import BatchAnswer, record_id
from lambdas.domain.core.run import batch_name, run_of_bedrock_name
from lambdas.domain.cost.actual import Costs, Usage, report_cost
from lambdas.domain.cost.estimate import estimate, most_text
from lambdas.domain.evaluation.answer_figures import count_figures
from lambdas.domain.evaluation.answers import (
    AnswerLine,
    ShardAnswer,
    parse_shard,
    read_lines,
    render_line,
    with_question,
)
from lambdas.domain.evaluation.arms import plan_arms
from lambdas.domain.evaluation.batches import (
    EvaluationBatches,
    PlannedBatches,
    answer_id,
    batch_answer,
    batch_judgement,
    evaluation_batch_number,
    judgement_id,
    plan_batches,
)
from lambdas.domain.evaluation.judging.lines import JudgementLine, parse_judged_lines, render_judged_lines
from lambdas.domain.evaluation.judging.summary import summarise_judge
from lambdas.domain.evaluation.questions import Message, Question
from lambdas.domain.evaluation.settings import EvaluationSettings
from tests.answer_lines import make_answer, make_judgements
from tests.unit.test_cost import HAIKU, PRICES, evaluation, plan, usd

NOVA, SONNET_5 = "amazon.nova-pro-v1:0", "us.anthropic.claude-sonnet-5"
AT = {"asked_at": "2026-01-21T22:20:00.000Z", "answered_at": "2026-01-21T22:24:00.000Z"}
QUESTION = Question(0, None, (Message(role="user", content="Who?"),), "Ann")


def planned(test_records: int = 100, choice: Any = "auto", **settings: Any) -> PlannedBatches:
    wanted = EvaluationSettings.model_validate({"judges": [HAIKU, SONNET_5], **settings})
    arms = plan_arms({"base": NOVA, "other": SONNET_5}, 2)
    return plan_batches(choice, wanted, arms, test_records)


def test_what_is_enough_for_a_job_of_its_model_goes_into_one() -> None:
    """A judge is asked about a pair twice; Sonnet 5 takes no batch jobs."""
    assert planned() == PlannedBatches(baselines=["base", "base-few-shot-2"], judges=[HAIKU])
    assert planned(99) == PlannedBatches(judges=[HAIKU])
    assert planned(judged_pairs=49) == PlannedBatches(baselines=["base", "base-few-shot-2"])
    assert planned(choice="never") == PlannedBatches()


def test_the_state_machine_finds_no_key_where_there_is_no_job() -> None:
    """A key that is there sends a run into the function of batch jobs."""
    assert planned(10).dump() == {}
    assert "wait_seconds" not in EvaluationBatches().dump()


def test_a_gate_on_the_latency_has_one_to_look_at() -> None:
    """A batch job measures none."""
    assert planned(gate={"max_latency_increase_percent": 20}).baselines == []


def test_names_of_jobs_differ_from_those_of_the_curation_and_lead_to_their_run() -> None:
    """Twelve arms, five judges; nine turns of the curation have two jobs each."""
    numbers = [evaluation_batch_number("baselines", index) for index in range(12)]
    numbers += [evaluation_batch_number("judges", index) for index in range(5)]
    assert len({*numbers, *range(1, 19)}) == 12 + 5 + 18
    run = f"{'s' * 20}-0123456789ab"
    for number in numbers:
        assert run_of_bedrock_name("e" * 25, batch_name("e" * 25, run, number)) == run


def test_an_answer_of_a_job_says_so_wherever_it_is_stored() -> None:
    answers = {record_id(answer_id("base", 0)): BatchAnswer("x", "Ann", None, 9, 2, "end_turn")}
    line = batch_answer("base", 0, answers, **AT)
    assert isinstance(line, ShardAnswer)
    assert parse_shard(render_line(line)) == [line]
    joined = with_question(line, QUESTION)
    assert isinstance(joined, AnswerLine)
    assert (joined.in_batch, joined.latency_ms, list(read_lines([render_line(joined)]))) == (True, None, [joined])
    assert b"in_batch" not in render_line(make_answer())
    assert batch_answer("base", 1, answers, **AT) is batch_answer("other", 0, answers, **AT) is None


def test_an_error_of_a_record_is_no_answer() -> None:
    failed = BatchAnswer("x", error="500: internal")
    assert batch_answer("base", 0, {record_id(answer_id("base", 0)): failed}, **AT) is None
    answers = {record_id(judgement_id(NOVA, 0, "arm_first")): failed}
    assert batch_judgement(NOVA, 0, "arm_first", answers, []) is None


def test_a_judgement_of_a_job_keeps_what_it_cost_there() -> None:
    answer = BatchAnswer("x", "<judgement>tie</judgement>", None, 700, 20, "end_turn")
    line = batch_judgement(
        NOVA, 3, "arm_second", {record_id(judgement_id(NOVA, 3, "arm_second")): answer}, ["temperature"]
    )
    assert line == JudgementLine(
        3, "arm_second", "<judgement>tie</judgement>", "tie", 700, 20, False, ("temperature",), 700, 20
    )
    assert parse_judged_lines(render_judged_lines([line])) == [line]
    assert b"batch" not in render_judged_lines(make_judgements(0, ("tie", "tie")))


def test_batch_jobs_are_expected_at_half_the_price_and_capped_at_all_of_it() -> None:
    """Bedrock promises no batch job an end."""
    judged = plan(evaluation=evaluation(judges=[HAIKU]))
    batched = judged.model_copy(update={"batches": PlannedBatches(baselines=["base"], judges=[HAIKU])})
    one_by_one, found = estimate(judged, PRICES), estimate(batched, PRICES)
    for name in (f"answers/base/{side}" for side in ("input", "output")):
        before = usd(one_by_one)[name]
        assert before is not None
        assert usd(found)[name.replace("base/", "base/batch/")] == pytest.approx(before / 2)
    assert usd(found)[f"judging/{HAIKU}/batch/input"] == pytest.approx(
        (usd(one_by_one)[f"judging/{HAIKU}/input"] or 0) / 2
    )
    assert one_by_one.most_usd is None
    assert found.most_usd == pytest.approx(one_by_one.known_usd)
    assert most_text(found).endswith(" USD where no batch job answers")


def test_a_run_has_cost_half_for_what_jobs_have_answered_and_all_for_the_rest() -> None:
    """Of ten answers six are a job's; of a judge's two answers one."""
    lines = [make_answer(n, input_tokens=100, output_tokens=10, in_batch=n < 6) for n in range(10)]
    first, second = make_judgements(0, ("tie", "tie"), 2_000, 250)
    judgements = [first, JudgementLine(0, "arm_second", "", "tie", 2_000, 250, False, (), 2_000, 250)]
    assert second.batch_input_tokens == 0
    run_plan = plan(evaluation=evaluation(judges=[HAIKU]))
    usage = Usage((1,), 1, (330.5,), {"base": count_figures(lines)}, [summarise_judge(HAIKU, judgements, pairs=1)])
    found = report_cost(run_plan, usage, Costs(PRICES, estimate(run_plan, PRICES), {1: 2}))
    costs = {line.id: line.usd for line in found.actual.lines if line.id.startswith(("answers/", "judging/"))}
    assert costs == pytest.approx(
        {
            "answers/base/input": 0.4 * 0.1,
            "answers/base/output": 0.04 * 0.2,
            "answers/base/batch/input": 0.6 * 0.1 / 2,
            "answers/base/batch/output": 0.06 * 0.2 / 2,
            f"judging/{HAIKU}/input": 2 * 0.1,
            f"judging/{HAIKU}/output": 0.25 * 0.2,
            f"judging/{HAIKU}/batch/input": 2 * 0.1 / 2,
            f"judging/{HAIKU}/batch/output": 0.25 * 0.2 / 2,
        }
    )
