"""The preflight's checks: each can fail, and says what to do."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from types import MappingProxyType
from typing import Any

import pytest

from lambdas.domain.core.finding import Finding
from lambdas.domain.core.state_budget import MOST_FINDINGS
from lambdas.domain.core.token_price import TokenPrice
from lambdas.domain.core.unknown import Unknown
from lambdas.domain.cost.price_file import BaseModelPrices, UnitPrice, default_prices, parse_prices
from lambdas.domain.dataset.set_names import SetName
from lambdas.domain.dataset.split.parts import take_parts
from lambdas.domain.dataset.tokens import TokenCounts
from lambdas.domain.evaluation.arms import Arm
from lambdas.domain.evaluation.settings import EvaluationSettings
from lambdas.domain.models.catalogue import BaseModelEntry, base_model, catalogue
from lambdas.domain.preflight.callable_models import Asked, callable_models
from lambdas.domain.preflight.checks import (
    CHECKS,
    Check,
    document,
    fail,
    failure_message,
    findings_of,
    is_undecided,
    report_unknown,
    warn,
)
from lambdas.domain.preflight.concurrency import AccountConcurrency, WantedConcurrency, room_for_functions
from lambdas.domain.preflight.cost_cap import cost_checks
from lambdas.domain.preflight.custom_model import skip_training, usable
from lambdas.domain.preflight.folder import files_unchanged
from lambdas.domain.preflight.judges import JUDGES
from lambdas.domain.preflight.model import (
    ModelDetails,
    champion_servable,
    customizable,
    exists,
    in_region,
    lifecycle,
    servable,
)
from lambdas.domain.preflight.model_access import ModelAvailability, accessible_models
from lambdas.domain.preflight.names import Taken, names_free
from lambdas.domain.preflight.network import FoundNetwork, FoundSubnet, usable_network
from lambdas.domain.preflight.quotas import InUse, Needs, Quota, are_missing, quota_checks
from lambdas.domain.preflight.role import (
    PASSED,
    READS,
    WRITES,
    JobOrigin,
    KeyState,
    allowed,
    key_usable,
    trusts_bedrock,
)
from lambdas.domain.preflight.settings import settings_checks, settings_findings
from lambdas.domain.preflight.storage import in_region as bucket_in_region
from lambdas.domain.preflight.subject import needs_of
from lambdas.domain.preflight.subscribers import Subscriptions, TopicInUse, heard
from lambdas.domain.preflight.time_limit import RunTime, enough_time
from lambdas.domain.preflight.verdict_reach import TEST_GROUPS
from lambdas.domain.settings.run_settings import Choices, RunSettings
from lambdas.domain.training.given_model import GivenModel
from lambdas.domain.training.learning_curve import asked_sizes
from lambdas.domain.training.network import JobNetwork
from lambdas.domain.training.sweep import SweepSettings
from tests.unit.test_cost import plan, sets

HAIKU = base_model("anthropic.claude-3-haiku-20240307-v1:0:200k")
NOVA = base_model("amazon.nova-lite-v1:0:300k")
NOVA_2 = base_model("amazon.nova-2-lite-v1:0:256k")
LLAMA = base_model("meta.llama3-1-8b-instruct-v1:0:128k")
BEFORE, AFTER = date(2026, 3, 1), date(2026, 11, 1)
ACTIVE = ModelDetails("ACTIVE", ("FINE_TUNING",), None, None)
LEGACY = ModelDetails("LEGACY", ("FINE_TUNING",), None, date(2026, 9, 10))
DENIED = Unknown("GetFoundationModel: AccessDeniedException: No.", busy=False)
BUSY = Unknown("GetFoundationModel failed: ThrottlingException: Slow down.", busy=True)
JUDGE = Asked("anthropic.claude-3-sonnet", "a judge")

UNITS = Quota("L-BE77399C", "Model units no-commitment Provisioned Throughputs across custom models", 2)
UNITS_OF_HAIKU = Quota("L-1", "Model units per provisioned model for Anthropic Claude 3 Haiku 200K", 1)
JOBS = Quota("L-0406044C", "(Model customization) Scheduled customization jobs", 2)
MODELS = Quota("L-CB5B847D", "(Model customization) Custom models per account", 10)
DEPLOYMENTS = Quota("L-2", "Custom model deployments per account", 10)
QUOTAS = [UNITS, UNITS_OF_HAIKU, JOBS, MODELS, DEPLOYMENTS]
NOTHING = InUse(jobs=0, custom_models=0, model_units=0, deployments=0)
ON_THROUGHPUT = Needs(HAIKU, "provisioned_throughput", 1, "us-west-2")
ON_DEMAND = Needs(NOVA, "on_demand", 1, "us-east-1")

NETWORK = JobNetwork(("subnet-1", "subnet-2"), ("sg-1",))
SUBNET, OTHER_SUBNET = FoundSubnet("subnet-1", "vpc-1", "a", 8), FoundSubnet("subnet-2", "vpc-1", "b", 8)


def network(
    subnets: Sequence[FoundSubnet] = (SUBNET, OTHER_SUBNET),
    vpc_by_group: Mapping[str, str] = MappingProxyType({"sg-1": "vpc-1"}),
    vpcs_with_s3: frozenset[str] = frozenset({"vpc-1"}),
) -> Check:
    """The check of a network of which all is well, apart from what is given."""
    return usable_network(NETWORK, FoundNetwork(tuple(subnets), vpc_by_group, vpcs_with_s3))


ACCOUNT, JOB_ARN = "123456789012", "arn:aws:bedrock:us-west-2:123456789012:model-customization-job/m:200k/abcdefghijkl"
ORIGIN = JobOrigin(ACCOUNT, JOB_ARN)
KEY = KeyState("Enabled", "ENCRYPT_DECRYPT", "SYMMETRIC_DEFAULT")


def quota(check: str, needs: Needs, quotas: Sequence[Quota] | Unknown, in_use: InUse = NOTHING) -> Check:
    """One of the checks of quotas."""
    return next(each for each in quota_checks(needs, quotas, in_use) if each.check == check)


def with_value(changed: Quota, value: float) -> list[Quota]:
    """The quotas with another value of one."""
    return [each._replace(value=value) if each == changed else each for each in QUOTAS]


def trust(effect: str = "Allow", service: str = "bedrock.amazonaws.com", **condition: Any) -> dict[str, Any]:
    """A trust policy of one statement."""
    statement = {
        "Effect": effect,
        "Principal": {"Service": service},
        "Action": "sts:AssumeRole",
        "Condition": condition,
    }
    return {"Version": "2012-10-17", "Statement": [statement]}


GIVEN = GivenModel(
    arn="arn:aws:bedrock:us-west-2:123456789012:custom-model/haiku/abcdefghijkl",
    name="ft-sales-0123456789ab-c1",
    base_model=HAIKU.customization_id,
    status="Active",
    created_at="2026-11-22T09:50:00.000Z",
    hyperparameters={"epochCount": "2"},
    training_loss=0.5,
    validation_loss=None,
    simulated=False,
)


def given(
    found: GivenModel | Unknown | None,
    tags: Mapping[str, str] | Unknown = {"deployment": "ft"},  # noqa: B006 - read only
    region: str = "us-west-2",
    account: str | None = "123456789012",
    environment: str | None = "ft",
) -> Check:
    """The check of the custom model that run.json names."""
    return usable(GIVEN.arn, found, tags, entry=HAIKU, region=region, account=account, environment=environment)


def settings(model: BaseModelEntry = HAIKU, **chosen: Any) -> list[Check]:
    """The checks of a run.json's settings."""
    return settings_checks(settings_findings(Choices(RunSettings.model_validate(chosen), model), RECORDS, most_jobs=4))


