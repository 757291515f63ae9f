"""A tuned Nova model under a customer's key is served with throughput only where the key lets Bedrock decrypt it."""

from typing import Any

import aws_cdk as cdk
import pytest

from local.bedrock.errors import DeniedError
from local.bedrock.model_key import check_key
from local.bedrock.settings import SimulationSettings
from local.permissions.evaluator import Policies
from stacks.data_stack import models_use_it
from tests.local.bedrock.decided_roles import decided_by, document

ACCOUNT = "123456789012"
SIMULATION = SimulationSettings(region="us-east-1", account_id=ACCOUNT)
# As a key has it that was made without a policy.
ADMINISTRATORS = {
    "Effect": "Allow",
    "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
    "Action": "kms:*",
    "Resource": "*",
}


def granted(account: str) -> dict[str, Any]:
    """The stack's statement."""
    return dict(cdk.Stack().resolve(models_use_it(account).to_statement_json()))


def check(*statements: dict[str, Any]) -> None:
    with decided_by(Policies(resource=document(ADMINISTRATORS, *statements))) as roles:
        check_key(roles, f"arn:aws:kms:us-east-1:{ACCOUNT}:key/12345678-1234-1234-1234-123456789012", SIMULATION)


def test_the_policy_of_the_stacks_key_suffices() -> None:
    """A model that was trained and paid for must be served."""
    check(granted(ACCOUNT))


@pytest.mark.assumption("throughput-nova-key-must-allow-bedrock")
def test_the_account_s_own_use_of_the_key_does_not_suffice() -> None:
    """Bedrock decrypts in its own name there, not in a role's."""
    with pytest.raises(DeniedError, match="kms:Decrypt and kms:GenerateDataKey"):
        check()


def test_another_account_s_models_are_not_decrypted() -> None:
    """Where Bedrock names the account that it acts for."""
    with pytest.raises(DeniedError):
        check(granted("210987654321"))
