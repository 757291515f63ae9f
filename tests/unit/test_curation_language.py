"""In which language a pair is, as far as that is sure."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdas.domain.curation.language import is_other_language

ENGLISH = "What was Revenue in 2022? By how much did Cash change from 2021 to 2022? Which item grew the most?"
GERMAN = "Wie hoch war der Umsatz im Jahr 2022? Um wie viel hat sich die Kasse von 2021 bis 2022 verändert?"


@pytest.mark.parametrize(
    ("text", "known"),
    [
        ("Wie hoch war die Kasse im Jahr 2022?", ENGLISH),
        ("Quel était le montant des stocks en 2022 ?", ENGLISH),
        ("¿Cuál fue el importe de la deuda en 2022?", ENGLISH),
        ("How much did the debt of the company fall?", GERMAN),
        ("Какова была выручка в 2022 году?", ENGLISH),
        ("2022年の売上高はいくらでしたか", ENGLISH),
        ("2022年的营业收入是多少", ENGLISH),
        ("What was the revenue?", "2022年の売上高はいくらでしたか"),
    ],
)
def test_another_language_is_known_by_script_or_words(text: str, known: str) -> None:
    """A teacher that reads a foreign document may write in its language."""
    assert is_other_language(text, known)


@pytest.mark.parametrize(
    "text",
    [
        "What was Revenue in 2022?",
        "Revenue in 2022?",
        "Vereinigte Stahlwerke AG?",
        "Which number of crates of apples is named?",
        "Did Debt rise or fall from 2021 to 2022?",
        "2,134?",
        "",
    ],
)
def test_names_figures_and_short_questions_are_of_any_language(text: str) -> None:
    """A pair that is dropped for nothing was paid for."""
    assert not is_other_language(text, ENGLISH)


@given(st.text(), st.text())
def test_no_text_breaks_it_and_none_differs_from_itself(text: str, known: str) -> None:
    """What a teacher writes is input from outside."""
    assert not is_other_language(text, text)
    is_other_language(text, known)
