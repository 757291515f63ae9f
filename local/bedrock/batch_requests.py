"""What a request for a batch job names: where its input and output lie, and the role that must reach them.

The role's permissions are those of "Create a custom service role for batch inference" (Bedrock user guide).
"""

from typing import Any

from local.bedrock.errors import ValidationError
from local.bedrock.foundation_models import without_profile
from local.bedrock.service_role import Context, ServiceRoles, check_role, check_storage
from local.bedrock.settings import SimulationSettings


def input_uri(params: dict[str, Any]) -> str:
    """The input file. Both configurations are unions of one member, which the service model does not require."""
    return _uri(params["inputDataConfig"].get("s3InputDataConfig"), "inputDataConfig.s3InputDataConfig")


def output_uri(params: dict[str, Any]) -> str:
    """The prefix of the output."""
    return _uri(params["outputDataConfig"].get("s3OutputDataConfig"), "outputDataConfig.s3OutputDataConfig")


def check_batch_role(roles: ServiceRoles, params: dict[str, Any], job_arn: str, settings: SimulationSettings) -> None:
    """Raises ValidationError with what the role may not do."""
    role_arn = params["roleArn"]
    check_role(roles, role_arn, job_arn)
    check_storage(roles, role_arn, [input_uri(params)], output_uri(params))
    name = params["modelId"].rpartition("/")[2]
    if name == without_profile(name):
        return
    # A job through an inference profile asks the model in the role's name.
    profile = f"arn:aws:bedrock:{settings.region}:{settings.account_id}:inference-profile/{name}"
    model = f"arn:aws:bedrock:{settings.region}::foundation-model/{without_profile(name)}"
    through_profile: Context = {"bedrock:InferenceProfileArn": profile}
    for resource, context in ((profile, {}), (model, through_profile)):
        if not roles.may(role_arn, "bedrock:InvokeModel", resource, context):
            raise ValidationError(f"The role {role_arn} is not allowed bedrock:InvokeModel on {resource}.")


def _uri(config: dict[str, str] | None, where: str) -> str:
    if config is None:
        raise ValidationError(f"{where} is required.")
    return config["s3Uri"]
