"""What the key of a tuned Nova model must allow Bedrock itself, where the model is served with throughput.

"Encryption of custom models" in the Nova user guide: the principal bedrock.amazonaws.com decrypts such a model, under
the encryption context of custom models. What AWS answers otherwise is told nowhere; here the purchase is denied.
"""

from local.bedrock.errors import DeniedError
from local.bedrock.service_role import BEDROCK, Context, ServiceRoles
from local.bedrock.settings import SimulationSettings

ACTIONS = ("kms:Decrypt", "kms:GenerateDataKey")
CONTEXT = "aws:bedrock:custom-model"


def check_key(roles: ServiceRoles, key_arn: str, settings: SimulationSettings) -> None:
    """Raises DeniedError that names what the key's policy does not allow."""
    context: Context = {"kms:EncryptionContextKeys": (CONTEXT,), "aws:SourceAccount": settings.account_id}
    denied = [action for action in ACTIONS if not roles.may(BEDROCK, action, key_arn, context)]
    if denied:
        raise DeniedError(f"The policy of the key {key_arn} does not allow {BEDROCK} {' and '.join(denied)}.")
