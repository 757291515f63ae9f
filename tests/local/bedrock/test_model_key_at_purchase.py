"""Through the service: a Nova model under a key is refused where the key does not allow Bedrock itself."""

import pytest
from botocore.exceptions import ClientError

from local.bedrock.service_role import BEDROCK, AnyRole, Context
from local.bedrock.settings import SimulationSettings
from tests.local.bedrock.conftest import BUCKET, Simulation

KEY = "arn:aws:kms:us-east-1:123456789012:key/12345678-1234-1234-1234-123456789012"
NOVA = "amazon.nova-lite-v1:0:300k"


@pytest.fixture
def settings() -> SimulationSettings:
    """Where Nova is tuned, in moto's account."""
    return SimulationSettings(region="us-east-1", account_id="123456789012", no_commitment_model_units=2)


@pytest.mark.assumption("throughput-nova-key-must-allow-bedrock", "throughput-nova-key-refusal-is-access-denied")
def test_a_nova_model_under_a_key_that_bedrock_may_not_use_is_sold_no_throughput(
    simulation: Simulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The role that buys may use the key; Bedrock itself decrypts the model."""

    def may(_: AnyRole, principal: str, action: str, resource: str, _context: Context) -> bool:
        return (principal, action, resource) != (BEDROCK, "kms:Decrypt", KEY)

    monkeypatch.setattr(AnyRole, "may", may)
    job = simulation.complete_job(
        baseModelIdentifier=NOVA,
        trainingDataConfig={"s3Uri": f"s3://{BUCKET}/conversations.jsonl"},
        customModelKmsKeyId=KEY,
    )
    with pytest.raises(ClientError) as error:
        simulation.bedrock.create_provisioned_model_throughput(
            modelUnits=1, provisionedModelName="throughput-1", modelId=job["outputModelArn"]
        )
    assert error.value.response["Error"]["Code"] == "AccessDeniedException"
    assert "kms:Decrypt" in error.value.response["Error"]["Message"]
