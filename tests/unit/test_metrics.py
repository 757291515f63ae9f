"""Scores and summaries: the verdict is made of these."""

import re
import string
from collections import Counter

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from lambdas.domain.core.statistics import count_statistics, percentile
from lambdas.domain.evaluation.metrics import scoring
from lambdas.domain.evaluation.metrics.tokens_by_script import is_mostly_beyond_ascii

GENERATED = "The cat sits on the mat in the sun"
REFERENCE = "The cat sits on the soft mat under the warm sun"

pieces = st.sampled_from([*"aAbtheTHE .,;-'1\n\t$%é\u2028", "the ", "an ", " a ", "net sales "])
texts = st.lists(pieces, max_size=60).map("".join) | st.text(max_size=40)


def squad_normalize(text: str) -> str:
    """The published definition, step by step: lower case, no punctuation, no articles, single spaces."""
    text = "".join(character for character in text.lower() if character not in set(string.punctuation))
    return " ".join(re.sub(r"\b(a|an|the)\b", " ", text).split())


def squad_f1(prediction: str, truth: str) -> float:
    """The published F1: precision and recall over the multiset of common words."""
    predicted, true = squad_normalize(prediction).split(), squad_normalize(truth).split()
    common = Counter(predicted) & Counter(true)
    same = sum(common.values())
    if same == 0:
        return 0
    precision, recall = same / len(predicted), same / len(true)
    return 2 * precision * recall / (precision + recall)


@given(texts, texts)
def test_f1_and_exact_match_are_squads(response: str, reference: str) -> None:
    """Readers compare these figures with published ones, which are of English."""
    assume(not is_mostly_beyond_ascii(reference))
    assert scoring.f1(response, reference) == pytest.approx(100 * squad_f1(response, reference))
    same = squad_normalize(response) == squad_normalize(reference)
    assert scoring.exact_match(response, reference) == 100 * same


def test_the_seeds_example_gives_sixty_in_the_seeds_own_count() -> None:
    """6 of 9 and 6 of 11 words, which is 60.00 exactly."""
    assert scoring.f1_seed(GENERATED, REFERENCE) == pytest.approx(60.0)


def test_the_same_example_in_squads_count() -> None:
    """Without articles 5 of 6 and 5 of 8 words are common; with repeated articles counted it would be 80."""
    assert scoring.f1(GENERATED, REFERENCE) == pytest.approx(100 * 10 / 14)
    words = Counter(GENERATED.lower().split()) & Counter(REFERENCE.lower().split())
    assert 200 * words.total() / (9 + 11) == 80


@given(texts, texts)
def test_scores_are_symmetric_and_between_0_and_100(response: str, reference: str) -> None:
    """F1 does not know which of two texts is the reference, unless their scripts differ: the reference's decides."""
    assume(is_mostly_beyond_ascii(response) == is_mostly_beyond_ascii(reference))
    for measure in (scoring.f1, scoring.f1_seed, scoring.exact_match):
        assert 0 <= measure(response, reference) <= 100
        assert measure(response, reference) == measure(reference, response)


@given(texts.filter(scoring.squad_words))
def test_a_text_matches_itself(text: str) -> None:
    """The seed's variant fails this for repeated words, so it is not the primary figure."""
    assert scoring.f1(text, text) == scoring.exact_match(text, text) == 100
    assert scoring.f1_seed("to be or not to be", "to be or not to be") < 100


def test_statistics_of_counts_use_the_sample_standard_deviation() -> None:
    """2, 4, 4, 4, 5, 5, 7, 9 have 2 as the population's and 2.138 as the sample's deviation."""
    statistics = count_statistics([2, 4, 4, 4, 5, 5, 7, 9])
    assert statistics == {"mean": 5, "median": 4.5, "sd": pytest.approx(2.13809), "min": 2, "max": 9}
    assert count_statistics([3])["sd"] is None
    assert set(count_statistics([]).values()) == {None}


@given(st.lists(st.integers(0, 10_000), min_size=1), st.integers(1, 100))
def test_a_percentile_occurred_and_covers_its_share(values: list[int], percent: int) -> None:
    """The smallest value that at least so many per cent do not exceed."""
    found = percentile(values, percent)
    assert found in values
    assert sum(value <= found for value in values) * 100 >= percent * len(values)
    assert sum(value < found for value in values) * 100 < percent * len(values)
