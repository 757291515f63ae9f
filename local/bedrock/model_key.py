"""What the key of a tuned Nova model must allow Bedrock itself, where the model is served with throughput.

"Encryption of custom models" in the Nova user guide: the principal bedrock.amazonaws.com decrypts such a model, under
the encryption context of custom models. What AWS answers otherwise is told nowhere; here the purchase is denied.
"""

from typing import TYPE_CHECKING

from ministack.core import iam_evaluator

from local.bedrock import neighbours
from local.bedrock.errors import DeniedError
from local.bedrock.settings import SimulationSettings

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client

ACTIONS = ("kms:Decrypt", "kms:GenerateDataKey")
CONTEXT = "aws:bedrock:custom-model"
BEDROCK = "bedrock.amazonaws.com"


def check_key(key_arn: str, settings: SimulationSettings, s3: "S3Client") -> None:
    """Raises DeniedError that names what the key's policy does not allow."""
    policy = neighbours.client("kms", s3).get_key_policy(KeyId=key_arn, PolicyName="default")["Policy"]
    denied = [action for action in ACTIONS if not _allows(policy, action, key_arn, settings)]
    if denied:
        raise DeniedError(f"The policy of the key {key_arn} does not allow {BEDROCK} {' and '.join(denied)}.")


def _allows(policy: str, action: str, key_arn: str, settings: SimulationSettings) -> bool:
    context = iam_evaluator.EvalContext(
        principal_arn=BEDROCK,
        principal_type="Service",
        principal_account=settings.account_id,
        action=action,
        resource_arn=key_arn,
        region=settings.region,
        service_context={"kms:encryptioncontextkeys": [CONTEXT], "aws:sourceaccount": settings.account_id},
    )
    decision = iam_evaluator.evaluate_resource_policy(policy, context, service=BEDROCK).decision
    return bool(decision == "Allow")
