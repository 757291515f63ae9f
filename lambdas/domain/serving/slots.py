"""Slots: who may have one of the environment's N throughputs at a time, and until when (its lease).

A slot is the object `throughput-slots/<k>.json`, k from 1 to N, in the output bucket. A run takes a free one for a
candidate before it buys, and gives it back once Bedrock no longer finds that candidate's throughput: so the held slots
also list every run that may have one.
"""

from collections.abc import Iterable, Sequence

from pydantic import BaseModel, ConfigDict

from lambdas.domain.core.fact import Fact
from lambdas.domain.core.timestamps import later
from lambdas.domain.serving.polling import next_quota_wait, next_slot_wait

PREFIX = "throughput-slots/"
# Before its lease ends a run gives up by itself, and its own lane deletes the throughput: time for the questions that
# are being asked (a shard's last retry comes a quarter of an hour late) and for a deletion that is throttled.
MARGIN_SECONDS = 30 * 60


class Holder(BaseModel):
    """The object's body; times are timestamps. Earlier versions stored neither `candidate` nor `is_stuck`.

    `is_stuck` says that the deletion of what serves the candidate has failed for good. `standing` is what no execution
    has: it serves the run's model for applications (`standing.py`).
    """

    model_config = ConfigDict(frozen=True, defer_build=True)

    run_id: str
    candidate: int | None = None
    execution_arn: str | None
    acquired_at: str
    lease_ends_at: str
    is_stuck: bool = False
    standing: bool = False

    def belongs_to(self, run_id: str, candidate: int | None) -> bool:
        """Whether the slot is that candidate's."""
        return not self.standing and (self.run_id, self.candidate) == (run_id, candidate)

    @property
    def words(self) -> str:
        """Who has the slot, in messages."""
        if self.standing:
            return f"{self.run_id} (served for applications)"
        return self.run_id if self.candidate is None else f"{self.run_id} (candidate {self.candidate})"

    @property
    def answer_until(self) -> str:
        """When the run stops using its throughput by itself."""
        return later(self.lease_ends_at, -MARGIN_SECONDS)


def find_stuck(holders: Iterable[Holder], run_id: str, candidate: int, now: str) -> Holder | None:
    """The slot of another candidate of the run that the run will not give back: its lease has ended undeleted."""
    others = (each for each in holders if each.run_id == run_id and each.candidate != candidate and not each.standing)
    return next((each for each in others if each.is_stuck or now >= each.lease_ends_at), None)


class Slot(Fact):
    """`$.slot`. Times are timestamps, null while the run waits; `message` says what it waits for.

    A run that has its slot and cannot buy yet waits `wait_seconds` before it comes back, too: `refusals` counts how
    often it came back.
    """

    acquired: bool
    key: str | None = None
    acquired_at: str | None = None
    lease_ends_at: str | None = None
    answer_until: str | None = None
    wait_seconds: int = 0
    waited_seconds: int = 0
    message: str | None = None
    refusals: int = 0


def keys(slots: int) -> list[str]:
    """The keys of all slots."""
    return [f"{PREFIX}{number}.json" for number in range(1, slots + 1)]


def begin_lease(run_id: str, candidate: int, execution_arn: str, now: str, longest_lease_hours: float) -> Holder:
    """A run that takes a slot for a candidate now."""
    return Holder(
        run_id=run_id,
        candidate=candidate,
        execution_arn=execution_arn,
        acquired_at=now,
        lease_ends_at=later(now, longest_lease_hours * 3600),
    )


def hold_slot(key: str, holder: Holder, previous: Slot | None = None, side_by_side: int = 1) -> Slot:
    """`$.slot` of a run that has one; `previous` is that of the turn before, with a slot where nothing was bought.

    So many candidates of the run may wait `side_by_side`.
    """
    came_back = previous is not None and previous.acquired
    return Slot(
        acquired=True,
        key=key,
        acquired_at=holder.acquired_at,
        lease_ends_at=holder.lease_ends_at,
        answer_until=holder.answer_until,
        wait_seconds=next_quota_wait(previous.wait_seconds if previous and came_back else 0, side_by_side),
        waited_seconds=_waited(previous),
        refusals=_refusals(previous),
    )


def wait_for_slot(holders: Sequence[Holder], slots: int, previous: Slot | None, side_by_side: int = 1) -> Slot:
    """`$.slot` of a run that waits its turn, with the next wait; `previous` is that of the turn before.

    So many candidates of the run may wait `side_by_side`.
    """
    held = ", ".join(f"{each.words} since {each.acquired_at}" for each in holders)
    wait_seconds = next_slot_wait(previous.wait_seconds if previous else 0, side_by_side)
    return Slot(
        acquired=False,
        wait_seconds=wait_seconds,
        waited_seconds=_waited(previous) + wait_seconds,
        refusals=_refusals(previous),
        message=f"Waiting for a throughput slot before buying: {len(holders)} of {slots} held, by "
        f"{held or 'nobody'}. Asking again in {wait_seconds} s.",
    )


def _waited(previous: Slot | None) -> int:
    """The seconds of all waits so far: a wait for a slot counts when it begins, one with a slot when it is over."""
    if previous is None:
        return 0
    return previous.waited_seconds + (previous.wait_seconds if previous.acquired else 0)


def _refusals(previous: Slot | None) -> int:
    return previous.refusals + previous.acquired if previous else 0
