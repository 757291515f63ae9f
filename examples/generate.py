"""Writes financial-tables.jsonl: questions on small tables of companies that do not exist.

    python examples/generate.py > examples/financial-tables.jsonl

The same seed gives the same bytes. 300 tables have two questions each, of four kinds: a figure to look up, one to add
or subtract, a percentage, and a question whose answer is one of a few labels. So a split leaves 45 tables to test on:
few groups of records show large gains alone. Answers are short and in one style. A part of the questions stays hard for
a tuned model: items in other words than the table's, two steps of arithmetic, comparisons of all rows.
"""

import json
import random
import sys
from collections.abc import Iterator
from typing import Any

SEED = 20261121
TABLES = 300
QUESTIONS = 2

SYSTEM = (
    "You answer questions about the financial table in the <table></table> tags. Reply with the answer alone: figures "
    "as in the table, percentages with one decimal, a trend as rise or fall, a kind of statement as income statement, "
    "balance sheet, cash flow statement or segment report."
)
COMPANIES = (
    "Alderbrook Foods", "Brightwater Energy", "Castellan Tools", "Dovetail Logistics", "Elmstead Textiles",
    "Fernhollow Software", "Greyfriars Paper", "Harrowgate Marine", "Inkwell Publishing", "Juniper Vale Dairies",
    "Kestrel Instruments", "Larkspur Hotels", "Millrace Ceramics",
)  # fmt: skip
STATEMENTS = {
    "income statement": (
        ("Revenue", 900, 9000), ("Cost of sales", 400, 5000), ("Research and development", 40, 700),
        ("Administrative expenses", 60, 900), ("Interest expense", 5, 120), ("Income tax", 20, 400),
    ),
    "balance sheet": (
        ("Cash", 50, 1500), ("Trade receivables", 100, 1800), ("Inventories", 80, 1600), ("Equipment", 300, 6000),
        ("Trade payables", 90, 1400), ("Long-term debt", 200, 4000),
    ),
    "cash flow statement": (
        ("Cash from operations", 120, 2200), ("Capital expenditure", 60, 1500), ("Acquisitions", 10, 900),
        ("Dividends paid", 15, 500), ("Debt repaid", 20, 800),
    ),
    "segment report": (
        ("Europe", 200, 3000), ("North America", 200, 3500), ("Asia Pacific", 150, 2800), ("Latin America", 50, 900),
        ("Africa", 20, 500),
    ),
}  # fmt: skip
# What a person may call an item: the table does not have these words.
OTHER_WORDS = {
    "Revenue": "turnover", "Cost of sales": "spending on goods sold", "Research and development": "money for novelties",
    "Administrative expenses": "office overheads", "Interest expense": "the price of borrowing",
    "Income tax": "what the tax office got", "Cash": "money in the bank", "Trade receivables": "what customers owe",
    "Inventories": "unsold stock", "Equipment": "machinery", "Trade payables": "what suppliers are owed",
    "Long-term debt": "distant borrowings", "Cash from operations": "money that the business earned",
    "Capital expenditure": "investment in plants", "Acquisitions": "the price of companies bought",
    "Dividends paid": "payments to shareholders", "Debt repaid": "loans paid back", "Europe": "the old continent",
    "North America": "the USA and Canada", "Asia Pacific": "the Far East",
    "Latin America": "the countries south of the Rio Grande", "Africa": "the countries south of the Mediterranean",
}  # fmt: skip
LOOKUPS = ("What was {item} in {year}?", "How much did {company} report for {item} in {year}?", "{item} in {year}?")
DIFFERENCES = (
    "By how much did {item} change from {before} to {year}?",
    "What is the difference between {item} in {year} and in {before}?",
)
SUMS = (
    "What do {item} and {other} of {year} add up to?",
    "How much were {item} and {other} together in {year}?",
)
GAPS = (
    "By how much more did {item} change than {other} from {before} to {year}?",
    "From {before} to {year}, what is the change of {item} less that of {other}?",
)
CHANGES = (
    "What was the percentage change in {item} from {before} to {year}?",
    "By how many percent did {item} change between {before} and {year}?",
)
SHARES = (
    "What percentage of {other} was {item} in {year}?",
    "In {year}, how large was {item} as a percentage of {other}?",
)
TRENDS = ("Did {item} rise or fall from {before} to {year}?", "What was the trend of {item} from {before} to {year}?")
LARGEST = ("Which item grew the most in percent from {before} to {year}?", "What had the best growth rate in {year}?")
KINDS = ("What kind of statement is this table from?", "Which statement does the table show?")

