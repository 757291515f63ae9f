"""What the page and the notification say of several leases: nothing that could bill is left out."""

from lambdas.domain.report.materials import Materials
from lambdas.domain.report.page import render_page
from lambdas.domain.report.success_message import success_message
from tests.unit.reports import succeeded_report
from tests.unit.test_actual_cost import cost
from tests.unit.test_cost_of_candidates import curve

REQUESTED, IN_SERVICE, DELETED = "2026-11-22T09:50:00.000Z", "2026-11-22T10:00:00.000Z", "2026-11-22T10:05:00.000Z"


def lease(candidate: int, *, in_service_at: str | None = IN_SERVICE, failure: str | None = None) -> dict[str, object]:
    """A lease that is over; the first candidate is the chosen one."""
    return {
        "candidate": candidate,
        "arm": "tuned" if candidate == 1 else f"candidate-{candidate}",
        "kind": "provisioned_throughput",
        "arn": f"arn:throughput-{candidate}",
        "requested_at": REQUESTED,
        "in_service_at": in_service_at,
        "deleted_at": DELETED,
        "billed_seconds": 300.0 if in_service_at else None,
        "failure": failure,
    }


SERVING = {
    "kind": "provisioned_throughput",
    "arn": "arn:throughput-1",
    "requested_at": REQUESTED,
    "in_service_at": IN_SERVICE,
    "deleted_at": DELETED,
    "served_seconds": 300.0,
}
THROUGHPUT = {
    **{name: SERVING[name] for name in ("arn", "requested_at", "in_service_at", "deleted_at")},
    "lease_ends_at": None,
    "billed_seconds": 300.0,
    "overhead_seconds": None,
    "cost_usd": None,
}
FAILED = lease(3, in_service_at=None, failure="ThroughputFailed: It was not in service in time.")


def message(*leases: dict[str, object]) -> str:
    """The notification of a run with these leases."""
    return success_message(succeeded_report(serving=SERVING, servings=list(leases)), "s3://page").message


def page(*leases: dict[str, object]) -> str:
    """The page of a run with these leases."""
    report = succeeded_report(serving=SERVING, throughput=THROUGHPUT, servings=list(leases))
    return render_page(report, Materials({arm: [] for arm in report.arms}, {}, None))


def test_the_notification_says_that_all_throughputs_are_deleted() -> None:
    assert "All 2 throughputs are deleted; they were in service for 600 s in all." in message(lease(1), lease(2))
    assert "The throughput is deleted; it was in service for 300 s." in message(lease(1))


def test_the_notification_names_the_candidate_whose_time_is_not_known() -> None:
    said = message(lease(1), lease(2), FAILED)
    assert "All 3 throughputs are deleted; they were in service for 600 s in all, without the time of" in said
    assert "candidate 3, which is not known." in said


def test_the_page_has_a_row_for_each_lease() -> None:
    shown = page(lease(1), lease(2), FAILED)
    table = shown[shown.index("<h3>What served each candidate") :]
    table = table[: table.index("</table>")]
    for said in ("arn:throughput-1", "arn:throughput-2", "arn:throughput-3", "It was not in service in time."):
        assert said in table
    assert table.count("<tr>") == 1 + 3
    assert "not known" in table
    assert "What served each candidate" not in page(lease(1))


def test_the_page_does_not_blame_a_price_for_a_time_that_is_not_known() -> None:
    """A price file of one's own would not help."""
    spent = cost(curve(), leases=[330.5, None], started=(1, 2, 3, 4))
    report = succeeded_report(serving=SERVING, throughput=THROUGHPUT, servings=[lease(1), FAILED], cost=spent)
    shown = render_page(report, Materials({arm: [] for arm in report.arms}, {}, None))
    assert "it is not known what this bills: throughput without a known time." in shown
    assert "because a price is" not in shown
