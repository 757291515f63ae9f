"""Checks of the account's quotas: what trains and serves the model must be allowed before training is paid for.

AWS documents the codes of few of Bedrock's quotas: those without a known one are found by their names.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from lambdas.domain.core.finding import Severity
from lambdas.domain.core.unknown import Unknown
from lambdas.domain.models.catalogue import BaseModelEntry
from lambdas.domain.preflight.checks import Check, fail, report_unknown, warn

JOBS, MODELS, UNITS, UNITS_OF_MODEL, DEPLOYMENTS = (
    "quota-jobs",
    "quota-custom-models",
    "quota-model-units",
    "quota-model-units-of-model",
    "quota-deployments",
)
# The way to serve a model that the check is about.
_SERVING = {UNITS: "provisioned_throughput", UNITS_OF_MODEL: "provisioned_throughput", DEPLOYMENTS: "on_demand"}

UNITS_CODE = "L-BE77399C"
# "(Model customization) Scheduled customization jobs".
JOBS_CODE = "L-0406044C"
# "(Model customization) Custom models per account".
MODELS_CODE = "L-CB5B847D"
_UNITS_OF_MODEL = re.compile(r"model units (per provisioned model|for provisioned throughput created for custom model)")
_DEPLOYMENTS = re.compile(r"custom model deployments")
# Quotas on deployments that do not say how many may exist.
_OTHER_DEPLOYMENTS = re.compile(r"in progress|creating|per minute|per day|per second|tokens")
_CONTEXT_LENGTH = re.compile(r"\b\d+[km]\b")


class Quota(NamedTuple):
    """A quota of the account in this Region."""

    code: str
    name: str
    value: float


class InUse(NamedTuple):
    """What is in use in the account: jobs in progress, custom models, model units without commitment, deployments."""

    jobs: int | Unknown
    custom_models: int | Unknown
    model_units: int | Unknown
    deployments: int | Unknown

    def of(self, check: str) -> int | Unknown:
        """What counts in the quota of a check; each job in progress makes a model, too."""
        if check != MODELS:
            return {JOBS: self.jobs, UNITS: self.model_units, DEPLOYMENTS: self.deployments}[check]
        if isinstance(self.custom_models, Unknown) or isinstance(self.jobs, Unknown):
            return self.jobs if isinstance(self.jobs, Unknown) else self.custom_models
        return self.custom_models + self.jobs


@dataclass(frozen=True)
class Needs:
    """What the run takes of the quotas; `jobs` is the number of its candidates, `served_at_a_time` of those served."""

    entry: BaseModelEntry
    serving: str
    model_units: int
    region: str
    jobs: int = 1
    served_at_a_time: int = 1

    def of(self, check: str) -> int:
        """How much the run takes of a check's quota; its jobs wait for each other, their models do not."""
        return {UNITS: self.model_units, UNITS_OF_MODEL: self.model_units, MODELS: self.jobs}.get(check, 1)

    def at_a_time(self, check: str) -> int:
        """How much of it the run takes while all that it serves at a time is there."""
        return self.of(check) * (self.served_at_a_time if check in (UNITS, DEPLOYMENTS) else 1)

    def quota(self, check: str, quotas: Sequence[Quota]) -> Quota | None:
        """The quota that a check is about; None where it is not among these."""
        return next((quota for quota in quotas if self._is_about(check, quota)), None)

    def is_about(self, check: str) -> bool:
        """Whether the check is about the way in which this run's model is served."""
        return _SERVING.get(check, self.serving) == self.serving

    def _is_about(self, check: str, quota: Quota) -> bool:
        name = _words(quota.name)
        match check:
            case "quota-jobs":
                return quota.code == JOBS_CODE
            case "quota-custom-models":
                return quota.code == MODELS_CODE
            case "quota-model-units":
                return quota.code == UNITS_CODE
            case "quota-deployments":
                return bool(_DEPLOYMENTS.search(name)) and not _OTHER_DEPLOYMENTS.search(name)
            case _:
                # Quotas name the lengths of context that the customization id ends with: "Claude 3 Haiku 200K".
                length = self.entry.customization_id.rpartition(":")[2]
                return (
                    bool(_UNITS_OF_MODEL.search(name))
                    and f" {_words(self.entry.name)} " in f" {name} "
                    and set(_CONTEXT_LENGTH.findall(name)) <= {length}
                )


