"""One thing that a check found: about the data, the settings, the account or the cost, each with what to do."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict

from lambdas.domain.core.outside_text import own_sentence

Severity = Literal["error", "warning"]


_LONGEST_WORDS = 2_000


# Names from outside and AWS's own words stand in them; the links to a quota's page are the project's.
_Words = Annotated[str, AfterValidator(lambda text: own_sentence(text, _LONGEST_WORDS))]


class Finding(BaseModel):
    """One thing that stands in the run's way (error), or that a person should know before it spends (warning).

    `check` names the check, `remedy` says in a sentence what to do. `quota_code` is Service Quotas', `successor` the
    customization id of the model to change to, where the finding is about a quota or an ageing model.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    check: str
    severity: Severity
    message: _Words
    remedy: _Words
    quota_code: str | None = None
    successor: str | None = None
