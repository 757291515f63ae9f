"""The cap that is shipped: an ordinary run of each model passes it, a file of the largest size does not."""

import pytest

from lambdas.domain.cost.cost_findings import cost_findings
from lambdas.domain.cost.estimate import estimate
from lambdas.domain.cost.price_file import default_prices
from lambdas.domain.dataset.planned_set import TrainingSet
from lambdas.domain.dataset.tokens import TokenCounts
from lambdas.domain.evaluation.arms import Arm
from lambdas.domain.models.catalogue import BaseModelEntry, catalogue
from lambdas.domain.plan.plan import Plan
from lambdas.domain.training.candidates import Candidate
from lambdas.handlers.environment import EnvironmentVariables
from stacks.functions import limits_on_runs
from stacks.settings import Settings
from tests.unit.test_cost import plan, sets

PRICED = [
    entry for entry in catalogue() if default_prices().base_models[entry.customization_id].training_per_1000_tokens
]


def run_of(model: BaseModelEntry, records: int, tokens_each: int) -> Plan:
    """A run with so many training records and the model's own number of epochs; 200 test records of 400 tokens."""
    training = TrainingSet(uri="s3://out/train.jsonl", records=records, tokens=records * tokens_each)
    epochs = {"epochCount": str(model.hyperparameters["epochCount"].default)}
    return plan(
        base_model=model.customization_id,
        candidates=[Candidate(number=1, hyperparameters=epochs, training_set=training)],
        serving=model.serving[0],
        arms={"tuned": Arm(model_id=None), "base": Arm(model_id=model.inference_id)},
        dataset=sets(test=200),
        tokens=TokenCounts(test_prompts=80_000, test_references=6_000, examples=0),
    )


def refusals(found: Plan) -> list[str]:
    """What stands in the run's way in an environment with the default settings."""
    findings = cost_findings(estimate(found, default_prices()), Settings().max_run_cost_usd, accept_unknown=False)
    return [each.check for each in findings if each.severity == "error"]


def test_only_the_dead_model_has_no_price_of_training() -> None:
    assert [entry.name for entry in catalogue() if entry not in PRICED] == ["Claude 3 Haiku"]


@pytest.mark.parametrize("model", PRICED, ids=lambda model: model.name)
def test_an_ordinary_run_passes_and_the_largest_file_is_refused(model: BaseModelEntry) -> None:
    """A cap that refuses what everybody does is taken away, and then nothing stops a file of thousands of dollars."""
    assert refusals(run_of(model, 1_000, 400)) == []
    limits = model.limits
    assert refusals(run_of(model, limits.train.max_records, limits.max_record_tokens)) == ["cost-cap"]


@pytest.mark.parametrize("accepted", [True, False])
def test_whether_unknown_prices_are_accepted_reaches_the_functions(accepted: bool) -> None:
    """A setting that stays in cdk.json protects nobody."""
    variables = limits_on_runs(Settings(accept_unknown_prices=accepted))
    required = {
        "OUTPUT_BUCKET": "out",
        "DEPLOYMENT": "team",
        "CUSTOMIZATION_ROLE_ARN": "arn:aws:iam::123456789012:role/customization",
        "DEFAULT_BASE_MODEL": "model",
        "MAX_THROUGHPUTS": "1",
        "LONGEST_LEASE_HOURS": "8",
        "LONGEST_RUN_HOURS": "168",
    }
    environment = EnvironmentVariables.model_validate(required | variables)
    assert environment.accept_unknown_prices is accepted
    assert environment.max_run_cost_usd == 100