def setting(check: str, **chosen: Any) -> Check:
    """One of them."""
    return next(each for each in settings(**chosen) if each.check == check)


def swept(check: str, validation: int = 32, **sweep: Any) -> Check:
    """One of the checks of a sweep."""
    choices = Choices(RunSettings(sweep=SweepSettings.model_validate(sweep)), HAIKU)
    checks = settings_checks(settings_findings(choices, {**RECORDS, "validation": validation}, most_jobs=4))
    return next(each for each in checks if each.check == check)


def curved(check: str, validation: int = 32, **chosen: Any) -> Check:
    """One of the checks of a learning curve, by default of two parts and the whole of the training set."""
    train = RECORDS["train"]
    settings = RunSettings.model_validate({"learning_curve": {"fractions": [0.6, 0.8]}} | chosen)
    assert settings.learning_curve is not None
    asked = [each.records for each in asked_sizes(settings.learning_curve, train)]
    parts = take_parts([str(number).encode() for number in range(train)], range(train), asked, seed=0, least=32)
    records = {**RECORDS, "validation": validation}
    checks = settings_checks(settings_findings(Choices(settings, HAIKU), records, most_jobs=4, parts=parts))
    return next(each for each in checks if each.check == check)


def compared(validation: int = 32, **chosen: Any) -> Check:
    """The check of two data sets that are compared."""
    clean = {"judges": ["amazon.nova-pro-v1:0"], "mode": "remove"}
    settings = RunSettings.model_validate({"clean": clean, "compare": ["original", "cleaned"]} | chosen)
    records = {**RECORDS, "validation": validation}
    checks = settings_checks(settings_findings(Choices(settings, HAIKU), records, most_jobs=4))
    return next(each for each in checks if each.check == "compare")


def cost(check: str, cap: float | None = None, prices: Any = None, accept_unknown_prices: bool = False) -> Check:
    """One of the checks of a small run's cost."""
    checks, _ = cost_checks(PLAN, cap, prices or PRICES, 40.0, accept_unknown_prices=accept_unknown_prices)
    return next(each for each in checks if each.check == check)


_HAIKU_PRICES = BaseModelPrices(
    training_per_1000_tokens=UnitPrice(usd=0.01),
    storage_per_month=UnitPrice(usd=2.0),
    model_unit_per_hour=None,
    on_demand=None,
)
PRICES = default_prices().model_copy(update={"base_models": {HAIKU.customization_id: _HAIKU_PRICES}})
RECORDS: dict[SetName, int] = {"train": 60, "validation": 32, "test": 20}
PLAN = plan(
    dataset=sets(test=3),
    evaluation=EvaluationSettings(max_tokens=64, prices={HAIKU.inference_id: TokenPrice(input=1.0, output=1.0)}),
    tokens=TokenCounts(test_prompts=300, test_references=30, examples=0),
)