def quota_checks(needs: Needs, quotas: Sequence[Quota] | Unknown, in_use: InUse) -> list[Check]:
    """All checks of quotas; those of the other way to serve the model are skipped."""
    return [_check(check, needs, quotas, in_use) for check in _CHECKS]


def are_missing(needs: Needs, quotas: Sequence[Quota]) -> bool:
    """Whether a quota that the run needs is not among these."""
    checks = [check for check in _CHECKS if needs.is_about(check)]
    return any(needs.quota(check, quotas) is None for check in checks)


def _check(check: str, needs: Needs, quotas: Sequence[Quota] | Unknown, in_use: InUse) -> Check:
    if not needs.is_about(check):
        return Check(check, skipped=f"The tuned model is served as {needs.serving}.")
    if isinstance(quotas, Unknown):
        # Too many jobs or models are refused at the start; what serves the model is missed after the training.
        severity: Severity = "warning" if check in (JOBS, MODELS) else "error"
        return report_unknown(
            check, quotas, severity, "Allow servicequotas:ListServiceQuotas, so that quotas can be read."
        )
    quota = needs.quota(check, quotas)
    if quota is None:
        message = f"Service Quotas lists no quota that {_ABOUT[check].format(needs)} is known to count in."
        return warn(
            check, message, f"Look for it in Service Quotas (Amazon Bedrock, {needs.region}) before a long run."
        )
    return _enough(check, needs, quota, in_use)


def _enough(check: str, needs: Needs, quota: Quota, in_use: InUse) -> Check:
    needed = needs.of(check)
    found = f'The quota "{quota.name}" is {quota.value:g}'
    ask = f"Ask for more in Service Quotas: {_console(quota, needs.region)}"
    if quota.value < needed:
        message = f"{found}; {_ABOUT[check].format(needs)} needs {needed}."
        return fail(check, message, f"{ask}. AWS may take days to decide.", quota=quota.code)
    # The quota on a model is one on each throughput of it, whatever else there is.
    if check == UNITS_OF_MODEL:
        return Check(check)
    used = in_use.of(check)
    if isinstance(used, Unknown):
        return report_unknown(check, used, "warning", "Allow bedrock:List… on what counts in the quota.")
    if used + needed <= quota.value:
        return _side_by_side(check, needs, quota, used)
    message = f"{found}, of which {used} are in use; {_ABOUT[check].format(needs)} needs {needed}."
    if check in _AT_ONCE:
        return fail(check, message, f"{_AT_ONCE[check]}, or: {ask}.", quota=quota.code)
    # They may be given back while the model trains: another run's are, as soon as its test set is answered.
    return warn(check, message, f"See that some are given back before the training ends, or: {ask}.", quota=quota.code)


def _side_by_side(check: str, needs: Needs, quota: Quota, used: int) -> Check:
    """A warning where what one candidate needs is there, and what all that are served at a time need is not."""
    together = needs.at_a_time(check)
    if used + together <= quota.value:
        return Check(check)
    message = (
        f'The quota "{quota.name}" is {quota.value:g}, {used} of it in use. The run serves '
        f"{needs.served_at_a_time} candidates at a time, which need {together}: some will wait for others."
    )
    ask = f"ask for more in Service Quotas: {_console(quota, needs.region)}"
    return warn(check, message, f"Expect the run to take longer, or {ask}", quota=quota.code)


_CHECKS = (JOBS, MODELS, UNITS, UNITS_OF_MODEL, DEPLOYMENTS)
# Of quotas that stop the start of a job: how to make room.
_AT_ONCE = {
    JOBS: "Upload the data set again when a job has ended",
    MODELS: "Delete custom models that nobody needs and upload the data set again",
}
_ABOUT = {
    JOBS: "a customization job",
    MODELS: "the run",
    UNITS: "Provisioned Throughput without commitment",
    UNITS_OF_MODEL: "Provisioned Throughput for {0.entry.name}",
    DEPLOYMENTS: "the deployment of a custom model",
}


def _console(quota: Quota, region: str) -> str:
    return f"https://{region}.console.aws.amazon.com/servicequotas/home/services/bedrock/quotas/{quota.code}"


def _words(name: str) -> str:
    """A name as lower-case words with a space between: "No-commitment" is "no commitment", "3.1" stays."""
    return " ".join(re.findall(r"[a-z0-9.]+", name.lower()))
