"""The environment's champion: the model that the last promoting run named. A later run is compared with it.

The champion's throughput is gone, and another one for every comparison would cost as much as the run itself. Its
answers to its own test set are stored, though. They are compared on the test records that both runs have, line for
line: neither model was trained on those, and the champion's answers to them are known. Where there are none, nothing is
compared, and the gate says so instead of promoting.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict

from lambdas.domain.core.fact import Fact
from lambdas.domain.evaluation.answers import StoredLine


class Champion(BaseModel):
    """The value of the SSM parameter `/<environment>/champion`, as JSON."""

    model_config = ConfigDict(extra="ignore", frozen=True)

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


@dataclass(frozen=True)
class ChampionAnswers:
    """The champion's answer to each test record of this run, None where it has none; `reason` says why none is known.

    `champion` is None where the parameter cannot be read: there is one, and nothing can be compared with it.
    `version` is the parameter's: a run promotes its model only where the champion is still the one of the comparison.
    """

    champion: Champion | None
    version: int | None
    lines: Sequence[StoredLine | None]
    reason: str | None = None

    @property
    def shared(self) -> int:
        """How many test records both runs have."""
        return sum(line is not None for line in self.lines)


def shared_answers(
    test_lines: Sequence[bytes], champion_test_lines: Sequence[bytes], answers: Sequence[StoredLine]
) -> list[StoredLine | None]:
    """For each test record the champion's stored line on the very same record, None where it was not asked it."""
    by_record = dict(zip(champion_test_lines, answers, strict=False))
    return [by_record.get(line) for line in test_lines]


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


def describe_champion(found: ChampionAnswers) -> ComparedChampion | UnreadableChampion:
    """The decision's `champion`."""
    if found.champion is None:
        return UnreadableChampion(version=found.version, compared_records=found.shared, reason=found.reason)
    return ComparedChampion(
        **found.champion.model_dump(), version=found.version, compared_records=found.shared, reason=found.reason
    )


def explain_comparison(found: ChampionAnswers) -> str:
    """A sentence on what the tuned model could be compared with the champion on."""
    named = found.champion
    name = f"the champion {named.model_arn} of run {named.run_id}" if named else "the champion"
    if found.reason:
        return f"The tuned model could not be compared with {name}: {found.reason}"
    return f"Compared with {name} on the {found.shared} test records that both runs have."
