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
        return self._read(endpoint_name(environment))[0]

    def replace_endpoint(self, environment: str, before: Endpoint | None, endpoint: Endpoint, report_uri: str) -> bool:
        """Replaces the endpoint where it still is what it was `before`; False where somebody else has changed it.

        Systems Manager has no conditional write: what was written in between, by the versions, is written once more.
        Raises ServiceBusy or Refused.
        """
        name = endpoint_name(environment)
        found, version = self._read(name)
        if found != before:
            return False
        written = self._write(name, endpoint.render(report_uri))
        is_next = written == version + 1
        while written != version + 1:
            with named_errors(f"Reading the parameter {name}"):
                theirs = self._ssm.get_parameter(Name=f"{name}:{written - 1}")["Parameter"]["Value"]
            version, written = written, self._write(name, theirs)
        return is_next

    def write_endpoint(self, environment: str, endpoint: Endpoint, report_uri: str) -> None:
        """Replaces the endpoint. Raises ServiceBusy or Refused."""
        self._write(endpoint_name(environment), endpoint.render(report_uri))

    def _read(self, name: str) -> tuple[Endpoint | None, int]:
        """With the version of whatever is there; 0 for nothing."""
        try:
            with named_errors(f"Reading the parameter {name}"):
                parameter = self._ssm.get_parameter(Name=name)["Parameter"]
        except NotFound:
            return None, 0
        try:
            return Endpoint.model_validate_json(parameter["Value"]), parameter["Version"]
        except ValidationError:
            return None, parameter["Version"]

    def _write(self, name: str, value: str) -> int:
        """The new version."""
        with named_errors(f"Writing the parameter {name}"):
            return self._ssm.put_parameter(
                Name=name,
                Description="What an application needs to call the champion",
                Value=value,
                Type="String",
                Overwrite=True,
            )["Version"]
