"""Words sought in any case, without a copy of all bytes in lower case: that would take half as long as parsing them."""

from collections.abc import Sequence
from itertools import product

from ahocorasick_rs import MATCHKIND_LEFTMOST_FIRST, BytesAhoCorasick

# The end of each word that is sought in all its spellings: so many more would slow the search with SIMD down.
_END = 3
# Where more ends than this are found, all bytes at once are looked at faster than the places of each.
_MOST_PLACES = 100


class AnyCase:
    """Seeks words of ASCII characters."""

    def __init__(self, words: Sequence[bytes]) -> None:
        folded = [word.lower() for word in words]
        ends = sorted({spelling for word in folded for spelling in _spellings(word[-_END:])})
        self._longest = max(map(len, folded), default=0)
        self._words = BytesAhoCorasick(folded, matchkind=MATCHKIND_LEFTMOST_FIRST).find_matches_as_indexes
        self._ends = BytesAhoCorasick(ends, matchkind=MATCHKIND_LEFTMOST_FIRST).find_matches_as_indexes

    def are_in(self, data: bytes) -> bool:
        """Whether any of the words is in the data."""
        if not self._longest:
            return False
        places = self._ends(data)
        if len(places) > _MOST_PLACES:
            return bool(self._words(data.lower()))
        # An end that overlaps the one before is not given: it is within the word's length behind that.
        return any(
            self._words(data[max(0, start - self._longest) : end + self._longest].lower()) for _, start, end in places
        )


def _spellings(word: bytes) -> list[bytes]:
    letters = [{each.lower(), each.upper()} for each in (word[place : place + 1] for place in range(len(word)))]
    return [b"".join(spelling) for spelling in product(*letters)]
