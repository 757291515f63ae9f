"""The quotas of foundation models that are asked on demand: requests in a minute, tokens in a day."""

import threading
from collections import defaultdict, deque
from dataclasses import dataclass, field

from local.bedrock.clock import SimulationClock
from local.bedrock.errors import SPENT_FOR_TODAY, TOO_MANY_REQUESTS, ThrottledError
from local.bedrock.foundation_models import FoundationModel
from local.bedrock.settings import SimulationSettings

MINUTE_SECONDS = 60
DAY_SECONDS = 86_400


@dataclass
class _Used:
    """When the requests of the last minute came, and (time, tokens) of each answer of the last day."""

    asked: deque[float] = field(default_factory=deque)
    answered: deque[tuple[float, int]] = field(default_factory=deque)


class OnDemandQuotas:
    """What each model has been asked lately."""

    def __init__(self, settings: SimulationSettings, clock: SimulationClock) -> None:
        self._settings = settings
        self._clock = clock
        self._lock = threading.Lock()
        self._used: dict[str, _Used] = defaultdict(_Used)

    def take_request(self, model: FoundationModel) -> None:
        """Counts a question. Raises ThrottledError where a quota is used up."""
        settings, now = self._settings, self._clock.now()
        with self._lock:
            used = self._used[model.version_id]
            while used.asked and now - used.asked[0] >= settings.scaled(MINUTE_SECONDS):
                used.asked.popleft()
            while used.answered and now - used.answered[0][0] >= settings.scaled(DAY_SECONDS):
                used.answered.popleft()
            requests, tokens = settings.on_demand_requests_per_minute, settings.on_demand_tokens_per_day
            if tokens is not None and sum(count for _, count in used.answered) >= tokens:
                raise ThrottledError(SPENT_FOR_TODAY)
            if requests is not None and len(used.asked) >= requests:
                raise ThrottledError(TOO_MANY_REQUESTS)
            used.asked.append(now)

    def spend_tokens(self, model: FoundationModel, tokens: int) -> None:
        """Counts an answer."""
        with self._lock:
            self._used[model.version_id].answered.append((self._clock.now(), tokens))
