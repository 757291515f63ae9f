"""Slots: who may have one of the deployment's N throughputs at a time, and until when (its lease).

A slot is the object `throughput-slots/<k>.json`, k from 1 to N, in the output bucket. A run takes a free one before it
buys and gives it back once its throughput is verifiably gone, so the held slots also list every run that may have one.
"""

from collections.abc import Sequence
from typing import TypedDict

from pydantic import BaseModel, ConfigDict

from lambdas.domain.core.timestamps import later
from lambdas.domain.serving.polling import FIRST_SLOT_WAIT_SECONDS, next_slot_wait

PREFIX = "throughput-slots/"
# Before its lease ends a run gives up by itself, and its own lane deletes the throughput: time for the questions that
# are being asked (a shard's last retry comes a quarter of an hour late) and for a deletion that is throttled.
MARGIN_SECONDS = 30 * 60


class Holder(BaseModel):
    """The object's body; times are timestamps."""

    model_config = ConfigDict(frozen=True)

    run_id: str
    execution_arn: str
    acquired_at: str
    lease_ends_at: str


class Slot(TypedDict):
    """`$.slot`. Times are timestamps, null while the run waits; `message` says what it waits for."""

    acquired: bool
    key: str | None
    acquired_at: str | None
    lease_ends_at: str | None
    answer_until: str | None
    wait_seconds: int
    waited_seconds: int
    message: str | None


def keys(slots: int) -> list[str]:
    """The keys of all slots."""
    return [f"{PREFIX}{number}.json" for number in range(1, slots + 1)]


def holder(run_id: str, execution_arn: str, now: str, longest_lease_hours: float) -> Holder:
    """A run that takes a slot now: its lease begins."""
    return Holder(
        run_id=run_id,
        execution_arn=execution_arn,
        acquired_at=now,
        lease_ends_at=later(now, longest_lease_hours * 3600),
    )


def answer_until(lease_ends_at: str) -> str:
    """When a run stops using its throughput by itself."""
    return later(lease_ends_at, -MARGIN_SECONDS)


def acquired(key: str, held_by: Holder, waited_seconds: int) -> Slot:
    """`$.slot` of a run that has one."""
    return {
        "acquired": True,
        "key": key,
        "acquired_at": held_by.acquired_at,
        "lease_ends_at": held_by.lease_ends_at,
        "answer_until": answer_until(held_by.lease_ends_at),
        "wait_seconds": 0,
        "waited_seconds": waited_seconds,
        "message": None,
    }


def waiting(holders: Sequence[Holder], slots: int, previous_wait_seconds: int, waited_seconds: int) -> Slot:
    """`$.slot` of a run that waits its turn, with the next wait."""
    held = ", ".join(f"{each.run_id} since {each.acquired_at}" for each in holders)
    wait_seconds = next_slot_wait(previous_wait_seconds) if previous_wait_seconds else FIRST_SLOT_WAIT_SECONDS
    return {
        "acquired": False,
        "key": None,
        "acquired_at": None,
        "lease_ends_at": None,
        "answer_until": None,
        "wait_seconds": wait_seconds,
        "waited_seconds": waited_seconds + wait_seconds,
        "message": f"Waiting for a throughput slot before buying: {len(holders)} of {slots} held, by "
        f"{held or 'nobody'}. Asking again in {wait_seconds} s.",
    }