def time(
    *, longest_run_hours: float = 168, approval_hours: float | None = None, slots: int = 1, **changes: Any
) -> Check:
    """The check of the time of a run that serves four candidates, of 34 minutes each."""
    four = plan(**{"jobs": 4, "serve": "all", "dataset": sets(test=3), **changes})
    return enough_time(four, slots, RunTime(longest_run_hours, 8, approval_hours, 6))


# What makes each check fail, and words that its finding must have.
def access(model_id: str = JUDGE.model_id, *, asked: str | None = None, **changes: Any) -> Check:
    """The check of a judge that is available but for the changes."""
    available = {"agreement": "AVAILABLE", "is_authorized": True, "is_entitled": True, "is_in_region": True}
    answer = ModelAvailability(model_id, **{**available, **changes})
    return accessible_models({Asked(asked or model_id, "a judge"): answer}, "us-west-2")


FAILING: dict[str, list[tuple[Callable[[], Check], list[str]]]] = {
    "model-exists": [
        (lambda: exists(HAIKU, None, "us-west-2", AFTER), ["end of life was on 2026-09-10", "nova-2-lite"]),
        (lambda: exists(NOVA, None, "us-east-1", BEFORE), ["us-east-1", '"base_model"']),
    ],
    "model-customizable": [
        (lambda: customizable(NOVA, ModelDetails("ACTIVE", (), None, None), "us-east-1"), ["no fine-tuning", "none"]),
    ],
    "model-lifecycle": [
        (lambda: lifecycle(HAIKU, LEGACY, "us-west-2", BEFORE), ["LEGACY", "2026-09-10", "nova-2-lite", "run.json"]),
        (lambda: lifecycle(HAIKU, LEGACY, "us-west-2", AFTER), ["past its end of life", "no new customization job"]),
    ],
    "region": [(lambda: in_region(NOVA, "eu-west-1", AFTER), ["us-east-1, not in eu-west-1", '"region"'])],
    "serving": [(lambda: servable(HAIKU, "on_demand"), ["'on_demand'", "provisioned_throughput"])],
    "models-callable": [
        (lambda: callable_models({JUDGE: Unknown("Converse: AccessDeniedException: No access.", busy=False)}),
         ["anthropic.claude-3-sonnet, a judge", "No access", "us.…"]),
        (lambda: callable_models({JUDGE: BUSY}), ["ThrottlingException", "again later"]),
    ],
    "job-network": [
        (lambda: network(subnets=[SUBNET]), ["subnet-2 does not exist", '"vpc_subnet_ids"']),
        (lambda: network(vpc_by_group={"sg-1": "vpc-2"}), ["several VPCs: vpc-1, vpc-2"]),
        (lambda: network(subnets=[SUBNET, OTHER_SUBNET._replace(free_addresses=0)]), ["subnet-2 has no free address"]),
    ],
    "models-accessible": [
        (lambda: access(agreement="NOT_AVAILABLE", is_entitled=False),
         ["claude-3-sonnet, a judge", "AccessDenied", "aws-marketplace:Subscribe", "use case", "us-west-2"]),
        (lambda: access(agreement="ERROR", trouble="Payment is missing."), ["Bedrock says: Payment is missing."]),
        (lambda: access(agreement="PENDING"), ["is being made", "in some minutes"]),
        (lambda: access(is_authorized=False), ["denies anthropic.claude-3-sonnet", "service control policies"]),
        (lambda: access(is_in_region=False), ["not available in us-west-2", "inference profile"]),
        (lambda: accessible_models({JUDGE: DENIED}, "us-west-2"), ["could not be checked", "on *"]),
    ],
    "custom-model": [
        (lambda: given(None), ["does not exist", '"custom_model"']),
        (lambda: given(replace(GIVEN, status="Failed")), ["is Failed"]),
        (lambda: given(replace(GIVEN, base_model="other")), ["tuned from other, not from", '"base_model"']),
        (lambda: given(GIVEN, tags={}), ["does not belong to this environment", "key=deployment,value=ft"]),
        (lambda: given(GIVEN, region="us-east-1"), ["Region us-west-2", "us-east-1"]),
        (lambda: given(GIVEN, account="210987654321"), ["in account 123456789012"]),
        (lambda: given(DENIED), ["AccessDeniedException", "bedrock:GetCustomModel"]),
        (lambda: given(GIVEN, tags=DENIED), ["AccessDeniedException", "bedrock:ListTagsForResource"]),
    ],
    "hyperparameters": [
        (lambda: setting("hyperparameters", hyperparameters={"epochs": 1}), ["/epochs: ", "it has epochCount"]),
        (lambda: setting("hyperparameters", hyperparameters={"epochCount": 11}), ["11 is outside 1 to 10", "Correct"]),
        (lambda: setting("hyperparameters", hyperparameters={"epochCount": 1.5}), ["not a whole number"]),
        (lambda: setting("hyperparameters", hyperparameters={"batchSize": True}), ["A number is needed"]),
        # The example of the model's own announcement is outside its own range.
        (lambda: setting("hyperparameters", hyperparameters={"learningRateMultiplier": "0.05"}), ["outside 0.1 to 2"]),
    ],
    "sweep-validation": [(lambda: swept("sweep-validation", validation=0), ["validation loss", "validation.jsonl"])],
    "curve-sizes": [
        (lambda: curved("curve-sizes", learning_curve={"sizes": [5_000]}), ["5,000 records are asked for", "Ask for"]),
        (lambda: curved("curve-sizes", learning_curve={"fractions": [1]}), ["A single size is left"]),
    ],
    "curve-jobs": [
        (lambda: curved("curve-jobs", sweep={"jobs": 2}), ["make 6 candidates", "allows 4", "max_sweep_jobs"]),
    ],
    "curve-validation": [(lambda: curved("curve-validation", validation=0), ["2 and 3 of the 3", '"serve": "all"'])],
    "compare": [
        (lambda: compared(sweep={"jobs": 3}), ["2 data sets with 3 candidates each make 6", "allows 4", "jobs to 2"]),
        (lambda: compared(sweep={"jobs": 3}), ["max_sweep_jobs of the environment to 6"]),
        (lambda: compared(serve="best"), ["a single data set", "Remove serve"]),
        (lambda: compared(serve=[1]), ["the data set cleaned", "original has 1; cleaned has 2"]),
        (lambda: compared(sweep={"jobs": 2}, serve=[3]), ["the data set original", "original has 1 to 2;"]),
    ],
    "serve": [(lambda: curved("serve", serve=[7]), ["no candidate 7", "1 to 3"])],
    "sweep-jobs": [(lambda: swept("sweep-jobs", jobs=5), ["asks for 5 jobs", "allows 4", "max_sweep_jobs"])],
    "sweep-grid": [
        (lambda: swept("sweep-grid", grid={"epochCount": [2, 99]}), ["epochCount", "99 is outside"]),
        (lambda: swept("sweep-grid", grid={"epochs": [2]}), ["no such hyperparameter"]),
    ],
    "quota-jobs": [
        (lambda: quota("quota-jobs", ON_DEMAND, QUOTAS, NOTHING._replace(jobs=2)), ["is 2, of which 2", "L-0406044C"]),
        (lambda: quota("quota-jobs", ON_DEMAND, with_value(JOBS, 0)), ["is 0", "us-east-1.console", "needs 1"]),
    ],
    "quota-custom-models": [
        (lambda: quota("quota-custom-models", ON_DEMAND, QUOTAS, NOTHING._replace(custom_models=8, jobs=2)),
         ["is 10, of which 10", "Delete custom models", "L-CB5B847D"]),
        (lambda: quota("quota-custom-models", replace(ON_DEMAND, jobs=4), with_value(MODELS, 3)), ["is 3", "needs 4"]),
    ],
    "quota-model-units": [
        (lambda: quota("quota-model-units", ON_THROUGHPUT, with_value(UNITS, 0)), ["is 0", "L-BE77399C", "days"]),
        (lambda: quota("quota-model-units", replace(ON_THROUGHPUT, model_units=3), QUOTAS), ["is 2", "needs 3"]),
        (lambda: quota("quota-model-units", ON_THROUGHPUT, DENIED), ["could not be checked", "AccessDenied"]),
    ],
    "quota-model-units-of-model": [
        (lambda: quota("quota-model-units-of-model", ON_THROUGHPUT, with_value(UNITS_OF_HAIKU, 0)),
         ["Claude 3 Haiku", "is 0", "quotas/L-1"]),
    ],
    "quota-deployments": [
        (lambda: quota("quota-deployments", ON_DEMAND, with_value(DEPLOYMENTS, 0)), ["is 0", "quotas/L-2"]),
        (lambda: quota("quota-deployments", ON_DEMAND, DENIED), ["could not be checked"]),
    ],
    "time-limit": [
        (lambda: time(longest_run_hours=2), ["4 candidates, 1 at a time", "about 2.2 hours", "2 hours", "cut off"]),
    ],
    "bucket-region": [
        (lambda: bucket_in_region({"in": "us-west-2", "out": "eu-west-1"}, "us-west-2"), ["out is in eu-west-1"]),
        (lambda: bucket_in_region({"in": None}, "us-west-2"), ["in does not exist"]),
    ],
    "role-trusts-bedrock": [
        (lambda: trusts_bedrock(None, ORIGIN), ["does not exist", "cdk deploy"]),
        (lambda: trusts_bedrock(trust(service="lambda.amazonaws.com"), ORIGIN),
         ["does not let bedrock.amazonaws.com", "drift detection"]),
        (lambda: trusts_bedrock(trust(effect="Deny"), ORIGIN), ["denies"]),
        (lambda: trusts_bedrock(trust(StringEquals={"aws:SourceAccount": "210987654321"}), ORIGIN), ["shut out"]),
        (lambda: trusts_bedrock(trust(ArnLike={"aws:SourceArn": JOB_ARN.replace("us-west-2", "eu-*")}), ORIGIN),
         ["shut out jobs such as", JOB_ARN]),
    ],
    "role-can-be-passed": [(lambda: allowed(PASSED, ["iam:PassRole on arn:role (implicitDeny)"]), ["iam:PassRole"])],
    "role-reads-dataset": [(lambda: allowed(READS, ["s3:GetObject on arn (explicitDeny)"]), ["explicitDeny"])],
    "role-writes-output": [
        (lambda: allowed(WRITES, ["s3:PutObject on arn (implicitDeny)"]), ["s3:PutObject", "boundary"]),
        (lambda: allowed(WRITES, DENIED), ["could not be checked", "SimulatePrincipalPolicy"]),
    ],
    "key-usable": [
        (lambda: key_usable(None, []), ["does not exist"]),
        (lambda: key_usable(KEY._replace(state="PendingDeletion"), []), ["PendingDeletion", "cancel-key-deletion"]),
        (lambda: key_usable(KEY._replace(usage="SIGN_VERIFY", spec="RSA_2048"), []), ["SIGN_VERIFY", "symmetric"]),
        (lambda: key_usable(KEY, ["kms:CreateGrant on arn (implicitDeny)"]), ["kms:CreateGrant"]),
        (lambda: key_usable(DENIED, []), ["kms:DescribeKey"]),
    ],
    "files-unchanged": [
        (lambda: files_unchanged("s3://in/input/a/", {"test.jsonl": "1"}, {"run.json": "2"}),
         ["test.jsonl was deleted", "run.json has arrived", "s3://in/input/a/", "train.jsonl again"]),
        (lambda: files_unchanged("s3://in/input/a/", {}, DENIED), ["could not be checked", "s3:ListBucket"]),
    ],
    "prices": [
        (lambda: cost("prices", prices=parse_prices(b'{"currency": "EUR"}')), ["/as_of", "/currency", "prices.json"]),
        (lambda: cost("prices", cap=1.0, prices=DENIED), ["could not be checked", "prices.json"]),
    ],
    "cost-cap": [
        (lambda: cost("cost-cap", cap=0.01), ["above its cap of 0.01 USD", "max_cost_usd"]),
    ],
    "lambda-concurrency": [
        (
            lambda: room_for_functions(WantedConcurrency(10, 1, None), AccountConcurrency(10, 10)),
            ["at most 8", "max_concurrency", "concurrent executions"],
        ),
    ],
    "subscribers": [
        (
            lambda: heard([TopicInUse("arn:topic", "results", Subscriptions(0, 0), asks=True)]),
            ["arn:topic", "aws sns subscribe"],
        ),
    ],
    "names-free": [
        (lambda: names_free([Taken("custom model", "ft-run", "arn:model", ours=False)]), ["arn:model", "new name"]),
    ],
}  # fmt: skip
CASES = [(check, *case) for check, cases in FAILING.items() for case in cases]


