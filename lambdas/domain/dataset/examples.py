"""Few-shot examples: which training records stand before a question, and how.

Examples are earlier turns of the conversation, so the API's own structure keeps them apart from the question: whatever
a record's text has in it, it cannot end its turn.
"""

import hashlib
from collections.abc import Collection, Sequence
from statistics import median_low


def choose_examples(
    keys: Sequence[bytes], lengths: Sequence[int], test_keys: Collection[bytes], count: int, seed: int
) -> list[int]:
    """The indexes of `count` training records that serve as examples for all test records.

    `keys` are the training records' group keys (`context.group_keys`), `lengths` their lengths in any one unit. No
    example is of a group that a test record is of, and no two are of one group. Examples are paid for with every
    question, so only records up to the median length are taken. The order follows from a hash of seed, key and place.
    There are fewer than `count` where there are not as many such groups.
    """
    excluded = set(test_keys)
    eligible = [index for index, key in enumerate(keys) if key not in excluded]
    if not eligible:
        return []
    longest = median_low(lengths[index] for index in eligible)
    by_hash = sorted(
        (index for index in eligible if lengths[index] <= longest),
        key=lambda index: hashlib.sha256(b"%d:%d:" % (seed, index) + keys[index]).digest(),
    )
    chosen: dict[bytes, int] = {}
    for index in by_hash:
        chosen.setdefault(keys[index], index)
    return list(chosen.values())[:count]
