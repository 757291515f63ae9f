"""Through the service: a job in a VPC and a Nova model under a key are refused where role or key do not allow them."""

import json
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from local.bedrock.settings import SimulationSettings
from tests.local.bedrock.conftest import BUCKET, Simulation

NOVA = "amazon.nova-lite-v1:0:300k"


@pytest.fixture
def settings() -> SimulationSettings:
    """Where Nova is tuned, in moto's account."""
    return SimulationSettings(region="us-east-1", account_id="123456789012", no_commitment_model_units=2)


@pytest.fixture
def key(simulation: Simulation) -> str:
    """Of the caller's account, with the policy that KMS gives a key; its Region is that of the simulation's S3."""
    session: Any = boto3.Session(region_name="us-west-2")
    arn: str = session.client("kms").create_key()["KeyMetadata"]["Arn"]
    return arn


@pytest.mark.assumption("throughput-nova-key-must-allow-bedrock", "throughput-nova-key-refusal-is-access-denied")
def test_a_nova_model_under_a_key_that_bedrock_may_not_use_is_sold_no_throughput(
    simulation: Simulation, key: str
) -> None:
    """The role that buys may use the key; Bedrock itself decrypts the model."""
    job = simulation.complete_job(
        baseModelIdentifier=NOVA,
        trainingDataConfig={"s3Uri": f"s3://{BUCKET}/conversations.jsonl"},
        customModelKmsKeyId=key,
    )
    with pytest.raises(ClientError) as error:
        simulation.bedrock.create_provisioned_model_throughput(
            modelUnits=1, provisionedModelName="throughput-1", modelId=job["outputModelArn"]
        )
    assert error.value.response["Error"]["Code"] == "AccessDeniedException"
    assert "kms:Decrypt" in error.value.response["Error"]["Message"]


@pytest.mark.assumption("job-in-a-vpc-needs-network-permissions")
def test_a_job_in_a_vpc_is_refused_whose_role_may_make_no_network_interfaces(simulation: Simulation) -> None:
    """The stack grants it where the settings name a VPC, and nowhere else."""
    session: Any = boto3.Session(region_name="us-west-2")
    role = session.client("iam").create_role(RoleName="customization", AssumeRolePolicyDocument=json.dumps({}))
    with pytest.raises(ClientError) as error:
        simulation.create_job(
            baseModelIdentifier=NOVA,
            roleArn=role["Role"]["Arn"],
            vpcConfig={"subnetIds": ["subnet-1"], "securityGroupIds": ["sg-1"]},
        )
    assert "ec2:CreateNetworkInterface on arn:aws:ec2:us-east-1:123456789012:subnet/subnet-1" in str(error.value)
