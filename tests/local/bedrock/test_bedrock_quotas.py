"""The account's quotas through boto3: what Service Quotas tells is what Bedrock enforces."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.bedrock.settings import SimulationSettings
from tests.local.bedrock.conftest import HAIKU, HOUR, Simulation

ACROSS = "Model units no-commitment Provisioned Throughputs across custom models"
LLAMA = "meta.llama3-1-8b-instruct-v1:0"


def code_of(error: pytest.ExceptionInfo[ClientError]) -> str:
    return error.value.response["Error"]["Code"]


def listed(simulation: Simulation, operation: str) -> dict[str, Any]:
    pages = simulation.quotas.get_paginator(operation).paginate(ServiceCode="bedrock")
    return {quota["QuotaName"]: quota for page in pages for quota in page["Quotas"]}


class TestOfASetAccount:
    """An account whose every quota was set."""

    @pytest.fixture
    def settings(self) -> SimulationSettings:
        return SimulationSettings(
            no_commitment_model_units=3,
            model_units_by_model={HAIKU: 1, LLAMA: 0},
            concurrent_customization_jobs=2,
            custom_models=3,
            custom_model_deployments=4,
            creating_custom_model_deployments=5,
        )

    @pytest.mark.assumption("quota-told-by-service-quotas", "quota-units-by-model-are-found-by-name")
    def test_applied_quotas_and_defaults_are_told_by_name(self, simulation: Simulation) -> None:
        """A new AWS account has no model units: the default says what an account without an increase gets."""
        applied, defaults = (
            listed(simulation, "list_service_quotas"),
            listed(simulation, "list_aws_default_service_quotas"),
        )
        assert applied.keys() == defaults.keys()
        values = {name: (quota["Value"], defaults[name]["Value"]) for name, quota in applied.items()}
        assert values[ACROSS] == (3, 0)
        assert values["Model units per provisioned model for Anthropic Claude 3 Haiku 200K"] == (1, 0)
        assert values["Model units per provisioned model for Meta Llama 3.1 8B Instruct"] == (0, 0)
        assert values[
            "Model units per provisioned model for the 128k context length variant for Amazon Nova Micro"
        ] == (
            3,
            0,
        )
        customization = {name: value for name, value in values.items() if name.startswith("(Model customization)")}
        assert list(customization.values()) == [(2, 10), (3, 100), (4, 10), (5, 2)]

    @pytest.mark.assumption("quota-told-by-service-quotas", "quota-units-across-custom-models")
    def test_a_quota_is_told_by_its_code(self, simulation: Simulation) -> None:
        """The code is what a request for an increase needs."""
        quota = simulation.quotas.get_service_quota(ServiceCode="bedrock", QuotaCode="L-BE77399C")["Quota"]
        assert (quota["QuotaName"], quota["Value"], quota["Adjustable"]) == (ACROSS, 3, True)
        default = simulation.quotas.get_aws_default_service_quota(ServiceCode="bedrock", QuotaCode="L-BE77399C")
        assert default["Quota"]["Value"] == 0
        assert simulation.calls()[-1] == {
            "time": simulation.clock.now(),
            "operation": "GetAWSDefaultServiceQuota",
            "status": 200,
            "resource": "L-BE77399C",
            "error": None,
        }

    @pytest.mark.assumption("quota-jobs-in-progress")
    def test_jobs_in_progress_are_limited(self, simulation: Simulation) -> None:
        """A sweep that starts more jobs than the account may run must start the others later."""
        for number in range(2):
            simulation.create_job(jobName=f"job-{number}", customModelName=f"model-{number}")
        with pytest.raises(ClientError, match="L-0406044C") as error:
            simulation.create_job(jobName="job-2", customModelName="model-2")
        assert code_of(error) == "ServiceQuotaExceededException"
        simulation.clock.advance(5 * HOUR)
        simulation.create_job(jobName="job-2", customModelName="model-2")

    @pytest.mark.assumption("quota-custom-models", "quota-custom-models-count-with-jobs")
    def test_custom_models_are_limited_with_those_that_jobs_will_make(self, simulation: Simulation) -> None:
        """Losing models that nobody deletes fill the account, and the next run fails."""
        for number in range(3):
            simulation.complete_job(jobName=f"job-{number}", customModelName=f"model-{number}")
        with pytest.raises(ClientError, match="L-CB5B847D") as error:
            simulation.create_job(jobName="job-3", customModelName="model-3")
        assert code_of(error) == "ServiceQuotaExceededException"
        simulation.bedrock.delete_custom_model(modelIdentifier="model-0")
        simulation.create_job(jobName="job-3", customModelName="model-3")


@pytest.mark.assumption("quota-told-by-service-quotas")
def test_a_page_does_not_hold_all_quotas(simulation: Simulation) -> None:
    """Bedrock has hundreds on AWS: whoever reads one page only misses some."""
    first = simulation.quotas.list_service_quotas(ServiceCode="bedrock")
    assert "NextToken" in first
    assert len(first["Quotas"]) < len(listed(simulation, "list_service_quotas"))
    [found] = simulation.quotas.list_service_quotas(ServiceCode="bedrock", QuotaCode="L-3632DE15")["Quotas"]
    assert found["QuotaCode"] == "L-3632DE15"


@pytest.mark.assumption("quota-unknown-is-no-such-resource")
@pytest.mark.parametrize(("service", "quota"), [("bedrock", "L-00000000"), ("ec2", "L-BE77399C")])
def test_an_unknown_quota_is_no_such_resource(simulation: Simulation, service: str, quota: str) -> None:
    """Quotas come and go by Region and model: a check must be able to say that it could not be made."""
    for get in (simulation.quotas.get_service_quota, simulation.quotas.get_aws_default_service_quota):
        with pytest.raises(ClientError) as error:
            get(ServiceCode=service, QuotaCode=quota)
        assert code_of(error) == "NoSuchResourceException"


@pytest.mark.assumption("request-page-token-is-opaque", "request-checked-against-the-service-model")
def test_requests_are_checked_and_other_operations_are_not_simulated(simulation: Simulation) -> None:
    """A wrong request must not look like a missing quota."""
    with pytest.raises(ClientError, match="'QuotaCode' failed to satisfy constraint") as error:
        simulation.quotas.get_service_quota(ServiceCode="bedrock", QuotaCode="?")
    assert code_of(error) == "ValidationException"
    with pytest.raises(ClientError, match="nextToken is invalid"):
        simulation.quotas.list_service_quotas(ServiceCode="bedrock", NextToken="abcd")
    with pytest.raises(ClientError) as error:
        simulation.quotas.list_services()
    assert code_of(error) == "NotImplementedException"


@pytest.mark.assumption("request-denied-is-access-denied")
def test_faults_hit_service_quotas_too(simulation: Simulation) -> None:
    """A caller without the permission must learn which check could not be made."""
    simulation.control("POST", "faults", [{"operation": "ListServiceQuotas", "kind": "access_denied"}])
    with pytest.raises(ClientError, match="perform: servicequotas:ListServiceQuotas") as error:
        simulation.quotas.list_service_quotas(ServiceCode="bedrock")
    assert code_of(error) == "AccessDeniedException"
