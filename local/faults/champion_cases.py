"""The cases of a champion that the environment serves by itself: a swap that fails, is cut off, or meets a deletion."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from local.bedrock.faults import Fault, FaultKind
from local.faults.case import SUCCEEDED, Case
from local.faults.dataset import ON_DEMAND
from local.faults.lagging_cases import LAG_SECONDS


class ChampionCourse(StrEnum):
    """What happens to the champion that is served; the stack is deleted in the end, and nothing may be left."""

    SWAPPED = "a second champion is swapped in"
    DELETED_BY_HAND = "somebody deletes the deployment"
    # The stack is deleted as soon as the deployment, or its update, has begun.
    DESTROYED_IN_CREATION = "the stack is deleted while the champion is being deployed"
    DESTROYED_IN_UPDATE = "the stack is deleted while a second champion is being swapped in"


@dataclass(frozen=True)
class ChampionCase(Case):
    """Two runs without a fault, whose models become the champion, and then a course whose calls the rules hit."""

    course: ChampionCourse = ChampionCourse.SWAPPED


CREATE, UPDATE, GET, DELETE = (f"{verb}CustomModelDeployment" for verb in ("Create", "Update", "Get", "Delete"))
REFUSED = Fault(operation=UPDATE, kind=FaultKind.VALIDATION)


def champion_cases() -> Iterator[ChampionCase]:
    """Each course, and each call of a swap that fails or is the last of its function."""
    yield _case("swap", ChampionCourse.SWAPPED)
    yield _case("deleted-by-hand", ChampionCourse.DELETED_BY_HAND)
    yield _case("destroy-in-creation", ChampionCourse.DESTROYED_IN_CREATION)
    yield _case("destroy-in-update", ChampionCourse.DESTROYED_IN_UPDATE)
    yield _case("update-refused", ChampionCourse.SWAPPED, REFUSED)
    yield _case("update-failed", ChampionCourse.SWAPPED, Fault(operation=UPDATE, kind=FaultKind.BROKEN), injects=False)
    for words, kind in (
        ("killed-before", FaultKind.KILL_BEFORE),
        ("killed-behind", FaultKind.KILL_AFTER),
        ("without-an-answer", FaultKind.DROP_AFTER),
    ):
        yield _case(f"update-{words}", ChampionCourse.SWAPPED, Fault(operation=UPDATE, kind=kind, last=1))
        yield _case(f"creation-{words}", ChampionCourse.SWAPPED, Fault(operation=CREATE, kind=kind, last=1), REFUSED)
    yield _case("update-throttled", ChampionCourse.SWAPPED, Fault(operation=UPDATE, kind=FaultKind.THROTTLE, last=8))
    yield _case("reads-throttled", ChampionCourse.SWAPPED, Fault(operation=GET, kind=FaultKind.THROTTLE, last=20))
    yield _case("lists-and-tags-lag", ChampionCourse.SWAPPED, lag_seconds=LAG_SECONDS)


def _case(
    name: str, course: ChampionCourse, *rules: Fault, injects: bool = True, lag_seconds: float = 0
) -> ChampionCase:
    return ChampionCase(
        f"champion/{name}",
        str(course),
        rules,
        deployment="alone",
        injects=bool(rules) and injects,
        dataset=ON_DEMAND,
        lag_seconds=lag_seconds,
        ends_as=SUCCEEDED,
        course=course,
    )
