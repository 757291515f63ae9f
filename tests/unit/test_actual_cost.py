"""What a run has cost, against what it was estimated to cost."""

from collections.abc import Mapping, Sequence

import pytest

from lambdas.domain.cost.actual import Costs, RunCost, Usage, cost_sentence, report_cost
from lambdas.domain.cost.estimate import estimate
from lambdas.domain.cost.price_file import Prices
from lambdas.domain.evaluation.answer_figures import AnswerFigures, count_figures
from lambdas.domain.evaluation.answers import UnansweredLine
from lambdas.domain.evaluation.judging.summary import JudgeSummary, summarise_judge
from lambdas.domain.plan.plan import Plan
from tests.answer_lines import make_answer, make_judgements
from tests.unit.test_cost import HAIKU, PRICES, evaluation, plan, uneven_plan, without

JUDGED = [summarise_judge("judge", make_judgements(0, ("tie", "tie"), 2_000, 250), pairs=1)]
EPOCHS = {1: 2}


def answers(count: int = 10) -> AnswerFigures:
    """Answers of 100 tokens in and 10 out, and one record without."""
    answered = [make_answer(n, input_tokens=100, output_tokens=10) for n in range(count)]
    return count_figures([*answered, UnansweredLine(count, "no")])


def cost(
    run_plan: Plan,
    *,
    leases: Sequence[float | None] = (330.5,),
    prices: Prices = PRICES,
    epochs: Mapping[int, int] = EPOCHS,
    started: Sequence[int] = (1,),
    kept_models: int = 1,
    judges: Sequence[JudgeSummary] = (),
    others: Sequence[str] = (),
) -> RunCost:
    """A report's cost of a run with two arms, and the arms of these served candidates."""
    answered = {"tuned": answers(), "base": answers(), **dict.fromkeys(others, answers())}
    usage = Usage(started, kept_models, leases, answered, judges)
    return report_cost(run_plan, usage, Costs(prices, estimate(run_plan, prices), epochs))


def usd(found: RunCost) -> dict[str, float | None]:
    """Each actual line's USD."""
    return {line.id: line.usd for line in found.actual.lines}


def test_actual_lines_are_what_was_used() -> None:
    """Answers and judgements by Bedrock's own counts, the throughput's time by AWS's hours."""
    judged = plan(evaluation=evaluation(judges=["judge"]))
    assert usd(cost(judged, judges=JUDGED)) == pytest.approx(
        {
            "training": 50 * 2 * 0.01,
            "throughput": 40.0,
            "answers/base/input": 1.0 * 0.1,
            "answers/base/output": 0.1 * 0.2,
            "judging/judge/input": 4 * 1,
            "judging/judge/output": 0.5 * 2,
            "storage": 2.0,
        }
    )


@pytest.mark.assumption("billing-training-by-tokens-and-epochs")
def test_early_stopping_costs_the_epochs_that_were_run() -> None:
    """What the estimate could not know is the first thing that the comparison shows."""
    found = cost(plan(epochs=9))
    training = found.difference.lines[0]
    assert (training.estimated_quantity, training.actual_quantity) == (450, 100)
    assert training.usd == pytest.approx(-3.5)


def test_job_without_losses_is_counted_as_planned() -> None:
    """An unknown number of epochs is not none."""
    assert usd(cost(plan(epochs=9), epochs={}))["training"] == pytest.approx(50 * 9 * 0.01)


def test_sweep_pays_for_the_epochs_of_all_its_jobs() -> None:
    """Only one is served; the others were trained, too, and each may have stopped early by itself."""
    found = cost(plan(epochs=5, jobs=3), epochs={1: 3, 2: 2}, started=(1, 2, 3))
    assert usd(found)["training"] == pytest.approx(50 * (3 + 2 + 5) * 0.01)
    assert "of job 3: counted as planned" in found.actual.lines[0].note


def test_each_job_pays_for_its_own_training_set() -> None:
    """Candidates may train on different sets."""
    found = cost(uneven_plan(), epochs={1: 2, 2: 1}, started=(1, 2))
    assert usd(found)["training"] == pytest.approx((50 * 2 + 10 * 1) * 0.01)
    assert "50,000 x 2 + 10,000 x 1" in found.actual.lines[0].note


def test_job_that_was_never_started_costs_nothing() -> None:
    """The quota may leave no room for all jobs of a sweep."""
    found = cost(plan(epochs=5, jobs=3), epochs={1: 5, 2: 5}, started=(1, 2))
    assert usd(found)["training"] == pytest.approx(50 * 10 * 0.01)


@pytest.mark.assumption("billing-storage-by-model-and-month")
def test_storage_is_that_of_the_models_which_are_left() -> None:
    """A run may keep all of its models, or leave one whose deletion was refused."""
    assert usd(cost(plan(jobs=3, keep_models=True), started=(1, 2), kept_models=2))["storage"] == 4
    assert usd(cost(plan(jobs=3), started=(1, 2, 3)))["storage"] == 2


def test_on_demand_run_pays_for_its_tuned_answers() -> None:
    """It has no throughput, whatever the time."""
    found = usd(cost(plan(serving="on_demand"), leases=()))
    assert "throughput" not in found
    assert found["answers/tuned/input"] == pytest.approx(1.0 * 0.001)


def test_differences_add_up_line_by_line() -> None:
    """A reader can follow the total back to its causes."""
    found = cost(plan(epochs=9))
    assert found.actual.total_usd is not None
    assert found.estimate.total_usd is not None
    assert found.difference.total_usd == pytest.approx(found.actual.total_usd - found.estimate.total_usd)
    assert found.difference.total_usd == pytest.approx(sum(line.usd or 0 for line in found.difference.lines))


def test_unknown_price_leaves_total_and_difference_unknown() -> None:
    """The known part is told as such, and never as the whole."""
    found = cost(plan(), prices=without({"model_unit_per_hour"}, asked=False))
    assert found.actual.total_usd is found.difference.total_usd is None
    assert found.actual.unknown == ["throughput"]
    sentence = cost_sentence(found, simulated=False)
    assert sentence.startswith("What the run cost is unknown: no price for throughput. The rest cost 3.12 USD")
    assert cost_sentence(found, simulated=True).startswith("What a real run would have cost is unknown")
    assert cost_sentence(cost(plan()), simulated=True).startswith(
        "A real run would have cost 43.12 USD by the prices of"
    )


def test_report_names_run_jsons_own_prices_and_keeps_its_keys() -> None:
    """report.json's `cost` is a contract: `own` stands there only where run.json has prices."""
    usual = cost(plan()).dump()
    assert list(usual) == ["prices", "estimate", "actual", "difference", "candidates"]
    assert set(usual["prices"]) == {"as_of", "source"}
    own = cost(plan(evaluation=evaluation(prices={HAIKU: {"input": 1, "output": 1}})))
    assert own.dump()["prices"]["own"] == [HAIKU]
    assert RunCost.parse(own.dump()) == own
