"""How an answer is scored against its reference, and how an arm's answers are summarised.

All scores are 0-100. An arm's mean is taken over all its test records: a record without an answer counts as 0, so that
an arm gains nothing by failing on the hard ones.
"""

import re
import string
from collections import Counter

from lambdas.domain.evaluation.metrics.tokens_by_script import is_mostly_beyond_ascii, space_out

_ARTICLES = re.compile(r"\b(a|an|the)\b")
_PUNCTUATION = str.maketrans("", "", string.punctuation)


def squad_words(text: str) -> list[str]:
    """The words that SQuAD compares: lower case, without ASCII punctuation and without the articles a, an, the.

    Source: the evaluation script of SQuAD v1.1 (Rajpurkar et al., 2016), `normalize_answer`.
    """
    return _ARTICLES.sub(" ", text.lower().translate(_PUNCTUATION)).split()


def comparable_words(response: str, reference: str) -> tuple[list[str], list[str]]:
    """The words of both texts: SQuAD's, and where the reference is mostly beyond ASCII those of any script."""
    if is_mostly_beyond_ascii(reference):
        response, reference = space_out(response), space_out(reference)
    return squad_words(response), squad_words(reference)


def f1(response: str, reference: str) -> float:
    """Token F1 of SQuAD v1.1: the harmonic mean of precision and recall over the words, repeated ones counted; 0-100.

    As in that script, nothing in common is 0, and so two texts without any word score 0.
    """
    response_words, reference_words = comparable_words(response, reference)
    common = (Counter(response_words) & Counter(reference_words)).total()
    return _harmonic_mean(common, len(response_words), len(reference_words))


def f1_seed(response: str, reference: str) -> float:
    """Token F1 as the AWS blog counts it in its example: *distinct* common words over *all* words; 0-100.

    Source: "Best practices and lessons for fine-tuning Anthropic's Claude 3 Haiku on Amazon Bedrock", whose example has
    6 matches in 9 and 11 words. Not reflexive: a text with a repeated word scores below 100 against itself.
    """
    response_words, reference_words = response.lower().split(), reference.lower().split()
    common = len(set(response_words) & set(reference_words))
    return _harmonic_mean(common, len(response_words), len(reference_words))


def exact_match(response: str, reference: str) -> float:
    """100 where both texts have the same SQuAD words in the same order, else 0."""
    response_words, reference_words = comparable_words(response, reference)
    return 100.0 if response_words == reference_words else 0.0


def _harmonic_mean(common: int, response_words: int, reference_words: int) -> float:
    """2PR / (P + R) in per cent, where P is common / response and R is common / reference."""
    return 200.0 * common / (response_words + reference_words) if common else 0.0
