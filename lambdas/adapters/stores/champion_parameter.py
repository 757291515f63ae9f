"""The SSM parameter that names the environment's champion."""

from typing import TYPE_CHECKING

from pydantic import ValidationError

from lambdas.adapters.aws.service_errors import Conflict, NotFound, named_errors
from lambdas.domain.evaluation.champion import Champion, UnreadableChampionError

if TYPE_CHECKING:
    from types_boto3_ssm import SSMClient


def parameter_name(environment: str) -> str:
    """`/<environment>/champion`."""
    return f"/{environment}/champion"


class ChampionParameter:
    """The environment's champion."""

    def __init__(self, ssm: "SSMClient") -> None:
        self._ssm = ssm

    def read_champion(self, environment: str) -> tuple[Champion, int] | None:
        """The champion and its parameter's version, or None where there is none.

        Raises UnreadableChampionError, ServiceBusy or Refused.
        """
        name = parameter_name(environment)
        try:
            with named_errors(f"Reading the parameter {name}"):
                parameter = self._ssm.get_parameter(Name=name)["Parameter"]
        except NotFound:
            return None
        try:
            return Champion.model_validate_json(parameter["Value"]), parameter["Version"]
        except ValidationError as error:
            raise UnreadableChampionError(
                f"The parameter {name} names no champion: {error.errors()[0]['msg']}. Delete it to start without one."
            ) from error

    def write_champion(self, environment: str, champion: Champion, expected_version: int | None) -> int:
        """Names the champion where the parameter still has this version (None: does not exist); returns the new one.

        Raises Conflict where another run has named its model in the meantime: the two were never compared.
        """
        name = parameter_name(environment)
        found = self.read_champion(environment)
        if found is not None and found[0].run_id == champion.run_id:
            return found[1]
        if (found[1] if found else None) != expected_version:
            raise Conflict(
                "PutParameter",
                "ChampionChanged",
                f"Another run has written {name} since this run was compared with it.",
            )
        with named_errors(f"Writing the parameter {name}"):
            return self._ssm.put_parameter(
                Name=name,
                Description="The model that the last promoting run named, with its report",
                Value=champion.model_dump_json(),
                Type="String",
                # Without a champion, two runs cannot both be the first.
                Overwrite=found is not None,
            )["Version"]
