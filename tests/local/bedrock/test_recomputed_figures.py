"""The simulated judge on generated tables: it recomputes figures of two steps, and refuses another table's."""

import random
from collections.abc import Callable
from typing import NamedTuple

import pytest

from lambdas.domain.curation.prompts import check_record
from lambdas.domain.curation.reading import read_correctness
from lambdas.domain.evaluation.questions import Message, Question
from local.bedrock.models.base import BaseModel
from local.bench.cleaning import measure

ORCHARDS = ("Apples", "Cherry plums", "Walnuts", "Hazel bushes", "Old pears", "Quinces")
SEASONS = ("2031", "2032", "2033")
Yields = dict[str, list[int]]


class Asked(NamedTuple):
    """A table as a record's document, a question about it, and its answer."""

    document: str
    question: str
    answer: str


class Operation(NamedTuple):
    """How it is asked, with two orchards and two seasons, and what it gives."""

    question: str
    answer: Callable[[Yields, str, str], str]


def _ratio(figures: Yields, a: str, b: str, season: int) -> float:
    return figures[a][season] / figures[b][season]


def _mean(figures: Yields, a: str, b: str, season: int) -> float:
    return (figures[a][season] + figures[b][season]) / 2


def _column(figures: Yields, season: int) -> list[int]:
    return [line[season] for line in figures.values()]


OPERATIONS = {
    "change of a mean": Operation(
        "By how much did the mean of {a} and {b} change from 2031 to 2033?",
        lambda t, a, b: f"{_mean(t, a, b, 2) - _mean(t, a, b, 0):,.1f} thousand",
    ),
    "growth of a sum": Operation(
        "By what percentage did {a} and {b} combined grow from 2031 to 2033?",
        lambda t, a, b: f"{100 * (_mean(t, a, b, 2) / _mean(t, a, b, 0) - 1):.2f}%",
    ),
    "share of the whole": Operation(
        "What share of the harvest of all orchards in 2032 were {a}, in percent?",
        lambda t, a, b: f"{100 * t[a][1] / sum(_column(t, 1)):.2f}%",
    ),
    "mean difference": Operation(
        "Over all seasons, what was the mean difference between {a} and {b}?",
        lambda t, a, b: f"{sum(x - y for x, y in zip(t[a], t[b], strict=True)) / 3:,.2f}",
    ),
    "change of a ratio": Operation(
        "Between 2031 and 2032, what was the change in the ratio of {a} to {b}?",
        lambda t, a, b: f"{_ratio(t, a, b, 1) - _ratio(t, a, b, 0):.4f}",
    ),
    "largest together": Operation(
        "What do the three largest harvests of 2033 add up to, all orchards considered?",
        lambda t, a, b: f"{sum(sorted(_column(t, 2))[-3:]):,}",
    ),
    "sum of a column": Operation(
        "What was the total of all orchards in 2031?", lambda t, a, b: f"({sum(_column(t, 0)):,}) million"
    ),
    "mean of a column": Operation(
        "What was the average over all orchards in 2032?", lambda t, a, b: f"{sum(_column(t, 1)) / 6:,.2f}"
    ),
}


def asked(operation: Operation, draw: random.Random) -> Asked:
    """A generated table; one cell in eight is negative, in brackets."""
    figures = {name: [draw.randint(1000, 99999) * draw.choice((1,) * 7 + (-1,)) for _ in SEASONS] for name in ORCHARDS}
    a, b = draw.sample(ORCHARDS, k=2)
    lines: list[tuple[str, ...]] = [("Orchard", *SEASONS)]
    lines += [(name, *(f"({-each:,})" if each < 0 else f"{each:,}" for each in line)) for name, line in figures.items()]
    document = "\n".join(" | ".join(line) for line in lines)
    return Asked(document, operation.question.format(a=a, b=b), operation.answer(figures, a, b))


def question_of(each: Asked, answer: str, index: int = 0) -> Question:
    """As a training record."""
    message = f"<records>\n{each.document}\n</records>\n\n{each.question}"
    return Question(index, None, (Message(role="user", content=message),), answer)


