"""The preflight's check of Lambda's concurrency: questions must not starve the functions that look after the run."""

import pytest

from lambdas.domain.core.unknown import Unknown
from lambdas.domain.preflight.concurrency import (
    QUOTA_CODE,
    AccountConcurrency,
    WantedConcurrency,
    room_for_functions,
)
from stacks.settings import Settings

NEW_ACCOUNT, USUAL_ACCOUNT = AccountConcurrency(10, 10), AccountConcurrency(1000, 1000)


def test_the_default_fits_a_new_account() -> None:
    """It has 10 in all; a default of 10 left nothing for the functions that look after the run."""
    settings = Settings()
    wanted = WantedConcurrency(settings.max_concurrency, settings.max_throughputs, None)
    assert room_for_functions(wanted, NEW_ACCOUNT).status == "passed"


@pytest.mark.parametrize(
    ("max_concurrency", "max_throughputs", "status"),
    [(10, 1, "failed"), (40, 1, "failed"), (9, 1, "warning"), (8, 1, "passed"), (4, 2, "warning"), (3, 2, "passed")],
)
def test_questions_that_leave_no_room_are_found(max_concurrency: int, max_throughputs: int, status: str) -> None:
    """Nothing beside one map is an error; several runs at a time may have to wait for one another."""
    check = room_for_functions(WantedConcurrency(max_concurrency, max_throughputs, None), NEW_ACCOUNT)
    assert check.status == status
    for finding in check.findings:
        assert "max_concurrency" in finding.message
        assert "Set max_concurrency to at most" in finding.remedy
        assert finding.quota_code == QUOTA_CODE


def test_what_the_remedy_says_passes() -> None:
    """A remedy that leads to the next finding is none."""
    for runs in (1, 2, 3):
        [finding] = room_for_functions(WantedConcurrency(10, runs, None), NEW_ACCOUNT).findings
        most = int(finding.remedy.partition("at most ")[2].split()[0])
        assert room_for_functions(WantedConcurrency(most, runs, None), NEW_ACCOUNT).status == "passed"


def test_a_reservation_is_recommended_only_where_lambda_allows_it() -> None:
    """Lambda keeps 100 without a reservation: in a smaller account the deployment would fail."""
    wanted = WantedConcurrency(4, 1, None)
    check = room_for_functions(wanted, USUAL_ACCOUNT)
    assert check.status == "warning"
    assert "reconciler_reserved_concurrency" in check.findings[0].remedy
    assert room_for_functions(wanted, AccountConcurrency(104, 104)).status == "passed"
    assert room_for_functions(wanted._replace(reconciler_reserved=5), USUAL_ACCOUNT).status == "passed"


def test_what_cannot_be_asked_is_a_warning_with_its_permission() -> None:
    """A run may well have room."""
    check = room_for_functions(WantedConcurrency(4, 1, None), Unknown("AccessDenied: No.", busy=False))
    assert check.status == "warning"
    assert "lambda:GetAccountSettings" in check.findings[0].remedy