@pytest.mark.parametrize(("check", "made", "words"), CASES)
def test_check_fails_and_says_what_is_wrong_and_what_to_do(
    check: str, made: Callable[[], Check], words: list[str]
) -> None:
    """A check that could not fail would let a run spend money on what cannot work."""
    outcome = made()
    assert (outcome.check, outcome.status) == (check, "failed")
    told = " ".join(f"{finding.message} {finding.remedy}" for finding in outcome.findings)
    assert [word for word in words if word not in told] == []


@pytest.mark.parametrize("model", catalogue(), ids=lambda model: model.name)
def test_a_model_that_is_gone_leads_to_a_living_one(model: BaseModelEntry) -> None:
    """Whoever changes to another model must not be sent to one that is gone as well."""
    region = model.customization_regions[0]
    legacy = lifecycle(model, ModelDetails("LEGACY", ("FINE_TUNING",), None, None), region, AFTER)
    for outcome in (exists(model, None, region, AFTER), legacy):
        [finding] = outcome.findings
        assert finding.successor == model.successor != HAIKU.customization_id
        assert model.successor in finding.remedy
    assert HAIKU.customization_id not in in_region(NOVA, "us-west-2", AFTER).findings[0].remedy


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (
            lambda: network(subnets=[SUBNET, OTHER_SUBNET._replace(zone="a")]),
            ["one Availability Zone: a", "each zone"],
        ),
        (lambda: network(vpcs_with_s3=frozenset()), ["vpc-1 has no endpoint of S3", "gateway endpoint"]),
        (lambda: usable_network(NETWORK, DENIED), ["could not be checked", "ec2:DescribeVpcEndpoints"]),
    ],
)
def test_a_network_that_may_work_is_a_warning(made: Callable[[], Check], words: list[str]) -> None:
    """There are other ways to S3 than its endpoint, and a job that cannot read fails before it trains."""
    outcome = made()
    assert outcome.status == "warning"
    [finding] = outcome.findings
    assert all(word in f"{finding.message} {finding.remedy}" for word in words)


