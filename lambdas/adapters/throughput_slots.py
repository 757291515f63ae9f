"""The slots in the output bucket: taken by a conditional write, given back by deleting the version that was read.

Every function raises ServiceBusy or Refused. Two runs cannot take one slot, and nobody can give back another's: a
version that has been replaced is no longer the one that is deleted.
"""

from dataclasses import dataclass

from lambdas.adapters import object_store
from lambdas.domain import slots
from lambdas.domain.slots import Holder


@dataclass(frozen=True)
class Held:
    """A slot that is taken; `version_id` is None only in a bucket without versions."""

    key: str
    holder: Holder
    version_id: str | None


def held(bucket: str) -> list[Held]:
    """All slots that are taken, those above the present number of slots included."""
    return [
        Held(key, Holder.model_validate_json(body), version_id)
        for key, body, version_id in object_store.versions(bucket, slots.PREFIX)
    ]


def take(bucket: str, wanted: Holder, number: int) -> Held | list[Held]:
    """The run's slot, an earlier one of its own included; or who holds them all."""
    taken = held(bucket)
    own = next((each for each in taken if each.holder.run_id == wanted.run_id), None)
    if own is not None:
        return own
    if len(taken) < number:
        for key in slots.keys(number):
            if object_store.write_new(bucket, key, wanted.model_dump_json().encode()):
                return Held(key, wanted, None)
    return taken


def give_back(bucket: str, run_id: str) -> bool:
    """Frees the slot of a run; False where it has none."""
    own = [each for each in held(bucket) if each.holder.run_id == run_id]
    for each in own:
        free(bucket, each)
    return bool(own)


def free(bucket: str, slot: Held) -> None:
    """Frees a slot as it was read."""
    object_store.delete_version(bucket, slot.key, slot.version_id)
