"""The prices that count: the user's file at the root of the input bucket, or those that are shipped."""

from lambdas.adapters.aws.object_store import ObjectStore
from lambdas.domain.core.finding import Finding
from lambdas.domain.cost.price_file import (
    FILE_NAME,
    LARGEST_FILE_BYTES,
    Prices,
    default_prices,
    parse_prices,
    too_large,
)


class PriceFile:
    """The price file at the root of the input bucket."""

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects

    def read_prices(self, input_bucket: str) -> Prices | list[Finding]:
        """The user's price file with all its faults where it has any; the shipped one where there is none.

        Raises ServiceBusy.
        """
        with self._objects.opened(input_bucket, FILE_NAME) as stored:
            if stored is None:
                return default_prices()
            if stored.size_bytes > LARGEST_FILE_BYTES:
                return [too_large(stored.size_bytes)]
            return parse_prices(stored.stream.read())
