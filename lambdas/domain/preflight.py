"""What the preflight finds out before anything is started: findings, each with what to do."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

Severity = Literal["error", "warning"]


class Finding(BaseModel):
    """One thing that stands in the run's way (error), or that a person should know before it spends (warning).

    `check` names the check, `remedy` says in a sentence what to do. `quota_code` is Service Quotas', `successor` the
    customization id of the model to change to, where the finding is about a quota or an ageing model.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    check: str
    severity: Severity
    message: str
    remedy: str
    quota_code: str | None = None
    successor: str | None = None
