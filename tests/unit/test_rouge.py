"""ROUGE-L against the figures of the paper and of Google's package."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdas.domain.evaluation.metrics.rouge import common_subsequence_length, rouge_l

REFERENCES = json.loads((Path(__file__).parent / "references" / "rouge_l.json").read_text(encoding="utf-8"))
WORDS = st.lists(st.sampled_from("abcd"), max_size=40)


@pytest.mark.parametrize(
    ("candidate", "expected"),
    [("police kill the gunman", 75.0), ("the gunman kill police", 50.0), ("the gunman police killed", 50.0)],
)
def test_it_gives_the_figures_of_lins_example(candidate: str, expected: float) -> None:
    """The paper's own sentences S1 to S4 (section 3.1), computed by hand there."""
    assert rouge_l(candidate, "police killed the gunman") == expected


@pytest.mark.parametrize("pair", REFERENCES["pairs"])
def test_it_equals_googles_package(pair: dict[str, str]) -> None:
    """Readers compare our figures with published ones, which mostly come from rouge-score."""
    assert rouge_l(pair["response"], pair["reference"]) == pytest.approx(pair["rouge_l"], abs=1e-9)


def classical_length(first: list[str], second: list[str]) -> int:
    """The textbook's table (Cormen et al., section 15.4)."""
    previous = [0] * (len(second) + 1)
    for one in first:
        row = [0]
        for place, other in enumerate(second):
            row.append(previous[place] + 1 if one == other else max(previous[place + 1], row[place]))
        previous = row
    return previous[-1]


@given(WORDS, WORDS)
def test_the_bit_parallel_length_is_that_of_the_classical_table(first: list[str], second: list[str]) -> None:
    """The fast way must not differ from the plain one on any input."""
    assert common_subsequence_length(first, second) == classical_length(first, second)


@given(st.text(), st.text())
def test_it_is_symmetric_and_within_0_to_100(first: str, second: str) -> None:
    """The F score weighs precision and recall alike."""
    assert 0 <= rouge_l(first, second) == rouge_l(second, first) <= 100
