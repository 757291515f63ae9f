"""EvaluateAndReport: what the run has cost."""

import json
from typing import Any

import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas.adapters.aws.service_errors import Refused
from lambdas.domain.cost.price_file import default_prices
from lambdas.handlers import composition
from lambdas.handlers.evaluate_and_report import handler
from tests.handlers.bedrock.results.conftest import Store, Written, preflight_document


def test_report_compares_the_estimate_of_the_preflight_with_what_was_used(
    event: dict[str, Any], written: Written, lambda_context: LambdaContext, store: Store
) -> None:
    """Whoever decided by the estimate learns how good it was."""
    handler(event, lambda_context)
    recomputed = json.loads(written("report.json"))["cost"]
    made = {**recomputed["estimate"], "known_usd": 7.5, "prices": recomputed["prices"]}
    store("preflight.json", preflight_document(estimate=made))
    report = handler(event, lambda_context)
    cost = json.loads(written("report.json"))["cost"]
    assert cost["estimate"]["known_usd"] == 7.5
    assert set(cost) == {"prices", "estimate", "candidates", "actual", "difference"}
    assert set(cost["prices"]) == {"as_of", "source"}
    # Two epochs were run; the shipped file has no price of them.
    training = cost["actual"]["lines"][0]
    assert (training["id"], training["quantity"], training["usd"]) == ("training", 18.0, None)
    assert "training" in cost["actual"]["unknown"]
    assert "(estimated: 7.50 USD)" in report["message"]
    assert "What the run cost" in written("report.html")


def test_users_price_file_prices_the_report(
    event: dict[str, Any], store: Store, written: Written, lambda_context: LambdaContext
) -> None:
    """No new deployment is needed for other prices."""
    own = json.loads(default_prices().model_dump_json())
    own["base_models"][event["plan"]["base_model"]]["model_unit_per_hour"] = 40
    store("prices.json", own, bucket="input-bucket", prefix="")
    handler(event, lambda_context)
    report = json.loads(written("report.json"))
    # 330.5 s in service are a begun hour.
    assert report["throughput"]["cost_usd"] == 40
    assert report["arms"]["tuned"]["price_per_1000"] > 0
    assert report["arms"]["base"]["price_per_1000"] > 0


def test_a_runs_own_prices_stand_on_both_sides_of_the_report_which_says_so(
    event: dict[str, Any], written: Written, lambda_context: LambdaContext, store: Store
) -> None:
    """The preflight's estimate counted with other prices: a difference between the two would be one of prices."""
    handler(event, lambda_context)
    cost = json.loads(written("report.json"))["cost"]
    made = {**cost["estimate"], "known_usd": 7.5, "prices": cost["prices"]}
    store("preflight.json", preflight_document(estimate=made))
    base = event["plan"]["arms"]["base"]["model_id"]
    event["plan"]["evaluation"]["prices"] = {base: {"input": 5.0, "output": 5.0}, "unused": {"input": 0, "output": 0}}
    report = handler(event, lambda_context)
    cost = json.loads(written("report.json"))["cost"]
    assert cost["prices"]["own"] == [base]
    for side in ("estimate", "actual"):
        prices = {line["unit_price_usd"] for line in cost[side]["lines"] if line["id"].startswith("answers/base/")}
        assert prices == {5.0}
    assert f"run.json's own of {base}, which no cap and no approval counted with" in report["message"]
    assert "own (evaluation.prices). Only this report counts with them" in written("report.html")


@pytest.mark.parametrize("body", [b"{}", b" " * (1 << 18) + b" "])
def test_price_file_that_was_broken_since_costs_no_report(
    event: dict[str, Any], store: Store, written: Written, lambda_context: LambdaContext, body: bytes
) -> None:
    """The preflight refuses such a file; here it is too late, and the run has its result."""
    store("prices.json", body, bucket="input-bucket", prefix="")
    handler(event, lambda_context)
    cost = json.loads(written("report.json"))["cost"]
    assert cost["prices"]["as_of"] == default_prices().as_of.isoformat()


def test_price_file_that_s3_refuses_costs_no_report(
    event: dict[str, Any], written: Written, lambda_context: LambdaContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a cap the preflight only warns of it; the run has been paid for by now, and its verdict must be told."""

    def refused(_bucket: str) -> None:
        raise Refused("Reading prices.json", "AccessDenied", "No.")

    monkeypatch.setattr(composition.root.adapters.price_file, "read_prices", refused)
    handler(event, lambda_context)
    report = json.loads(written("report.json"))
    assert (report["status"], report["cost"], report["arms"]["base"]["price_per_1000"]) == ("succeeded", None, None)
    assert "What the run cost" not in written("report.html")
