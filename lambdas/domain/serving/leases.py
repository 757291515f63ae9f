"""The leases of a run's served candidates: one item of the state machine's map, ServeModels, each."""

from typing import Annotated

from pydantic import ConfigDict

from lambdas.domain.core.caught import Caught
from lambdas.domain.core.fact import READABLE, Fact
from lambdas.domain.serving.serving import Serving
from lambdas.domain.serving.slots import Slot


class Lease(Fact):
    """`$.lease` of an item: what one candidate has had so far, from its slot to the verified deletion.

    `number` is the candidate's. `failure` ended the lease early. A fact that cannot be read counts as missing: it must
    not stand in the way of the deletion.
    """

    model_config = ConfigDict(extra="ignore")

    number: int
    slot: Annotated[Slot | None, READABLE] = None
    serving: Annotated[Serving | None, READABLE] = None
    failure: Caught = None


class EndedLease(Lease):
    """A lease that is over; with a `deletion_failure` what served the candidate may still exist."""

    deletion_failure: Caught = None


class Servings(Fact):
    """`$.servings`: the lease of each served candidate, the chosen one's first.

    `not_deleted` counts the leases whose deletion failed for good.
    """

    leases: list[EndedLease]
    not_deleted: int = 0

    @property
    def chosen(self) -> EndedLease | None:
        """The lease of the chosen candidate, about which the verdict is."""
        return next(iter(self.leases), None)

    @property
    def deleted(self) -> list[Serving]:
        """What served the candidates and is gone."""
        return [lease.serving for lease in self.leases if lease.serving is not None and lease.serving.deleted]

    def of(self, number: int) -> EndedLease | None:
        """The lease of a candidate; None where it was not served."""
        return next((lease for lease in self.leases if lease.number == number), None)
