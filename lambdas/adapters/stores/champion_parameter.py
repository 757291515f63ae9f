"""The SSM parameter that names the deployment's champion, and the champion's stored answers."""

from typing import TYPE_CHECKING

from pydantic import ValidationError

from lambdas.adapters.aws import object_store
from lambdas.adapters.aws.service_errors import Conflict, NotFound, named_errors
from lambdas.adapters.stores.stored_answers import StoredAnswers
from lambdas.domain.evaluation.arms import TUNED
from lambdas.domain.evaluation.champion import Champion, ChampionAnswers, UnreadableChampionError, shared_answers

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

        They are read from this deployment's own bucket alone. The parameter outlives the stacks, and may name the
        bucket of an earlier deployment, which nothing here may read, or which is gone.
        """
        test_lines = list(self._answers.read_test_lines(bucket, prefix))
        try:
            found = self.read_champion(deployment)
        except UnreadableChampionError as error:
            return ChampionAnswers(champion=None, version=None, lines=[None] * len(test_lines), reason=str(error))
        if found is None or found[0].run_id == run_id:
            return None
        champion, version = found
        its_test_lines = list(self._answers.read_test_lines(bucket, champion.prefix))
        answers = list(self._answers.read_arm(bucket, champion.prefix, TUNED))
        lines = shared_answers(test_lines, its_test_lines, answers)
        reason = None
        if not its_test_lines or not answers:
            folder = object_store.uri(bucket, champion.prefix)
            reason = f"its answers are not stored under {folder}."
            if champion.bucket != bucket:
                reason += (
                    " An earlier deployment wrote them: copy them from there "
                    f"(aws s3 sync {object_store.uri(champion.bucket, champion.prefix)} {folder}), or delete "
                    f"the parameter {parameter_name(deployment)} to start without a champion."
                )
        elif not any(lines):
            reason = (
                "the two runs have no test record in common. Give this run the champion's test set as test.jsonl, or "
                f"delete the parameter {parameter_name(deployment)} to start without a champion."
            )
        return ChampionAnswers(champion=champion, version=version, lines=lines, reason=reason)
