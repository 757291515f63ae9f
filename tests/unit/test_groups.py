"""Grouping: a table's renderings stand together, different tables do not, and the leakage is what it is said to be."""

import html
import json
import random
from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdas.domain.dataset.formats import Record
from lambdas.domain.dataset.split.context import Context
from lambdas.domain.dataset.split.groups import group
from lambdas.domain.dataset.split.leakage import expected_leakage
from lambdas.domain.dataset.split.signature import Signature, sign

Rows = list[list[str]]
NAMES = (
    "Revenue",
    "Cost of sales",
    "Research",
    "Administration",
    "Interest",
    "Income tax",
    "Cash",
    "Inventories",
    "Debt",
)
TATQA = Path(__file__).parents[3] / "shared" / "data" / "tatqa"


def as_html(rows: Rows) -> str:
    cells = ["".join(f"<td>{html.escape(cell)}</td>" for cell in row) for row in rows]
    return f"<table>{''.join(f'<tr>{row}</tr>' for row in cells)}</table>"


def as_json(rows: Rows) -> str:
    """As objects with the column's name as the key; names that are empty or repeated get a number."""
    names = [name if name and rows[0].count(name) == 1 else f"{name} {place}" for place, name in enumerate(rows[0])]
    return json.dumps([dict(zip(names, row, strict=False)) for row in rows[1:]])


def as_markdown(rows: Rows) -> str:
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([lines[0], "|" + " --- |" * len(rows[0]), *lines[1:]])


def as_latex(rows: Rows) -> str:
    escaped = str.maketrans({character: f"\\{character}" for character in "&%$#_{}"})
    lines = [" & ".join(cell.translate(escaped) for cell in row) for row in rows]
    return "\\begin{tabular}{" + "l" * len(rows[0]) + "}\n" + " \\\\\n".join(lines) + "\n\\end{tabular}"


RENDERERS: tuple[Callable[[Rows], str], ...] = (as_html, as_json, as_markdown, as_latex)


def table(draw: random.Random) -> Rows:
    items = draw.sample(NAMES, 7)
    header = [f"Company {draw.randrange(10**6)} (in millions)", "2024", "2023", "2022"]
    return [header, *([item, *(f"{draw.randint(100, 99_999):,}" for _ in range(3))] for item in items)]


def rendered(tables: list[Rows], draw: random.Random) -> tuple[list[str], list[int]]:
    """Each table in four formats, half of them with their rows in another order, each with a question of its own."""
    prompts, numbers = [], []
    for number, (header, *body) in enumerate(tables):
        for place, render in enumerate(RENDERERS):
            rows = draw.sample(body, len(body)) if place % 2 else body
            prompts.append(f"{render([header, *rows])}\n\nQuestion: what was line {place} of {header[1]}?")
            numbers.append(number)
    return prompts, numbers


def signature(prompt: str) -> Signature:
    return sign(Record(None, [prompt, "x"]))


def groups_of(prompts: list[str]) -> list[int]:
    return group([signature(prompt) for prompt in prompts])


def test_renderings_of_a_table_are_one_group_and_tables_are_not() -> None:
    """A table in training gives its test questions away, whatever markup it stands in."""
    draw = random.Random(5)  # noqa: S311 - repeatable, not secret
    prompts, numbers = rendered([table(draw) for _ in range(60)], draw)
    found = groups_of(prompts)
    assert len(set(zip(numbers, found, strict=True))) == len(set(numbers)) == len(set(found)) == 60


