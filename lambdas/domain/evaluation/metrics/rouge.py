"""ROUGE-L: how much of the reference's wording an answer keeps in order, words in between allowed.

Source: Lin, "ROUGE: A Package for Automatic Evaluation of Summaries" (2004), section 3. The words and the F score
(precision and recall weighed alike) are those of Google's `rouge-score` 0.1.2, `rougeL` without stemming, which most
published figures use; that package itself would bring NLTK into the Lambda layer.
"""

import re
from collections.abc import Sequence

from lambdas.domain.evaluation.metrics.tokens_by_script import is_mostly_beyond_ascii, space_out

_WORD = re.compile(r"[a-z0-9]+")
# Of any script; marks such as vowel signs belong to their letters.
_ANY_WORD = re.compile(r"[^\W_](?:[^\W_]|[\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0900-\u0dff])*")


def rouge_words(text: str) -> list[str]:
    """Lower-case runs of ASCII letters and digits, as `rouge-score` has them; other scripts have no words here."""
    return _WORD.findall(text.lower())


def rouge_l(response: str, reference: str) -> float:
    """The F score of the longest common subsequence of words, 0-100; 0 where either text has no words.

    Where the reference is mostly beyond ASCII, the words are those of any script (`tokens_by_script`).
    """
    if is_mostly_beyond_ascii(reference):
        response_words, reference_words = (_ANY_WORD.findall(space_out(one).lower()) for one in (response, reference))
    else:
        response_words, reference_words = rouge_words(response), rouge_words(reference)
    common = common_subsequence_length(response_words, reference_words)
    return 200.0 * common / (len(response_words) + len(reference_words)) if common else 0.0


def common_subsequence_length(first: Sequence[str], second: Sequence[str]) -> int:
    """The length of the longest common subsequence, in O(n * m / 30) time and O(n) memory.

    Bit-parallel: bit i of `row` is 0 where the i-th column of the classical table is one above its neighbour, so one
    addition of integers does a whole row. Source: Hyyro, "Bit-Parallel LCS-length Computation Revisited" (2004).
    """
    places: dict[str, int] = {}
    for place, word in enumerate(first):
        places[word] = places.get(word, 0) | 1 << place
    full = (1 << len(first)) - 1
    row = full
    for word in second:
        matches = row & places.get(word, 0)
        row = (row + matches | row - matches) & full
    return len(first) - row.bit_count()