def judged(each: Asked, answer: str) -> str:
    """By a judge that never errs."""
    prompt = check_record(question_of(each, answer))
    return read_correctness(BaseModel(0, "judge").answer(prompt.system, [("user", prompt.user)]))


@pytest.mark.parametrize("name", OPERATIONS)
@pytest.mark.parametrize("seed", [0, 1])
def test_judge_recomputes_figures_of_two_steps_and_refuses_those_of_other_tables(name: str, seed: int) -> None:
    """No record is called incorrect for want of arithmetic; nor does so much arithmetic find anything right."""
    draw = random.Random(f"{name} {seed}")  # noqa: S311 - no secret
    made = [asked(OPERATIONS[name], draw) for _ in range(20)]
    sound = [judged(each, each.answer) for each in made]
    swapped = [judged(each, other.answer) for each, other in zip(made, made[1:] + made[:1], strict=True)]
    assert sound.count("correct") >= 0.95 * len(sound)
    assert swapped.count("incorrect") >= 0.8 * len(swapped)


@pytest.mark.parametrize("words", ["{} tonnes in 2031 and {} tonnes in 2032", "{:,} trees ({:,} the year before)"])
def test_judge_adds_up_and_compares_figures_of_a_sentence(words: str) -> None:
    """Texts have figures as tables have."""
    each = Asked(f"The quinces stand on the hill. The walnut harvest was {words.format(4711, 1234)}.", "", "")
    total = each._replace(question="What was the walnut harvest of both years together?")
    assert judged(total, "5,945") == "correct"
    assert judged(total, "5,954") == "incorrect"
    change = each._replace(question="By how much did the walnut harvest differ?")
    assert judged(change, "3,477") == "correct"
    assert judged(change, "3,747") == "incorrect"


def test_judge_takes_no_cell_for_a_year_because_it_could_be_one() -> None:
    """Amounts between 1900 and 2099 stand in many tables."""
    rows = [(1703, 1756, "Apples"), (1914, 1967, "Pears"), (2125, 2178, "Plums"), (2336, 2389, "Figs")]
    table = "| Trees | 2031 | 2032 |\n| --- | --- | --- |" + "".join(f"\n| {n} | {a} | {b} |" for a, b, n in rows)
    each = Asked(table, "What was Pears in 2031?", "1914")
    assert (judged(each, "1914"), judged(each, "2031")) == ("correct", "incorrect")


@pytest.mark.parametrize(
    ("question", "answer", "judgement"),
    [
        ("Why did the Walnuts do badly in 2032?", "4,000", "incorrect"),
        ("How much were the Walnuts in 2032?", "Cherry plums", "incorrect"),
        ("How much were the Walnuts in 2032?", "2032", "incorrect"),
        ("In which season year were the Walnuts 4,000?", "2032", "correct"),
        ("What was the percentage change of the Walnuts?", "$1 million", "incorrect"),
        ("How many seasons were the Walnuts above 3,500?", "2", "correct"),
        ("How many seasons were the Walnuts above 3,500?", "4", "incorrect"),
        ("How much were the Walnuts in 2032?", "4,000", "correct"),
    ],
)
def test_judge_refuses_what_the_question_does_not_ask_for(question: str, answer: str, judgement: str) -> None:
    """Tables have so many figures, names and years that something always fits by chance."""
    table = "Orchard | 2031 | 2032 | 2033\nWalnuts | 3,000 | 4,000 | 5,000\nCherry plums | 70 | 85 | 96"
    assert judged(Asked(table, question, ""), answer) == judgement


def test_benchmark_counts_found_and_removed_records_of_swapped_answers() -> None:
    """What the documentation's table is made by; a share of zero leaves every record sound."""
    draw = random.Random(3)  # noqa: S311 - no secret
    made = [asked(operation, draw) for _ in range(8) for operation in OPERATIONS.values()]
    questions = [question_of(each, each.answer, index) for index, each in enumerate(made)]
    counts = measure(questions, 0.25, seed=1)
    assert counts.swapped == 16
    assert counts.sound == len(questions) - 16
    assert counts.found >= 0.8 * counts.swapped
    assert counts.removed <= 0.05 * counts.sound
    assert measure(questions, 0.0, seed=1).swapped == 0
