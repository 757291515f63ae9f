"""The SSM parameter that names the deployment's champion, and the champion's stored answers."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

from pydantic import ValidationError

from lambdas.adapters.aws import object_store
from lambdas.adapters.aws.service_errors import Conflict, NotFound, Refused, named_errors
from lambdas.adapters.stores.stored_answers import StoredAnswers
from lambdas.domain.core.errors import InvalidState
from lambdas.domain.evaluation.arms import TUNED
from lambdas.domain.evaluation.champion import (
    Champion,
    ChampionAnswers,
    LostAnswersError,
    SharedAnswer,
    UnreadableChampionError,
    shared_answers,
)

if TYPE_CHECKING:
    from types_boto3_ssm import SSMClient


def parameter_name(deployment: str) -> str:
    """`/<deployment>/champion`."""
    return f"/{deployment}/champion"


class ChampionParameter:
    """The environment's champion."""

    def __init__(self, ssm: "SSMClient", answers: StoredAnswers) -> None:
        self._ssm = ssm
        self._answers = answers

    def read_champion(self, deployment: str) -> tuple[Champion, int] | None:
        """The champion and its parameter's version, or None where there is none.

        Raises UnreadableChampionError, ServiceBusy or Refused.
        """
        name = parameter_name(deployment)
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

    def write_champion(self, deployment: str, champion: Champion, expected_version: int | None) -> int:
        """Names the champion where the parameter still has this version (None: does not exist); returns the new one.

        Raises Conflict where another run has named its model in the meantime: the two were never compared.
        """
        name = parameter_name(deployment)
        found = self.read_champion(deployment)
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

    def read_champion_answers(self, deployment: str, bucket: str, prefix: str, run_id: str) -> ChampionAnswers | None:
        """The champion's answers to this run's test records; None where there is no champion, or it is this run's own.

        What is wrong with the champion costs no run its report: it is a reason. Raises ServiceBusy.
        """
        try:
            found = self.read_champion(deployment)
        except (UnreadableChampionError, Refused) as error:
            return ChampionAnswers(champion=None, version=None, reason=str(error))
        if found is None or found[0].run_id == run_id:
            return None
        champion, version = found
        return ChampionAnswers(champion, version, _SharedAnswers(self._answers, bucket, prefix, champion))


@dataclass(frozen=True)
class _SharedAnswers:
    """The champion's answers to test records of the run under `prefix`, read anew with each iteration.

    They are read from this deployment's own bucket alone. The parameter outlives the stacks, and may name the bucket of
    an earlier deployment, which is gone, or somebody else's by now.
    """

    stored: StoredAnswers
    bucket: str
    prefix: str
    champion: Champion

    def __iter__(self) -> Iterator[SharedAnswer]:
        its_prefix = self.champion.prefix
        its_records = self.stored.read_test_lines(self.bucket, its_prefix)
        champions = zip(its_records, self.stored.read_arm(self.bucket, its_prefix, TUNED), strict=False)
        try:
            first = next(champions, None)
            if first is None:
                raise LostAnswersError(f"its answers are not stored under {self._folder}. {self._remedy}")
            yield from shared_answers(self.stored.read_test_lines(self.bucket, self.prefix), chain([first], champions))
        except (Refused, InvalidState) as error:
            raise LostAnswersError(
                f"its answers under {self._folder} cannot be read: {error} {self._remedy}"
            ) from error

    @property
    def _folder(self) -> str:
        return object_store.uri(self.bucket, self.champion.prefix)

    @property
    def _remedy(self) -> str:
        lost = "It holds no other model back."
        if self.champion.bucket == self.bucket:
            return lost
        earlier = object_store.uri(self.champion.bucket, self.champion.prefix)
        return (
            f"{lost} An earlier deployment wrote them: to compare later runs with it, copy them from there as long as "
            f"it is the champion (aws s3 sync {earlier} {self._folder})."
        )