def test_no_check_lacks_a_failing_case() -> None:
    """Whoever adds a check shows that it can fail.

    Few test groups warn: a model may be wanted whatever the verdict says (tests/unit/test_verdict_reach.py). So does a
    judge of an arm's family: another one may agree with it (tests/unit/test_judge_bias.py), and a champion that nothing
    serves: the verdict stands all the same.
    """
    assert set(FAILING) == set(CHECKS) - {TEST_GROUPS, JUDGES, "champion-serving"}


def test_a_champion_that_would_not_be_served_is_a_warning() -> None:
    """The verdict stands all the same, and a person may serve the model with throughput."""
    outcome = champion_servable(HAIKU, serves_champion=True)
    [finding] = outcome.findings
    assert (outcome.check, outcome.status) == ("champion-serving", "warning")
    words = f"{finding.message} {finding.remedy}"
    assert all(word in words for word in ("Claude 3 Haiku", "serve_champion", "fine-tune serve champion --hours"))
    assert champion_servable(HAIKU, serves_champion=False).status == "skipped"


@pytest.mark.parametrize(
    "made",
    [
        lambda: exists(HAIKU, ACTIVE, "us-west-2", BEFORE),
        lambda: customizable(HAIKU, ACTIVE, "us-west-2"),
        lambda: lifecycle(HAIKU, ACTIVE, "us-west-2", BEFORE),
        lambda: in_region(HAIKU, "us-west-2", AFTER),
        lambda: servable(NOVA, "on_demand"),
        lambda: given(GIVEN),
        lambda: given(replace(GIVEN, base_model=HAIKU.inference_id), tags={}, account=None, environment=None),
        lambda: callable_models({JUDGE: None}),
        lambda: quota("quota-jobs", ON_DEMAND, QUOTAS, NOTHING._replace(jobs=1)),
        lambda: quota("quota-custom-models", replace(ON_DEMAND, jobs=4), QUOTAS, NOTHING._replace(custom_models=6)),
        lambda: champion_servable(NOVA, serves_champion=True),
        lambda: quota("quota-model-units", ON_THROUGHPUT, QUOTAS),
        lambda: quota("quota-model-units-of-model", ON_THROUGHPUT, QUOTAS),
        lambda: quota("quota-deployments", ON_DEMAND, QUOTAS),
        lambda: bucket_in_region({"in": "us-west-2", "out": "us-west-2"}, "us-west-2"),
        lambda: trusts_bedrock(trust(), ORIGIN),
        lambda: trusts_bedrock(
            trust(
                StringEquals={"aws:SourceAccount": [ACCOUNT]},
                ArnEquals={"aws:SourceArn": "arn:aws:bedrock:us-west-2:123456789012:model-customization-job/*"},
            ),
            ORIGIN,
        ),
        network,
        lambda: allowed(PASSED, []),
        lambda: key_usable(KEY, []),
        lambda: setting("hyperparameters", hyperparameters={"epochCount": "3"}),
        lambda: swept("sweep-validation"),
        lambda: swept("sweep-jobs"),
        lambda: curved("curve-sizes"),
        lambda: curved("curve-jobs"),
        lambda: curved("curve-validation"),
        lambda: curved("serve", serve=[3]),
        compared,
        lambda: compared(sweep={"jobs": 2}, serve=[2, 3]),
        lambda: swept("sweep-grid", grid={"epochCount": [2, 3]}),
        lambda: cost("prices"),
        lambda: cost("cost-cap", cap=10_000.0),
        lambda: names_free([]),
        lambda: names_free([Taken("customization job", "ft-run", "arn:job", ours=True)]),
    ],
)
def test_check_passes_where_nothing_stands_in_the_way(made: Callable[[], Check]) -> None:
    """A preflight that refuses what would work is worse than none; a job of an earlier attempt is adopted."""
    assert made().status == "passed"


