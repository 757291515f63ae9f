"""Where the checks are made: an account, and Regions in which models can be fine-tuned."""

from dataclasses import dataclass
from functools import cached_property

from lambdas.domain.core.timestamps import now
from lambdas.domain.models.catalogue import BaseModelEntry, catalogue
from local.conformance.impossible import ABSENT_ID


class WrongRegionError(Exception):
    """No model of the catalogue is tuned in the Region; the message names those where some are."""


@dataclass(frozen=True)
class Place:
    """An account's number and Regions; what is about no model is checked in the first one."""

    account: str
    regions: tuple[str, ...]

    @property
    def home(self) -> str:
        """The first Region."""
        return self.regions[0]

    @cached_property
    def entries(self) -> tuple[BaseModelEntry, ...]:
        """The models of the catalogue that can be fine-tuned there."""
        return tuple(one for one in catalogue() if self.region_of(one) is not None)

    def region_of(self, entry: BaseModelEntry) -> str | None:
        """Where a model of the catalogue is checked."""
        return next((region for region in self.regions if region in entry.customization_regions), None)

    def arn(self, kind: str, resource: str = ABSENT_ID) -> str:
        """The ARN of a resource of the account, unless you name another one of one that does not exist."""
        return f"arn:aws:bedrock:{self.home}:{self.account}:{kind}/{resource}"


def regions_of(region: str | None) -> tuple[str, ...]:
    """The Regions to check: the given one, or all where models of the catalogue are tuned; raises WrongRegionError."""
    known = tuple(dict.fromkeys(one for entry in catalogue() for one in entry.customization_regions))
    if region is None:
        return known
    if region not in known:
        raise WrongRegionError(
            f"Bedrock customizes no model of the catalogue in {region}: name one of {', '.join(known)} with --region."
        )
    return (region,)


def has_ended(entry: BaseModelEntry) -> bool:
    """Whether the model is past the end of life that AWS has announced."""
    return entry.lifecycle.end_of_life is not None and entry.lifecycle.end_of_life.isoformat() <= now()[:10]


def slug(entry: BaseModelEntry) -> str:
    """A model's name in ids: `nova-2-lite`."""
    return entry.name.lower().replace(".", "-").replace(" ", "-")
