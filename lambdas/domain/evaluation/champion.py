"""The environment's champion: the model that the last promoting run named. A later run is compared with it.

The champion's throughput is gone, and another one for every comparison would cost as much as the run itself. Its
answers to its own test set are stored, though. They are compared on the test records that both runs have, line for
line: neither model was trained on those, and the champion's answers to them are known. Where the two test sets have no
record in common, nothing is compared, and the gate says so instead of promoting. Where the answers are lost, as with
the bucket of an earlier environment, nothing ever can be: the gate says so, and the champion holds no other model back.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict

from lambdas.domain.core.counted import counted
from lambdas.domain.core.fact import Fact
from lambdas.domain.evaluation.answers import AnswerLine, StoredLine
from lambdas.domain.evaluation.questions import find_question


class Champion(BaseModel):
    """The value of the SSM parameter `/<environment>/champion`, as JSON."""

    model_config = ConfigDict(extra="ignore", frozen=True, defer_build=True)

    model_arn: str
    run_id: str
    bucket: str
    prefix: str
    report: str
    base_model: str
    simulated: bool
    promoted_at: str


class UnreadableChampionError(ValueError):
    """The parameter holds something else than a champion: it must not be overwritten."""


class LostAnswersError(Exception):
    """The champion's answers cannot be had any more; the message says why, and what to do."""


class SharedAnswer(NamedTuple):
    """The champion's stored line on a test record of this run, whose index is `place`, and the record's reference."""

    place: int
    line: StoredLine
    reference: str | None


@dataclass(frozen=True)
class ChampionAnswers:
    """The champion's answers to test records of this run; `reason` says why none can be known.

    `champion` is None where the parameter cannot be read: there is one, and nothing can be compared with it.
    `version` is the parameter's: a run promotes its model only where the champion is still the one of the comparison.
    Reading `answers` raises LostAnswersError.
    """

    champion: Champion | None
    version: int | None
    answers: Iterable[SharedAnswer] = ()
    reason: str | None = None


@dataclass(frozen=True)
class ChampionComparison:
    """On how many test records the tuned model was compared with the champion; `reason` says why on none.

    With `lost` answers nobody can ever compare a model with this champion: it holds no other model back.
    """

    found: ChampionAnswers
    records: int = 0
    reason: str | None = None
    lost: bool = False

    @property
    def allows_promotion(self) -> bool:
        """Whether a model that is good enough otherwise may take the champion's place."""
        return self.lost or bool(self.records)

    def describe(self) -> "ComparedChampion | UnreadableChampion":
        """The decision's `champion`."""
        version, champion = self.found.version, self.found.champion
        if champion is None:
            return UnreadableChampion(version=version, compared_records=self.records, reason=self.reason)
        return ComparedChampion(
            **champion.model_dump(), version=version, compared_records=self.records, reason=self.reason
        )

    def explain(self) -> str:
        """A sentence on what the tuned model could be compared with the champion on."""
        champion = self.found.champion
        name = f"the champion {champion.model_arn} of run {champion.run_id}" if champion else "the champion"
        if self.reason:
            return f"The tuned model could not be compared with {name}: {self.reason}"
        return f"Compared with {name} on {counted(self.records, 'test record')} that both runs have."


def shared_answers(
    test_lines: Iterable[bytes], champions: Iterable[tuple[bytes, StoredLine]]
) -> Iterator[SharedAnswer]:
    """The champion's stored lines on the very records that this run's test set has, too.

    `champions` has the champion's test records, each with the line on it. Only digests of records are kept.
    """
    indexes: dict[bytes, list[int]] = {}
    for index, line in enumerate(test_lines):
        indexes.setdefault(_digest(line), []).append(index)
    for line, answer in champions:
        for place in indexes.pop(_digest(line), ()):
            if isinstance(answer, AnswerLine):
                yield SharedAnswer(place, answer, answer.reference)
            else:
                question = find_question(place, line)
                yield SharedAnswer(place, answer, question.reference if question else None)


def _digest(line: bytes) -> bytes:
    return hashlib.sha256(line).digest()


class ComparedChampion(Champion):
    """The decision's `champion`: the champion at its parameter's version, and on how many records it was compared."""

    version: int | None
    compared_records: int
    reason: str | None


class UnreadableChampion(Fact):
    """The decision's `champion` where its parameter cannot be read; `reason` says why."""

    version: int | None
    compared_records: int
    reason: str | None