def test_a_run_passes_no_cap_by_prices_of_its_own() -> None:
    """Its run.json says that all is free; the estimate, which an approver sees, knows better."""
    free = EvaluationSettings(max_tokens=64, prices={HAIKU.inference_id: TokenPrice(input=0.0, output=0.0)})
    (_, cap), estimated = cost_checks(
        PLAN.model_copy(update={"evaluation": free}), 42.08, PRICES, 40.0, accept_unknown_prices=False
    )
    unpriced = PLAN.model_copy(update={"evaluation": EvaluationSettings(max_tokens=64)})
    _, usual = cost_checks(unpriced, None, PRICES, 40.0, accept_unknown_prices=False)
    assert estimated == usual
    assert estimated is not None and estimated.known_usd > 42.08
    assert cap.status == "failed"


def test_active_model_past_its_documented_end_only_warns() -> None:
    """The live service decides: an account may have an arrangement, and dates in documents move."""
    outcome = lifecycle(HAIKU, ACTIVE, "us-west-2", AFTER)
    assert outcome.status == "warning"
    assert outcome.findings[0].successor == "amazon.nova-2-lite-v1:0:256k"
    assert "2026-09-10" in outcome.message


def test_model_that_cannot_be_described_hides_no_other_check() -> None:
    """What Bedrock does not tell is one finding; what follows from it is skipped, with the reason."""
    assert exists(HAIKU, DENIED, "us-west-2", AFTER).status == "warning"
    assert "AccessDenied" in exists(HAIKU, DENIED, "us-west-2", AFTER).message
    assert lifecycle(HAIKU, DENIED, "us-west-2", AFTER).status == "skipped"
    assert customizable(HAIKU, None, "us-west-2").status == "skipped"


def test_each_model_is_asked_once_and_named_by_its_first_purpose() -> None:
    """A few-shot arm asks the same model, and a judge may be an arm, too: each question costs money."""
    arms = {"tuned": Arm(model_id=None), "base": Arm(model_id="a"), "base-few-shot-3": Arm(model_id="a", few_shot=3)}
    needs = needs_of(plan(arms=arms, evaluation=EvaluationSettings(judges=["b", "a"])))
    assert needs.asked == (Asked("a", "which answers as arm base"), Asked("b", "a judge"))


@pytest.mark.parametrize(
    ("model", "name", "found"),
    [
        (HAIKU, "per provisioned model for Anthropic Claude 3 Haiku 48K", False),
        (HAIKU, "per provisioned model for Anthropic Claude 3.5 Haiku 200K", False),
        (NOVA, "per provisioned model for the 300k context length variant for Amazon Nova Lite", True),
        (NOVA, "per provisioned model for the 24k context length variant for Amazon Nova Lite", False),
        (NOVA, "per provisioned model for Amazon Nova 2 Lite", False),
        (LLAMA, "per provisioned model for Meta Llama 3.1 8B Instruct", True),
        (LLAMA, "per provisioned model for Meta Llama 3.1 70B Instruct", False),
        (NOVA_2, "for Provisioned Throughput created for custom model Amazon Nova 2 Lite V1.0 256K", True),
        (NOVA_2, "for Provisioned Throughput created for base model Amazon Nova 2 Lite V1.0 256K", False),
    ],
)
def test_quota_of_a_model_is_known_by_its_name_and_context_length(
    model: BaseModelEntry, name: str, found: bool
) -> None:
    """Codes of these quotas are documented nowhere; another model's quota would refuse a run that could be served."""
    needs = replace(ON_THROUGHPUT, entry=model)
    outcome = quota("quota-model-units-of-model", needs, [UNITS, JOBS, Quota("L-3", f"Model units {name}", 0)])
    assert outcome.status == ("failed" if found else "warning")


