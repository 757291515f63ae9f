"""All checks, and how those of the tiers free and cents are made; `lifecycle.py` makes those that cost dollars."""

from collections.abc import Iterable, Iterator, Sequence

from local.conformance.calls import AwsCaller
from local.conformance.check import ConformanceCheck, Outcome, Tier, run_check
from local.conformance.checks.constraints import constraint_checks
from local.conformance.checks.foundation_models import foundation_model_checks
from local.conformance.checks.inference import inference_checks
from local.conformance.checks.lists import list_checks
from local.conformance.checks.questions import question_checks
from local.conformance.checks.service_quotas import service_quota_checks
from local.conformance.checks.unknown_names import unknown_name_checks
from local.conformance.place import Place

_SUBJECTS = (
    foundation_model_checks,
    unknown_name_checks,
    constraint_checks,
    list_checks,
    service_quota_checks,
    inference_checks,
    question_checks,
)


def single_checks(place: Place) -> list[ConformanceCheck]:
    """Those of the tiers free and cents: each is a request of its own, and creates nothing."""
    return [check for subject in _SUBJECTS for check in subject(place)]


def run_single_checks(
    checks: Iterable[ConformanceCheck], tiers: Sequence[Tier], caller: AwsCaller
) -> Iterator[Outcome]:
    """Makes those of the tiers, one after the other."""
    for check in checks:
        if check.tier in tiers:
            yield run_check(check, caller)
