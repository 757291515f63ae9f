"""What the tiers free and cents send can create, change and delete nothing, and costs what was told."""

from typing import Any

import pytest

from lambdas.domain.cost.price_file import default_prices
from local.conformance.calls import AwsCaller, AwsRequest
from local.conformance.check import ConformanceCheck, Tier, run_check
from local.conformance.cost import most_usd
from local.conformance.expectations import answered
from local.conformance.impossible import ABSENT, ABSENT_BASE_MODEL, ABSENT_ID, HarmfulRequestError
from local.conformance.lifecycle import cheapest
from local.conformance.place import Place, WrongRegionError, regions_of
from local.conformance.suite import single_checks

MODEL = "arn:aws:bedrock:us-east-1:123456789012:custom-model/amazon.nova-lite-v1:0:300k/abcdefghijkl"
JOB: dict[str, Any] = {
    "jobName": "a",
    "customModelName": "a",
    "roleArn": "arn:aws:iam::123456789012:role/a",
    "baseModelIdentifier": "amazon.nova-lite-v1:0:300k",
    "trainingDataConfig": {"s3Uri": "s3://bucket/train.jsonl"},
    "outputDataConfig": {"s3Uri": "s3://bucket/output/"},
}
HARMFUL = [
    ("CreateModelCustomizationJob", JOB),
    ("CreateProvisionedModelThroughput", {"provisionedModelName": ABSENT, "modelUnits": 1, "modelId": MODEL}),
    ("CreateCustomModelDeployment", {"modelDeploymentName": ABSENT, "modelArn": MODEL}),
    ("UpdateProvisionedModelThroughput", {"provisionedModelId": "mine", "desiredProvisionedModelName": ABSENT}),
    ("UpdateCustomModelDeployment", {"customModelDeploymentIdentifier": "mine", "modelArn": MODEL}),
    ("DeleteProvisionedModelThroughput", {"provisionedModelId": "mine"}),
    ("DeleteCustomModelDeployment", {"customModelDeploymentIdentifier": "mine"}),
    ("DeleteCustomModel", {"modelIdentifier": MODEL}),
    ("StopModelCustomizationJob", {"jobIdentifier": "mine"}),
    ("TagResource", {"resourceARN": MODEL, "tags": []}),
    ("UntagResource", {"resourceARN": MODEL, "tagKeys": []}),
    ("DeleteGuardrail", {"guardrailIdentifier": ABSENT}),
]


class NoClients:
    """A maker of clients that must not be asked."""

    def client(self, *_: Any, **__: Any) -> Any:
        """Nobody may call."""
        raise AssertionError("A request was sent.")


@pytest.mark.parametrize(("operation", "parameters"), HARMFUL, ids=[name for name, _ in HARMFUL])
def test_a_request_that_could_have_an_effect_is_never_sent(operation: str, parameters: dict[str, Any]) -> None:
    """A check that somebody adds later must not cost a user a throughput."""
    check = ConformanceCheck(
        "harmful", Tier.FREE, AwsRequest("bedrock", operation, parameters, "us-east-1"), answered()
    )
    with pytest.raises(HarmfulRequestError, match=operation):
        run_check(check, AwsCaller(NoClients()))


def test_a_complete_request_is_harmless_only_about_what_does_not_exist() -> None:
    harmless = {**JOB, "baseModelIdentifier": ABSENT_BASE_MODEL}
    check = ConformanceCheck(
        "a", Tier.FREE, AwsRequest("bedrock", "CreateModelCustomizationJob", harmless, "us-east-1"), answered()
    )
    with pytest.raises(AssertionError, match="A request was sent"):
        run_check(check, AwsCaller(NoClients()))


def test_the_free_tier_asks_no_model_that_exists(place: Place) -> None:
    """A question that AWS answers after all would cost something."""
    asked = {
        check.request.parameters["modelId"]
        for check in single_checks(place)
        if check.tier is Tier.FREE and isinstance(check.request, AwsRequest) and check.request.operation == "Converse"
    }
    assert all(model_id == ABSENT_BASE_MODEL or model_id.endswith(f"/{ABSENT_ID}") for model_id in asked)


def test_the_tiers_cost_nothing_cents_and_dollars(place: Place) -> None:
    checks, entry = single_checks(place), cheapest(place)
    free, cents, dollars = (most_usd(tier, checks, entry) for tier in Tier)
    assert free == 0
    assert 0.01 <= cents < 1
    assert cents + 1.9 < dollars < 10


def test_a_model_of_an_unknown_price_counts_as_the_dearest(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    checks = [check for check in single_checks(place) if check.id == "ask-base-nova-micro"]
    cheap = most_usd(Tier.CENTS, checks * 1000, None)
    unknown = {**default_prices().foundation_models, "amazon.nova-micro-v1:0": None}
    changed = default_prices().model_copy(update={"foundation_models": unknown})
    monkeypatch.setattr("local.conformance.cost.default_prices", lambda: changed)
    assert most_usd(Tier.CENTS, checks * 1000, None) > 10 * cheap


def test_a_region_without_customization_is_refused() -> None:
    assert regions_of("us-west-2") == ("us-west-2",)
    with pytest.raises(WrongRegionError, match="eu-north-1"):
        regions_of("eu-north-1")
