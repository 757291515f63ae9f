"""Numeric match: what is the same number in a financial answer and what is not."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdas.domain.evaluation.metrics.numeric import is_numeric, numeric_match, quantities

SAME = [
    ("73.68%", "73.68 percent"),
    ("73.68%", "73.684%"),
    ("73.68%", "0.7368"),
    ("35 million", "$35,000,000"),
    ("35 million", "35.2 million"),
    ("35 million", "35m"),
    ("1.2 billion", "1,200 million."),
    ("-25.92%", "(25.92)%"),
    ("-25.92%", "\u221225.92 %"),
    ("$(0.28)", "-$0.28"),
    ("$(0.28)", "($0.28)"),
    ("1,598, 163 thousand", "1,598 thousand and 163 thousand"),
    ("$1,310, $510 thousand", "1.310 million; 0.51 million"),
    ("4.73%", "It was 4.73% in 2019."),
    ("4.73%", "As of December 31, 2018, it had risen by 4.73%"),
    ("4.73%", "4.73% in FY19, from the 3rd quarter on"),
    ("2019, 2018", "2019 and 2018"),
    ("US$6 million", "$6 mn"),
    (".5", "0.50"),
    ("2", "2"),
    ("0.125", "0.125"),
    ("0.12", "0.125"),
    ("0.13", "0.125"),
]
DIFFERENT = [
    ("73.68%", "73.7%"),
    ("73.68%", "73.68"),
    ("35 million", "35"),
    ("35 million", "35 thousand"),
    ("35 million", "35.6 million"),
    ("-25.92%", "25.92%"),
    ("-25.92%", "a decrease of 25.92%"),
    ("$5", "€5"),
    ("1,598, 163 thousand", "163, 1,598 thousand"),
    ("1,598, 163 thousand", "1,598 thousand"),
    ("2019, 2018", "2019"),
    ("4.73%", "either 4.73% or 4.74%"),
    ("4.73%", "from 100 to 104.73, which is 4.73%"),
    ("5-7", "5"),
    ("2", "two"),
    ("2", ""),
]


@pytest.mark.parametrize(("reference", "response"), SAME)
def test_the_same_number_in_another_spelling_matches(reference: str, response: str) -> None:
    """A right answer must not be lost to its spelling, scale, rounding, or the date beside it."""
    assert numeric_match(response, reference) == 100.0


@pytest.mark.parametrize(("reference", "response"), [each for each in DIFFERENT if each[0] != "5-7"])
def test_another_number_does_not_match(reference: str, response: str) -> None:
    """A wrong scale, sign or digit is what a financial question is about; guesses in a row are no answer."""
    assert numeric_match(response, reference) == 0.0


@pytest.mark.parametrize("reference", ["", "FY19", "5-7", "due to a $18.1 million increase", "14 years", "net income"])
def test_a_reference_of_more_than_numbers_has_no_numeric_match(reference: str) -> None:
    """Words are for F1: no figure is better than a wrong one."""
    assert numeric_match("5", reference) is None


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("2018-2019", ["2018", "2019"]),
        ("5-7%", ["5", "0.07"]),
        ("23,000 (24%)", ["23000", "-0.24"]),
        ("12,34", ["12", "34"]),
        ("no. 1,234,567.5", ["1234567.5"]),
        ("£3bn, ₹2k", ["3E9", "2E3"]),
        ("(about 5)", ["5"]),
        ("12th", []),
    ],
)
def test_numbers_are_read_from_text(text: str, values: list[str]) -> None:
    """What counts as one number, and as its sign, is a rule that the docs state."""
    assert [number.value for number in quantities(text)] == [Decimal(value) for value in values]


@given(st.decimals(allow_nan=False, allow_infinity=False, places=3, min_value=-(10**12), max_value=10**12))
def test_a_number_matches_itself_in_the_common_spellings(number: Decimal) -> None:
    """Separators, currency, accounting parentheses and scale change nothing."""
    plain = f"{number:f}"
    spellings = [f"{number:,f}", f"${plain}".replace("$-", "-$"), f"{number.scaleb(-3):f} thousand"]
    if number < 0:
        spellings.append(f"({-number:,f})")
    assert is_numeric(plain)
    assert [numeric_match(spelling, plain) for spelling in spellings] == [100.0] * len(spellings)


@given(st.integers(1, 10**9), st.integers(0, 4), st.integers(-49, 49))
def test_an_answer_within_half_of_the_last_digit_matches_and_beyond_it_does_not(
    digits: int, places: int, hundredths: int
) -> None:
    """Rounding-aware means exactly this."""
    reference = Decimal(digits).scaleb(-places)
    near = reference + Decimal(hundredths).scaleb(-places - 2)
    far = reference + Decimal(hundredths + (100 if hundredths >= 0 else -100)).scaleb(-places - 2)
    assert numeric_match(f"{near:,f}", f"{reference:,f}") == 100.0
    assert numeric_match(f"{far:,f}", f"{reference:,f}") == 0.0


@given(st.text(alphabet="0123456789.,-()$% kmb\n", max_size=200))
def test_any_text_is_read_without_an_error(text: str) -> None:
    """Answers are whatever a model says."""
    assert numeric_match(text, "5") in (0.0, 100.0)
    assert all(number.value.is_finite() for number in quantities(text))


def test_an_ordinal_is_no_number_and_hides_none() -> None:
    """What is skipped as a whole must not take the figures around it with it."""
    assert [
        number.value for number in quantities("5% in the 3rd of 4 quarters, after the 1,111st and a 21st (8th)")
    ] == [
        Decimal("0.05"),
        Decimal(4),
    ]


@pytest.mark.parametrize(
    ("separator", "is_list"),
    [(each, True) for each in (",", " , ", ";", "\n&\n", " and ", ",and ", " ,  and  ", ",\tand\n")]
    + [(each, False) for each in (" , , ", " " * 30_000, " xand ")],
)
def test_a_list_is_separated_whatever_the_white_space(separator: str, is_list: bool) -> None:
    """Linear patterns must read the same lists."""
    assert is_numeric(f"1,598{separator}163 thousand") is is_list