def test_quota_that_is_not_listed_warns_and_is_looked_for_among_the_defaults() -> None:
    """Names change, and AWS lists a quota that nobody changed among the defaults only."""
    assert are_missing(ON_DEMAND, [UNITS, UNITS_OF_HAIKU, JOBS])
    assert not are_missing(ON_DEMAND, [JOBS, MODELS, DEPLOYMENTS])
    outcome = quota("quota-deployments", ON_DEMAND, [JOBS])
    assert (outcome.status, "custom model" in outcome.message) == ("warning", True)


@pytest.mark.parametrize(
    ("check", "needs", "in_use"),
    [
        ("quota-model-units", ON_THROUGHPUT, NOTHING._replace(model_units=2)),
        ("quota-deployments", ON_DEMAND, NOTHING._replace(deployments=10)),
        ("quota-jobs", ON_DEMAND, NOTHING._replace(jobs=DENIED)),
    ],
)
def test_what_others_use_now_may_be_free_after_the_training(check: str, needs: Needs, in_use: InUse) -> None:
    """Another run's throughput is gone long before this one's model is trained: that refuses nothing."""
    assert quota(check, needs, QUOTAS, in_use).status == "warning"


def test_use_that_is_not_told_leaves_the_other_quotas_checked() -> None:
    """A missing permission for one list says nothing of what the others tell."""
    in_use = NOTHING._replace(deployments=DENIED, jobs=2)
    statuses = {each.check: each.status for each in quota_checks(ON_DEMAND, QUOTAS, in_use)}
    assert (statuses["quota-deployments"], statuses["quota-jobs"]) == ("warning", "failed")
    for unknown in ({"jobs": DENIED}, {"custom_models": DENIED}):
        assert quota("quota-custom-models", ON_DEMAND, QUOTAS, NOTHING._replace(**unknown)).status == "warning"


def test_bucket_that_s3_had_no_time_for_is_asked_for_again() -> None:
    """Unless the other one is wrong: no waiting mends that."""
    busy = bucket_in_region({"in": BUSY, "out": "us-west-2"}, "us-west-2")
    assert (busy.status, busy.busy) == ("warning", True)
    assert not bucket_in_region({"in": BUSY, "out": None}, "us-west-2").busy


@pytest.mark.parametrize(("needs", "check"), [(ON_THROUGHPUT, "quota-model-units"), (ON_DEMAND, "quota-deployments")])
def test_quota_for_one_candidate_that_is_too_small_for_all_at_a_time_is_told(needs: Needs, check: str) -> None:
    """They wait for each other, which nobody has to correct; a quota for none of them ends the run."""
    three = replace(needs, served_at_a_time=3)
    enough = [each._replace(value=3) if each in (UNITS, DEPLOYMENTS) else each for each in QUOTAS]
    assert quota(check, three, enough).status == "passed"
    one_in_use = NOTHING._replace(model_units=1, deployments=1)
    told = quota(check, three, enough, one_in_use)
    assert told.status == "warning"
    assert "is 3, 1 of it in use. The run serves 3 candidates at a time, which need 3" in told.message
    assert quota(check, replace(needs, served_at_a_time=2), enough, one_in_use).status == "passed"
    none = [each._replace(value=0) if each in (UNITS, DEPLOYMENTS) else each for each in QUOTAS]
    assert quota(check, three, none).status == "failed"


def test_candidates_that_are_served_in_time_pass() -> None:
    """So does a run of one; one that would be late only if each took its longest is told."""
    assert time().status == time(longest_run_hours=9, serve="best").status == "passed"
    late = time(longest_run_hours=9, slots=2)
    assert late.status == "warning"
    for words in ("2 at a time", "each for up to 8 hours (longest_lease_hours): that may take 16 hours"):
        assert words in late.message
    after = time(needs_approval=True, approval_hours=150)
    assert "after up to 150 hours for an approval (approval_hours): that may take 182 hours" in after.message
    assert time(needs_approval=False, approval_hours=150).status == "passed"


def test_checks_of_the_other_way_to_serve_are_skipped() -> None:
    """A run on demand buys no model units: a quota of 0 must not refuse it."""
    statuses = {each.check: each.status for each in quota_checks(ON_DEMAND, with_value(UNITS, 0), NOTHING)}
    assert statuses["quota-model-units"] == statuses["quota-model-units-of-model"] == "skipped"
    assert quota("quota-deployments", ON_THROUGHPUT, QUOTAS).status == "skipped"


def test_conditions_that_cannot_be_judged_warn() -> None:
    """An organisation's condition may well be met: Bedrock tells at the start of the job."""
    assert trusts_bedrock(trust(StringEquals={"aws:SourceOrgID": "o-1"}), ORIGIN).status == "warning"
    assert trusts_bedrock(trust(Bool={"aws:SourceAccount": "true"}), ORIGIN).status == "warning"
    assert trusts_bedrock(DENIED, ORIGIN).status == "warning"


