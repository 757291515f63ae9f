"""The deployment's champion: the model that the last promoting run named, and what a later run is compared with.

The champion's throughput is gone, and buying another for every comparison would cost as much as the run itself. Its
answers to its own test set are stored, though. They are compared on the test records that both runs have, line for
line: those are the only ones that neither model was trained on, and of which the champion's answer is known. Where
there are none, nothing is compared, and the gate says so instead of promoting.
"""

from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict

from lambdas.domain.evaluation.responses import Line


class Champion(BaseModel):
    """The value of the SSM parameter `/<deployment>/champion`, as JSON."""

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
    """The parameter holds something else: it says nothing, and must not be overwritten."""


class ChampionAnswers(BaseModel):
    """The champion's answer to each test record of this run, None where it has none; `reason` says why none is known.

    `champion` is None where the parameter cannot be read: there is one, and nothing can be compared with it.
    `version` is the parameter's: a run promotes its model only where the champion is still the one of the comparison.
    """

    champion: Champion | None
    version: int | None
    lines: list[Line | None]
    reason: str | None = None

    @property
    def shared(self) -> int:
        """How many test records both runs have."""
        return sum(line is not None for line in self.lines)


def shared_answers(
    test_lines: Sequence[bytes], champion_test_lines: Sequence[bytes], answers: Sequence[Line]
) -> list[Line | None]:
    """For each test record the champion's stored line on the very same record, None where it was not asked it."""
    by_record = dict(zip(champion_test_lines, answers, strict=False))
    return [by_record.get(line) for line in test_lines]


def comparison_note(found: ChampionAnswers) -> str:
    """What the champion could be compared on."""
    named = found.champion
    name = f"the champion {named.model_arn} of run {named.run_id}" if named else "the champion"
    if found.reason:
        return f"The tuned model could not be compared with {name}: {found.reason}"
    return f"Compared with {name} on the {found.shared} test records that both runs have."