# How many of the questions name the item as the table does, and how many are of the first kind.
NAMED, EASY = 0.8, 0.8

Figure = dict[int, int]
Figures = dict[str, Figure]


def records() -> Iterator[dict[str, Any]]:
    """The data set's records, table by table."""
    # Chosen figures need no secrecy, but the same bytes each time.
    draw = random.Random(SEED)  # noqa: S311
    for number in range(TABLES):
        company = COMPANIES[number % len(COMPANIES)]
        statement = draw.choice(list(STATEMENTS))
        figures, years = table(draw, statement)
        text = rendered(company, figures, years)
        every = list(questions(draw, company, statement, figures, years))
        for question, answer in draw.sample(every, k=QUESTIONS):
            yield {
                "system": SYSTEM,
                "messages": [
                    {"role": "user", "content": f"{text}\n\n{question}"},
                    {"role": "assistant", "content": answer},
                ],
            }


def table(draw: random.Random, statement: str) -> tuple[Figures, list[int]]:
    """Four or so items over two or three years, latest first; neighbouring years differ by up to a third."""
    latest = draw.randint(2018, 2025)
    years = [latest - back for back in range(draw.choice((2, 3)))]
    figures: Figures = {}
    chosen = draw.sample(STATEMENTS[statement], k=draw.randint(3, 4))
    for item, low, high in sorted(chosen, key=STATEMENTS[statement].index):
        value = draw.randint(low, high)
        figures[item] = {}
        for year in years:
            figures[item][year] = value
            # A figure that stays the same would have no trend, and one below zero no place in these tables.
            change = draw.choice((-1, 1)) * max(1, round(value * draw.uniform(0.01, 0.33)))
            value = value + change if value + change > 0 else value - change
    return figures, years


def rendered(company: str, figures: Figures, years: list[int]) -> str:
    """The table as HTML rows in <table> tags."""
    head = "".join(f"<td>{cell}</td>" for cell in (f"{company} (in millions)", *years))
    rows = "".join(
        f"<tr><td>{item}</td>{''.join(f'<td>{by_year[year]:,}</td>' for year in years)}</tr>"
        for item, by_year in figures.items()
    )
    return f"<table><tr>{head}</tr>{rows}</table>"


def questions(
    draw: random.Random, company: str, statement: str, figures: Figures, years: list[int]
) -> Iterator[tuple[str, str]]:
    """Four questions and their answers, one of each kind, each on items of its own choice."""
    year, before = years[0], years[1]

    def ask(forms: tuple[str, ...], *, named: bool = True) -> tuple[str, Figure, Figure]:
        item, other = draw.sample(list(figures), k=2)
        words = item if named else OTHER_WORDS[item]
        question = draw.choice(forms).format(item=words, other=other, year=year, before=before, company=company)
        return question[0].upper() + question[1:], figures[item], figures[other]

    question, one, _ = ask(LOOKUPS, named=draw.random() < NAMED)
    yield question, f"{one[year]:,}"
    kind = draw.random()
    if kind < EASY:
        question, one, _ = ask(DIFFERENCES)
        yield question, f"{one[year] - one[before]:,}"
    elif kind < (1 + EASY) / 2:
        question, one, other = ask(SUMS)
        yield question, f"{one[year] + other[year]:,}"
    else:
        question, one, other = ask(GAPS)
        yield question, f"{(one[year] - one[before]) - (other[year] - other[before]):,}"
    if draw.random() < EASY:
        question, one, _ = ask(CHANGES)
        yield question, f"{growth(one, year, before):.1f}%"
    else:
        question, one, other = ask(SHARES)
        yield question, f"{one[year] / other[year] * 100:.1f}%"
    kind = draw.random()
    if kind < EASY / 2:
        question, one, _ = ask(TRENDS)
        yield question, "rise" if one[year] > one[before] else "fall"
    elif kind < EASY:
        yield draw.choice(KINDS), statement
    else:
        question, _, _ = ask(LARGEST)
        yield question, max(figures, key=lambda item: growth(figures[item], year, before))


def growth(figure: Figure, year: int, before: int) -> float:
    """The change from one year to another, in percent."""
    return (figure[year] - figure[before]) / figure[before] * 100


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8", newline="\n")  # type: ignore[union-attr] # a console's stream has it
    for record in records():
        sys.stdout.write(json.dumps(record, ensure_ascii=False) + "\n")
