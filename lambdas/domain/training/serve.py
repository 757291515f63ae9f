"""Which candidates a run serves beside the chosen one (`serve` in run.json)."""

from typing import Annotated, Final, Literal

from pydantic import BeforeValidator, Field

from lambdas.domain.core.did_you_mean import did_you_mean
from lambdas.domain.core.outside_text import name

BEST: Final = "best"
ALL: Final = "all"
_WORDS = (BEST, ALL)
_NEEDED = 'Give "best", "all", or a list of candidate numbers, such as [1, 3]'


def _understood(serve: object) -> object:
    """One message for what is none of the forms, not one a form."""
    if isinstance(serve, str) and serve not in _WORDS:
        raise ValueError(f"'{name(serve)}' is none of them. {_NEEDED}.{did_you_mean(serve, _WORDS)}")
    if isinstance(serve, list):
        wrong = next((each for each in serve if type(each) is not int or each < 1), None)
        if wrong is not None or not serve:
            what = "The list is empty" if not serve else f"{name(str(wrong))} is no candidate's number"
            raise ValueError(f"{what}. {_NEEDED}")
    elif not isinstance(serve, str):
        raise ValueError(_NEEDED)  # noqa: TRY004 - what pydantic tells with the setting's path
    return serve


Serve = Annotated[
    Literal["best", "all"] | list[Annotated[int, Field(ge=1)]],
    BeforeValidator(_understood),
]
