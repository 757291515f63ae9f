"""Which candidates a run serves beside the chosen one (`serve` in run.json)."""

from collections.abc import Iterator
from typing import Annotated, Final, Literal

from pydantic import BeforeValidator, Field

from lambdas.domain.core.did_you_mean import did_you_mean
from lambdas.domain.core.finding import Finding
from lambdas.domain.core.listing import listed
from lambdas.domain.core.outside_text import name
from lambdas.domain.dataset.planned_set import TrainingData
from lambdas.domain.models.catalogue import BaseModelEntry

BEST: Final = "best"
ALL: Final = "all"
CHECK: Final = "serve"
# Where there is no validation loss.
_CHOSEN = 1
_WORDS = (BEST, ALL)
_NEEDED = 'Give "best", "all", or a list of candidate numbers, such as [1, 3]'
# So many candidates a run can have.
_MOST_NUMBERS = 12


def _understood(serve: object) -> object:
    """One message for what is none of the forms, not one a form."""
    if isinstance(serve, str) and serve not in _WORDS:
        raise ValueError(f"'{name(serve)}' is none of them.{did_you_mean(serve, _WORDS)} {_NEEDED}")
    if isinstance(serve, list):
        wrong = next((each for each in serve if type(each) is not int or each < 1), None)
        if wrong is not None or not serve:
            what = "The list is empty" if not serve else f"{name(str(wrong))} is no candidate's number"
            raise ValueError(f"{what}. {_NEEDED}")
        if len(serve) > _MOST_NUMBERS:
            raise ValueError(f"The list has {len(serve):,} numbers; a run has at most {_MOST_NUMBERS} candidates")
    elif not isinstance(serve, str):
        raise ValueError(_NEEDED)  # noqa: TRY004 - what pydantic tells with the setting's path
    return serve


_Numbers = Annotated[list[Annotated[int, Field(ge=1)]], Field(min_length=1, max_length=_MOST_NUMBERS)]
Serve = Annotated[Literal["best", "all"] | _Numbers, BeforeValidator(_understood)]


def unknown_candidate_findings(serve: Serve, candidates: int) -> Iterator[Finding]:
    """Numbers that no candidate has."""
    wrong = sorted({number for number in serve if isinstance(number, int) and number > candidates})
    if wrong:
        there_are = f"1 to {candidates}" if candidates > 1 else "1 alone"
        which = f"candidate{'' if len(wrong) == 1 else 's'} {listed(wrong, _MOST_NUMBERS)}"
        yield Finding(
            check=CHECK,
            severity="error",
            message=f"run.json, /serve: The run has no {which}; it has {there_are}.",
            remedy='Give numbers that there are, or "all". `fine-tune preflight` lists the candidates.',
        )


def unmeasured_findings(serve: Serve, candidates: int, model: BaseModelEntry) -> Iterator[Finding]:
    """Candidates that nothing would compare: without a validation set only those that are served are measured."""
    unserved = [each for each in range(1, candidates + 1) if not is_served(serve, each, _CHOSEN)]
    takes = model.limits.validation is not None
    why = "Without a validation set" if takes else f"{model.name} takes no validation set, so"
    bring = " or add a validation set (validation.jsonl, or split.validation above 0)" if takes else ""
    if unserved:
        numbers = listed(unserved, _MOST_NUMBERS)
        yield Finding(
            check="curve-validation",
            severity="error",
            message=f"run.json, /serve: {why} no candidate has a validation loss, and {numbers} of the {candidates} "
            "would be trained and never compared.",
            remedy=f'Set "serve": "all" in run.json{bring}.',
        )
    else:
        yield Finding(
            check="curve-validation",
            severity="warning",
            message=f"run.json, /learning_curve: {why} {explain_choice()}",
            remedy="Nothing has to be done: the other candidates are measured on the test set beside it."
            if not takes
            else "Add a validation set if the run is to choose by its loss.",
        )


def explain_choice(data: TrainingData | None = None) -> str:
    """Which candidate the verdict is about where no validation loss tells them apart.

    `data` is the first of several data sets that are compared.
    """
    trained_on = f"the data set {data}" if data else "the whole training set"
    return f"the chosen one is candidate {_CHOSEN}: {trained_on} with the recommended values."


def is_served(serve: Serve, number: int, chosen: int | None) -> bool:
    """Whether a candidate is served; the chosen one always is (None: not known yet)."""
    return number == chosen or (serve == ALL if isinstance(serve, str) else number in serve)
