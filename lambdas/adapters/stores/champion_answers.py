"""The champion's answers to its own test set, as its run has stored them."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

from lambdas.adapters.aws import object_store
from lambdas.adapters.aws.service_errors import Refused
from lambdas.adapters.stores.champion_parameter import ChampionParameter
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


class StoredChampionAnswers:
    """The answers of the environment's champion."""

    def __init__(self, parameter: ChampionParameter, answers: StoredAnswers) -> None:
        self._parameter = parameter
        self._answers = answers

    def read(self, deployment: str, bucket: str, prefix: str, run_id: str) -> ChampionAnswers | None:
        """The champion's answers to this run's test records; None where there is no champion, or it is this run's own.

        What is wrong with the champion costs no run its report: it is a reason. Raises ServiceBusy.
        """
        try:
            found = self._parameter.read_champion(deployment)
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
