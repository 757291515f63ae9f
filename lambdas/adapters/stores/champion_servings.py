"""What the reconciler has begun so that the champion is served: `champion-serving.json` in the output bucket."""

from pydantic import ValidationError

from lambdas.adapters.aws.object_store import ObjectStore
from lambdas.domain.serving.champion_serving import STATE_KEY, ChampionServing


class ChampionServings:
    """The one of the environment. Every method raises ServiceBusy or Refused."""

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects

    def read(self, bucket: str) -> ChampionServing | None:
        """None where there is none that can be read: then people may be told once more."""
        text = self._objects.read(bucket, STATE_KEY)
        try:
            return None if text is None else ChampionServing.model_validate_json(text)
        except ValidationError:
            return None

    def write(self, bucket: str, serving: ChampionServing) -> None:
        """Replaces it."""
        self._objects.write(bucket, STATE_KEY, serving.model_dump_json().encode())