@pytest.mark.skipif(not TATQA.is_dir(), reason="TAT-QA is not part of the project")
def test_tables_of_tat_qa_are_on_one_side_each() -> None:
    """Real tables: similar years, shared paragraphs, repeated figures."""
    texts = [json.loads(line)["messages"][0]["content"] for line in (TATQA / "train.jsonl").open()]
    tables = {prompt.partition("</table>")[0] for prompt in texts}
    cells = [
        [[html.unescape(cell.split("</td>")[0]) for cell in row.split("<td>")[1:]] for row in text.split("<tr>")[1:]]
        for text in sorted(tables)
    ]
    draw = random.Random(1)  # noqa: S311 - repeatable, not secret
    prompts, numbers = rendered([rows for rows in cells if len(rows) > 3], draw)
    found = groups_of(prompts)
    assert len(set(zip(numbers, found, strict=True))) == len(set(numbers))
    assert len(set(found)) > 0.95 * len(set(numbers))


def test_table_with_paragraphs_belongs_to_the_table_alone() -> None:
    """One question may quote the table, the next the table and the text around it."""
    draw = random.Random(6)  # noqa: S311 - repeatable, not secret
    alone = [as_html(table(draw)) for _ in range(30)]
    longer = [f"{text} {' '.join(f'w{draw.randrange(10**5)}' for _ in range(80))}" for text in alone]
    found = groups_of([*alone, *longer])
    assert found[:30] == found[30:] == sorted(set(found))


def test_word_that_all_share_links_nobody() -> None:
    """A long instruction that every record repeats is not what they are about."""
    instruction = " ".join(f"instruction{number}" for number in range(150))
    prompts = [f"{instruction} {' '.join(f'u{number}x{word}' for word in range(15))}" for number in range(200)]
    assert len(set(groups_of(prompts))) == 200


def test_short_utterances_behind_a_common_instruction_stay_apart() -> None:
    """One frequent word shared by two requests is no common context, and links are transitive."""
    draw = random.Random(7)  # noqa: S311 - repeatable, not secret
    instruction = " ".join(f"instruction{number}" for number in range(35))
    words = [f"word{number}" for number in range(3_000)]
    frequencies = [1 / rank for rank in range(1, len(words) + 1)]
    requests = [" ".join(draw.choices(words, frequencies, k=draw.randint(1, 8))) for _ in range(2_000)]
    found = groups_of([f"{instruction} {request}" for request in requests])
    # Requests with the same words are one group.
    same = Counter(frozenset(request.split()) for request in requests)
    assert max(Counter(found).values()) == max(same.values()) < 100


def test_known_contexts_are_linked_whatever_their_words() -> None:
    """A short block in tags has too few words to be recognised by them."""
    signatures = [signature(f"question {number}") for number in range(4)]
    contexts = [Context(blocks) for blocks in ((b"a",), (b"b",), (b"a",), ())]
    assert group(signatures, contexts) == [0, 1, 0, 3]


@given(st.lists(st.integers(0, 9), min_size=2, max_size=30), st.integers(1, 29), st.integers(0, 99))
def test_expected_leakage_is_the_mean_over_random_splits(groups: list[int], test_records: int, seed: int) -> None:
    """The figure in the report is exact, so a simulation must agree with it."""
    test_records = min(test_records, len(groups) - 1)
    draw = random.Random(seed)  # noqa: S311 - repeatable, not secret
    leaked, rounds = 0, 400
    for _ in range(rounds):
        held_out = set(draw.sample(range(len(groups)), test_records))
        training = {number for index, number in enumerate(groups) if index not in held_out}
        leaked += sum(groups[index] in training for index in held_out)
    assert expected_leakage(groups, test_records) == pytest.approx(leaked / rounds, abs=0.12 * test_records + 0.15)


def test_words_tell_prompts_apart_that_are_not_read_to_their_end() -> None:
    """Two questions on one very long document are no near duplicates."""
    document = "word " * 20_000
    assert signature(document + "first?").words != signature(document + "second?").words
    assert len({signature(text).words for text in pairwise_orders(["one", "two", "three"])}) == 1


def pairwise_orders(words: list[str]) -> list[str]:
    """The words in some of their orders."""
    return [
        " ".join(words),
        " ".join(reversed(words)),
        *(" ".join([*words[2:], *pair]) for pair in pairwise(words[:2])),
    ]
