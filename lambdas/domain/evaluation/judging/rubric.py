"""What judges look at: `evaluation.rubric` in run.json.

`settings/rubric_findings.py` refuses one that instructs judges.
"""

from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from lambdas.domain.core.settings_model import SettingsModel

KnownCriterion = Literal[
    "correctness", "faithfulness", "completeness", "relevance", "brevity", "clarity", "tone", "form"
]
MOST_CRITERIA = 8
_SENTENCES: dict[KnownCriterion, str] = {
    "correctness": (
        "The answer agrees with the reference answer and keeps to the form that the task asks for, without leaving out "
        "what is needed or adding what is not."
    ),
    "faithfulness": "All that the answer says stands in the task's own text or follows from it; nothing is made up.",
    "completeness": "The answer has everything that the task asks for.",
    "relevance": "The answer says what is asked, and nothing beside it.",
    "brevity": "The answer is as short as it can be without leaving out what is needed.",
    "clarity": "A reader understands the answer at once: plain words, short sentences, good order.",
    "tone": "The answer is as polite, formal and warm as the reference answer.",
    "form": "The answer has the form of the reference answer: its format, its parts and their order, its language.",
}


class Criterion(SettingsModel):
    """What an answer must do to be the better one: a name and a sentence."""

    name: str = Field(max_length=40, pattern=r"^[^\W\d_][\w -]*$")
    description: str = Field(min_length=1, max_length=200)


def _described(value: object) -> object:
    """A known criterion by its name."""
    if not isinstance(value, str):
        return value
    known = next((name for name in _SENTENCES if name == value), None)
    if known is None:
        names = ", ".join(_SENTENCES)
        raise ValueError(f'not one of {names}: give your own one as {{"name": …, "description": …}}')
    return Criterion(name=known, description=_SENTENCES[known])


def _differ(criteria: list[Criterion]) -> list[Criterion]:
    names = [criterion.name.casefold() for criterion in criteria]
    if len(set(names)) < len(names):
        raise ValueError("two criteria have the same name")
    return criteria


Rubric = Annotated[
    list[Annotated[Criterion, BeforeValidator(_described, json_schema_input_type=KnownCriterion | Criterion)]],
    Field(min_length=1, max_length=MOST_CRITERIA),
    AfterValidator(_differ),
]


def default_rubric() -> list[Criterion]:
    """Correctness alone."""
    return [Criterion(name="correctness", description=_SENTENCES["correctness"])]


def render_rubric(criteria: Iterable[Criterion]) -> str:
    """The criteria as a judge reads them, one a line."""
    return "\n".join(f"- {criterion.name}: {criterion.description}" for criterion in criteria)
