"""The cases of what serves applications beyond its run: leased, kept, ended, and cut off in between."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from local.bedrock.faults import Fault, FaultKind
from local.faults.case import SUCCEEDED, Case
from local.faults.dataset import ON_DEMAND, PLAIN, DataSet
from local.faults.lagging_cases import LAG_SECONDS


class StandingCourse(StrEnum):
    """What somebody does who serves the model of a run that has succeeded."""

    # Served for some seconds, at whose end the reconciler deletes it.
    LEASED = "served until its lease ends"
    # Kept over several turns of the reconciler, and then ended.
    KEPT = "kept, then ended"
    # Killed as soon as Bedrock has accepted the purchase.
    KILLED_AFTER_PURCHASE = "killed after the purchase"
    # Killed as soon as Bedrock has accepted the deletion: the slot is still held.
    UNSERVE_CUT_OFF = "ending it is cut off"
    # Killed once its lease has ended and applications know: nobody has asked for its deletion yet.
    UNSERVE_KILLED = "ending it is killed before the deletion"
    DELETED_BY_HAND = "deleted by hand, then ended"
    # A second one wants the same while the first one waits.
    TWO_AT_ONCE = "served by two people at once"
    # The purchase is refused: nothing may be bought, and the slot is free again.
    REFUSED = "the purchase is refused"
    # The stack is deleted while it is kept.
    DESTROYED = "kept, and the stack is deleted"


@dataclass(frozen=True)
class StandingCase(Case):
    """A run without a fault, and then a course whose calls the rules hit."""

    course: StandingCourse = StandingCourse.LEASED


BUY = "CreateProvisionedModelThroughput"
DELETE = "DeleteProvisionedModelThroughput"
GET = "GetProvisionedModelThroughput"


def standing_cases() -> Iterator[StandingCase]:
    """Each course, and the calls of serving and of ending that fail."""
    yield _case("leased", StandingCourse.LEASED)
    yield _case("leased-on-demand", StandingCourse.LEASED, dataset=ON_DEMAND)
    yield _case("kept", StandingCourse.KEPT)
    yield _case("kept-on-demand", StandingCourse.KEPT, dataset=ON_DEMAND)
    yield _case("killed-after-the-purchase", StandingCourse.KILLED_AFTER_PURCHASE)
    yield _case("unserve-cut-off", StandingCourse.UNSERVE_CUT_OFF)
    yield _case("unserve-killed", StandingCourse.UNSERVE_KILLED)
    yield _case("unserve-killed-on-demand", StandingCourse.UNSERVE_KILLED, dataset=ON_DEMAND)
    yield _case("deleted-by-hand", StandingCourse.DELETED_BY_HAND)
    yield _case("two-at-once", StandingCourse.TWO_AT_ONCE)
    yield _case("destroy", StandingCourse.DESTROYED, deployment="alone")
    yield _case(
        "destroy-on-demand", StandingCourse.DESTROYED, dataset=ON_DEMAND, deployment="alone", lag_seconds=LAG_SECONDS
    )
    yield _case("purchase-is-denied", StandingCourse.REFUSED, Fault(operation=BUY, kind=FaultKind.ACCESS_DENIED))
    yield _case("quota-in-use", StandingCourse.REFUSED, Fault(operation=BUY, kind=FaultKind.QUOTA))
    yield _case(
        "answer-of-the-purchase-is-lost", StandingCourse.LEASED, Fault(operation=BUY, kind=FaultKind.DROP_AFTER, last=2)
    )
    yield _case("wait-is-throttled", StandingCourse.LEASED, Fault(operation=GET, kind=FaultKind.THROTTLE, last=5))
    yield _case("deletion-is-throttled", StandingCourse.KEPT, Fault(operation=DELETE, kind=FaultKind.THROTTLE, last=3))
    yield _case(
        "deletion-is-denied", StandingCourse.LEASED, Fault(operation=DELETE, kind=FaultKind.ACCESS_DENIED), lifts=True
    )
    yield _case(
        "tags-are-denied", StandingCourse.LEASED, Fault(operation="ListTagsForResource", kind=FaultKind.ACCESS_DENIED)
    )


def _case(
    name: str,
    course: StandingCourse,
    *rules: Fault,
    dataset: DataSet = PLAIN,
    deployment: str = "shared",
    lifts: bool = False,
    lag_seconds: float = 0,
) -> StandingCase:
    return StandingCase(
        f"standing/{name}",
        str(course),
        rules,
        deployment=deployment,
        injects=bool(rules),
        lifts=lifts,
        lag_seconds=lag_seconds,
        dataset=dataset,
        ends_as=SUCCEEDED,
        course=course,
    )
