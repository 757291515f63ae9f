"""The slots in the output bucket: taken by a conditional write, given back by deleting the version that was read.

Every method raises ServiceBusy or Refused. Two runs cannot take one slot, and nobody can give back another's: a
version that has been replaced is no longer the one that is deleted.
"""

from dataclasses import dataclass

import orjson
from pydantic import ValidationError

from lambdas.adapters.aws import object_store
from lambdas.adapters.aws.object_store import ObjectStore
from lambdas.adapters.aws.service_errors import Refused
from lambdas.domain.core.run import given_up_key
from lambdas.domain.serving import slots
from lambdas.domain.serving.slots import Holder


@dataclass(frozen=True)
class Held:
    """A slot that is taken; `version_id` is None only in a bucket without versions."""

    key: str
    holder: Holder
    version_id: str | None


class UnreadableSlot(Refused):
    """An object that may be a slot, so that nobody can tell how many are taken."""

    def __init__(self, uri: str, error: ValidationError) -> None:
        reason = f"{error.errors()[0]['msg']}. Nothing is bought meanwhile"
        remedy = "No part of this project writes such an object: delete it where no run that is RUNNING can have it."
        super().__init__(f"Reading {uri}", type(self).__name__, f"{reason}. {remedy}")


class ThroughputSlots:
    """The slots in the output bucket."""

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects

    def held(self, bucket: str) -> list[Held]:
        """All slots that are taken, those above the present number of slots included; raises UnreadableSlot besides."""
        found, unreadable = self.listed(bucket)
        if unreadable:
            raise unreadable[0]
        return found

    def listed(self, bucket: str) -> tuple[list[Held], list[UnreadableSlot]]:
        """All slots that are taken, and all objects beside them that cannot be read as slots."""
        found, unreadable = [], []
        for key, body, version_id in self._objects.versions(bucket, slots.PREFIX):
            try:
                found.append(Held(key, Holder.model_validate_json(body), version_id))
            except ValidationError as error:
                unreadable.append(UnreadableSlot(object_store.uri(bucket, key), error))
        return found, unreadable

    def take(self, bucket: str, wanted: Holder, number: int) -> Held | list[Held]:
        """The candidate's slot, an earlier one of its own included; or who holds them all."""
        taken = self.held(bucket)
        own = next((each for each in taken if each.holder.belongs_to(wanted.run_id, wanted.candidate)), None)
        if own is not None:
            return own
        if len(taken) < number:
            for key in slots.keys(number):
                if self._objects.write_new(bucket, key, wanted.model_dump_json().encode()):
                    return Held(key, wanted, None)
        return taken

    def mark_stuck(self, bucket: str, run_id: str, candidate: int) -> None:
        """Notes in the candidate's slot, which stays held, that the deletion of what serves it has failed for good."""
        for each in self.listed(bucket)[0]:
            if each.holder.belongs_to(run_id, candidate) and not each.holder.is_stuck:
                stuck = each.holder.model_copy(update={"is_stuck": True})
                self._objects.write(bucket, each.key, stuck.model_dump_json().encode())
                if each.version_id is not None:
                    # It would be the slot again once the newer version is deleted.
                    self._objects.delete_version(bucket, each.key, each.version_id)

    def give_up(self, bucket: str, run_id: str, candidate: int) -> None:
        """Notes that the run buys nothing more: its chosen candidate could not be served."""
        self._objects.write_new(bucket, given_up_key(run_id), orjson.dumps({"candidate": candidate}))

    def has_given_up(self, bucket: str, run_id: str) -> bool:
        """Whether the run buys nothing more."""
        return self._objects.read(bucket, given_up_key(run_id)) is not None

    def give_back(self, bucket: str, run_id: str, candidate: int) -> bool:
        """Frees the slot of a run's candidate; False where it has none."""
        own = [each for each in self.listed(bucket)[0] if each.holder.belongs_to(run_id, candidate)]
        for each in own:
            self.free(bucket, each)
        return bool(own)

    def free(self, bucket: str, slot: Held) -> None:
        """Frees a slot as it was read."""
        self._objects.delete_version(bucket, slot.key, slot.version_id)
