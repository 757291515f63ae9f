"""How far reads lag behind writes: lists and tags may show what was before, as eventually consistent services do."""

from local.bedrock.clock import SimulationClock
from local.bedrock.faults import Faults
from local.bedrock.settings import SimulationSettings


class Lags:
    """By the settings, and by rules of the kind `lagging` for what has certain names."""

    def __init__(self, settings: SimulationSettings, clock: SimulationClock, faults: Faults) -> None:
        self._clock = clock
        self._faults = faults
        self._of_lists = settings.scaled(settings.list_lag_seconds)
        self._of_tags = settings.scaled(settings.tag_lag_seconds)

    def listed_at(self, name: str) -> float:
        """The moment whose state a list shows of what has this name."""
        return self._clock.now() - max(self._of_lists, self._faults.lag_of(name))

    def tagged_at(self, name: str) -> float:
        """The moment whose tags are shown of what has this name."""
        return self._clock.now() - max(self._of_tags, self._faults.lag_of(name))