def test_unreadable_prices_stop_a_run_unless_unknown_ones_are_accepted() -> None:
    """None of them is known then."""
    assert cost("prices", prices=DENIED).status == "failed"
    assert cost("prices", prices=DENIED, accept_unknown_prices=True).status == "warning"
    assert cost("cost-cap", prices=DENIED).status == "skipped"


def test_settings_of_a_large_file_stay_few_and_short() -> None:
    """They travel in the run's state, which holds 256 KB."""
    found = settings_findings(
        Choices(RunSettings(hyperparameters={f"{number}{'x' * 9_000}": 1 for number in range(99)}), HAIKU),
        RECORDS,
        most_jobs=4,
    )
    assert len(found) == MOST_FINDINGS
    assert all(len(finding.message) < 1_000 for finding in found)
    [finding] = settings_findings(
        Choices(RunSettings(hyperparameters={"epochCount": f"{'0' * 200_000}99"}), HAIKU), RECORDS, most_jobs=4
    )
    assert len(finding.message) < 1_000


def test_run_waits_only_where_aws_had_no_time_and_nothing_else_is_wrong() -> None:
    """An error stays an error however often it is asked for; throttling passes."""
    busy = report_unknown("models-callable", BUSY, "error", "Later.")
    wrong = fail("region", "Not here.", "There.")
    assert is_undecided([busy, Check("region")])
    assert not is_undecided([busy, wrong])
    assert is_undecided([report_unknown("model-exists", BUSY, "warning", "Later.")]), (
        "a check that was not made is repeated"
    )
    assert not is_undecided([report_unknown("model-exists", DENIED, "warning", "Allow it.")])
    assert not is_undecided([])


def test_document_has_every_check_and_the_findings_with_errors_first() -> None:
    """preflight.json is what a person opens and what report.json quotes."""
    checks = [warn("names-free", "Warn.", "W."), fail("region", "Wrong.", "R."), Check("serving", skipped="Why.")]
    made = document(checks, "2026-11-01T00:00:00.000Z", None)
    assert made.status == "failed"
    assert [(each.check, each.status) for each in made.checks] == [
        ("names-free", "warning"), ("region", "failed"), ("serving", "skipped"),
    ]  # fmt: skip
    assert [finding.check for finding in made.findings] == ["region", "names-free"]
    assert document([checks[0]], "now", None).status == "passed"


def test_message_names_every_finding_with_remedy_quota_code_and_successor() -> None:
    """It is what the notification and the console say: a person acts on it without opening a file."""
    found = findings_of(
        [fail("region", "Wrong.", "Do this.", quota="L-1"), warn("serving", "Old.", "W.", successor="x")]
    )
    text = failure_message(found, "s3://out/preflight.json")
    for part in (
        "1 error and 1 warning",
        "region (error): Wrong. Do this. Quota code: L-1.",
        "Successor: x.",
        "s3://out",
    ):
        assert part in text


def test_message_that_is_cut_says_how_many_more_there_are() -> None:
    """An execution's cause has a limit; what is left out must not look like nothing."""
    found = [
        Finding(check="names-free", severity="error", message=f"{number} {'x' * 3000}", remedy="Do it.")
        for number in range(30)
    ]
    text = failure_message(found, "s3://out/preflight.json")
    assert len(text) <= 7_000
    shown = text.count("- names-free")
    assert f"- and {30 - shown} more" in text
    assert text.count("Do it.") == shown > 3
    assert text.endswith("upload the data set again.")


def test_a_subscription_that_is_being_made_is_waited_for() -> None:
    """It takes minutes; beside another error, waiting would not let the run go on."""
    assert access(agreement="PENDING").busy
    assert not access(agreement="NOT_AVAILABLE").busy
    assert accessible_models({JUDGE: BUSY}, "us-west-2").busy


@pytest.mark.parametrize("model_id", ["amazon.nova-lite-v1:0", "meta.llama3-3-70b-instruct-v1:0"])
def test_models_outside_of_the_marketplace_need_no_subscription(model_id: str) -> None:
    """Whatever Bedrock says of an agreement that there is none of, the model answers."""
    assert access(model_id, agreement="NOT_AVAILABLE", is_entitled=False).status == "passed"


def test_a_profile_answers_where_its_model_is_not() -> None:
    """It asks the model in another Region."""
    assert (
        access("anthropic.claude-haiku-4-5", asked="us.anthropic.claude-haiku-4-5", is_in_region=False).findings == ()
    )


def test_a_run_that_trains_nothing_needs_nothing_for_training() -> None:
    """A full quota of jobs, or a base model that takes no new ones, is in no way of a model that exists."""
    checks = [Check(name) for name in CHECKS]
    skipped = {each.check for each in skip_training(checks, "provisioned_throughput") if each.skipped}
    assert {"quota-jobs", "quota-custom-models", "role-can-be-passed", "model-customizable"} <= skipped
    assert skipped.isdisjoint({"custom-model", "quota-model-units", "models-callable", "model-lifecycle", "cost-cap"})
    # Deployments of models that were made before stay allowed on a legacy base.
    assert "model-lifecycle" in {each.check for each in skip_training(checks, "on_demand") if each.skipped}
