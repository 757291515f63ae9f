"""EvaluateAndReport of a run that served several candidates of a learning curve."""

import json
from typing import Any

import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas.handlers.evaluate_and_report import handler
from tests.handlers.bedrock.results.conftest import Store, Written, line

RECORDS, RIGHT = 40, {"candidate-2": 30, "candidate-3": 15}


@pytest.fixture
def served(clear_gain: dict[str, Any], store: Store) -> dict[str, Any]:
    """Three sizes, all of which answered: the chosen one is right everywhere, the others in part."""
    whole = clear_gain["jobs"]["candidates"][0] | {"training_records": 400}
    others = [
        whole | {"number": number, "training_records": records, "model_arn": f"arn:model-{number}", "model": "deleted"}
        for number, records in ((2, 200), (3, 100))
    ]
    clear_gain["jobs"]["candidates"] = [whole, *others]
    planned = clear_gain["plan"]["candidates"][0]
    clear_gain["plan"]["candidates"] = [planned | {"number": number} for number in (1, 2, 3)]
    clear_gain["plan"] |= {"learning_curve": True, "serve": "all"}
    for arm, right in RIGHT.items():
        answers = ("net sales of 40" if index < right else "unknown" for index in range(RECORDS))
        lines = (line(index % 20, answer) | {"index": index} for index, answer in enumerate(answers))
        store(f"evaluation/{arm}.jsonl", *lines)
        clear_gain["responses"]["arms"][arm] = {"n": RECORDS, "errors": 0}
    return clear_gain


def test_served_candidates_are_points_and_arms_and_change_no_verdict(
    served: dict[str, Any], written: Written, lambda_context: LambdaContext
) -> None:
    handler(served, lambda_context)
    report = json.loads(written("report.json"))
    points = {point["candidate"]: point for point in report["learning_curve"]["points"]}
    assert [(points[one]["records"], points[one]["value"]) for one in (3, 2, 1)] == [(100, 37.5), (200, 75), (400, 100)]
    assert all(point["interval"] and point["best"] and point["served"] for point in points.values())
    assert set(report["learning_curve"]["lines"]) == {"base"}
    assert set(report["learning_curve"]["doubling"]) in ({"gain", "interval"}, {"withheld"})
    assert report["arms"]["candidate-2"]["model_id"] == "arn:model-2"
    assert report["best_tested"]["candidate"] == 1
    assert "evaluation/candidate-2.jsonl" in {each["key"] for each in report["lineage"]["objects"]}
    page = written("report.html")
    assert "<h2>Learning curve</h2>" in page
    assert "<h2>Candidates on the test set</h2>" in page
    assert "candidate-2" not in json.dumps(report["decision"])


def test_a_candidate_whose_lease_failed_is_missing_with_the_reason_and_not_in_the_curve(
    served: dict[str, Any], store: Store, written: Written, lambda_context: LambdaContext
) -> None:
    store("evaluation/candidate-3.jsonl", *({"index": index, "error": "not answered"} for index in range(RECORDS)))
    reason = "ThroughputFailed: it did not come into service."
    served["responses"]["arms"]["candidate-3"] = {"n": RECORDS, "errors": RECORDS, "missing": reason}
    handler(served, lambda_context)
    report = json.loads(written("report.json"))
    point = next(one for one in report["learning_curve"]["points"] if one["candidate"] == 3)
    assert (point["served"], point["value"], point["best"]) == (False, None, False)
    assert "sizes tested: 2" in report["learning_curve"]["doubling"]["withheld"]
    assert report["arms"]["candidate-3"]["missing"] == reason
    assert reason in written("report.html")
    assert "candidate-3" not in json.dumps(report["decision"])


def test_a_throughput_that_was_bought_and_never_in_service_leaves_the_cost_unknown(
    served: dict[str, Any], written: Written, lambda_context: LambdaContext
) -> None:
    """Whether AWS bills its creation is not documented."""
    (chosen,) = served["servings"]["leases"]
    handler(served, lambda_context)
    assert not [one for one in json.loads(written("report.json"))["cost"]["actual"]["unknown"] if "time" in one]
    bought = chosen["serving"] | {"arn": "arn:throughput-2", "in_service_at": None}
    served["servings"]["leases"].append({"number": 2, "serving": bought})
    handler(served, lambda_context)
    cost = json.loads(written("report.json"))["cost"]["actual"]
    assert "throughput without a known time" in cost["unknown"]
    assert cost["total_usd"] is None
