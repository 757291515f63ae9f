"""The SSM parameter by which applications call the environment's model."""

from typing import TYPE_CHECKING

from pydantic import ValidationError

from lambdas.adapters.aws.service_errors import NotFound, named_errors
from lambdas.domain.evaluation.endpoint import Endpoint

if TYPE_CHECKING:
    from types_boto3_ssm import SSMClient


def endpoint_name(environment: str) -> str:
    """`/<environment>/endpoint`."""
    return f"/{environment}/endpoint"


class EndpointParameter:
    """The environment's endpoint."""

    def __init__(self, ssm: "SSMClient") -> None:
        self._ssm = ssm

    def read_endpoint(self, environment: str) -> Endpoint | None:
        """The endpoint; None where there is none, or something else. Raises ServiceBusy or Refused."""
        name = endpoint_name(environment)
        try:
            with named_errors(f"Reading the parameter {name}"):
                value = self._ssm.get_parameter(Name=name)["Parameter"]["Value"]
            return Endpoint.model_validate_json(value)
        except (NotFound, ValidationError):
            return None

    def write_endpoint(self, environment: str, endpoint: Endpoint, report_uri: str) -> None:
        """Replaces the endpoint. Raises ServiceBusy or Refused."""
        name = endpoint_name(environment)
        with named_errors(f"Writing the parameter {name}"):
            self._ssm.put_parameter(
                Name=name,
                Description="What an application needs to call the champion",
                Value=endpoint.render(report_uri),
                Type="String",
                Overwrite=True,
            )
