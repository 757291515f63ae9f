"""What a run has cost, against what it was estimated to cost."""

from typing import Any

import pytest

from lambdas.domain.actual_cost import Costs, cost_sentence, report_cost
from lambdas.domain.cost import estimate
from tests.unit.test_cost import PRICES, plan, without

JUDGED = {"judges": [{"model_id": "judge", "input_tokens": 4_000, "output_tokens": 500}]}
EPOCHS = [{"epoch": 1}, {"epoch": 2}]


def answers(count: int = 10) -> list[dict[str, Any]]:
    """Answers of 100 tokens in and 10 out, and one record without."""
    return [*({"input_tokens": 100, "output_tokens": 10} for _ in range(count)), {"error": "no"}]


def cost(run_plan: dict[str, Any], *, seconds: float | None = 330.5, **changes: Any) -> dict[str, Any]:
    """A report's cost of a run with two arms."""
    state = {"plan": run_plan, **changes.pop("state", {})}
    facts: dict[str, Any] = {"judging": {"judges": []}, "epochs": EPOCHS, "prices": PRICES, **changes}
    costs = Costs(facts["prices"], estimate(run_plan, facts["prices"]))
    both = {"tuned": answers(), "base": answers()}
    return report_cost(state, both, facts["judging"], facts["epochs"], seconds, costs)


def usd(found: dict[str, Any]) -> dict[str, float]:
    """Each actual line's USD."""
    return {line["item"]: line["usd"] for line in found["actual"]["lines"]}


def test_actual_lines_are_what_was_used() -> None:
    """Answers and judgements by Bedrock's own counts, the throughput's time by AWS's hours."""
    judged = plan(evaluation={"max_tokens": 512, "judges": ["judge"], "judged_pairs": 50})
    assert usd(cost(judged, judging=JUDGED)) == pytest.approx(
        {
            "training": 50 * 2 * 0.01,
            "throughput": 40.0,
            "answers of base, input": 1.0 * 0.1,
            "answers of base, output": 0.1 * 0.2,
            "judging by judge, input": 4 * 1,
            "judging by judge, output": 0.5 * 2,
            "custom model storage, first month": 2.0,
        }
    )


def test_early_stopping_costs_the_epochs_that_were_run() -> None:
    """What the estimate could not know is the first thing that the comparison shows."""
    found = cost(plan(epochs=9))
    training = found["difference"]["lines"][0]
    assert (training["estimated_quantity"], training["actual_quantity"]) == (450, 100)
    assert training["usd"] == pytest.approx(-3.5)


def test_job_without_losses_is_counted_as_planned() -> None:
    """An unknown number of epochs is not none."""
    assert usd(cost(plan(epochs=9), epochs=[]))["training"] == pytest.approx(50 * 9 * 0.01)


def test_sweep_pays_for_all_jobs() -> None:
    """Only one is served; the others were trained, too."""
    job = {"name": "run-c2", "candidates": [{"number": 1, "name": "run-c1"}, {"number": 2, "name": "run-c2"}]}
    found = cost(plan(epochs=5, jobs=2), state={"job": job})
    assert usd(found)["training"] == pytest.approx(50 * (5 + 2) * 0.01)


def test_on_demand_run_pays_for_its_tuned_answers() -> None:
    """It has no throughput, whatever the time."""
    found = usd(cost(plan(serving="on_demand"), seconds=None))
    assert "throughput" not in found
    assert found["answers of tuned, input"] == pytest.approx(1.0 * 0.001)


def test_differences_add_up_line_by_line() -> None:
    """A reader can follow the total back to its causes."""
    found = cost(plan(epochs=9))
    difference = found["difference"]
    assert difference["total_usd"] == pytest.approx(found["actual"]["total_usd"] - found["estimate"]["total_usd"])
    assert difference["total_usd"] == pytest.approx(sum(line["usd"] for line in difference["lines"]))


def test_unknown_price_leaves_total_and_difference_unknown() -> None:
    """The known part is told as such, and never as the whole."""
    found = cost(plan(), prices=without({"model_unit_per_hour"}, asked=False))
    assert found["actual"]["total_usd"] is found["difference"]["total_usd"] is None
    assert found["actual"]["unknown"] == ["throughput"]
    sentence = cost_sentence(found, simulated=False)
    assert sentence.startswith("The run cost 3.12 USD")
    assert "not known: throughput" in sentence
    assert cost_sentence(found, simulated=True).startswith("A real run would have cost")
