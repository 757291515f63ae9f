"""What counts as the same context."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdas.domain.dataset.formats import Record
from lambdas.domain.dataset.split.context import context
from lambdas.domain.dataset.split.groups import group
from lambdas.domain.dataset.split.signature import sign


def record(user: str, system: str | None = None, answer: str = "x") -> Record:
    return Record(system, [user, answer])


def groups(records: list[Record]) -> list[int]:
    return group([sign(each) for each in records], [context(each) for each in records])


def same(*records: Record) -> bool:
    """Whether the records are of one group, among three times as many others with contexts of their own."""
    others = [record(f"<other>{number} {number + 100} other{number}</other>") for number in range(3 * len(records))]
    return len(set(groups([*records, *others])[: len(records)])) == 1


def test_questions_on_one_table_share_their_context() -> None:
    """The table in training is what would give its test questions away."""
    assert same(
        record("<table><tr><td>Revenue</td><td>7</td></tr></table>\n\nQuestion: revenue?"),
        record("Which trend?\n<table><tr><td>Revenue</td><td>7</td></tr></table>"),
        record(
            '<question>Which?</question>\n<table class="a">\n<tr><td>Revenue</td><td>7</td></tr>\n</table>', "Other."
        ),
    )


def test_different_tables_and_different_questions_without_one_do_not() -> None:
    """Groups larger than needed would make a split impossible."""
    assert not same(record("<table>A 1, B 7</table> Sum?"), record("<table>A 2, C 8</table> Sum?"))
    assert not same(record("What is the capital of Norway?"), record("Who was the first king of Peru?"))


def test_same_question_without_tags_is_the_same_context() -> None:
    """The same prompt on both sides is the plainest leak."""
    assert same(record("Capital  of Norway? "), record("Capital of Norway?", answer="Oslo", system="Answer."))


def test_document_in_the_system_text_is_a_context() -> None:
    """The question may stand in tags, too: the document is the longer one."""
    assert same(record("One?", "<doc>Text A.</doc>"), record("<ask>Two?</ask>", "<doc>Text A.</doc>"))
    assert not same(record("One?", "<doc>Text A.</doc>"), record("One?", "<doc>Text B.</doc>"))


def test_constant_block_in_the_user_message_is_no_context() -> None:
    """A list of categories before each message would make one group of all records, and nothing to split."""
    categories = f"<categories>{', '.join(f'category {number}' for number in range(40))}</categories>"
    records = [record(f"{categories}\n<message>Where is order {number}?</message>") for number in range(200)]
    assert len(set(groups(records))) == 200
    plain = [record(f"{categories}\nWhere is order {number}?") for number in range(200)]
    assert len(set(groups(plain))) == 200


@pytest.mark.parametrize("variants", [1, 2])
def test_instruction_in_two_variants_is_no_context(variants: int) -> None:
    """An instruction that was reworded once does not halve the data set."""
    systems = [f"<instructions>Classify the message, variant {number}.</instructions>" for number in range(variants)]
    records = [record(f"Where is order {number}?", systems[number % variants]) for number in range(60 * variants)]
    assert len(set(groups(records))) == len(records)


def test_tables_shared_by_four_questions_group_beside_a_constant_instruction() -> None:
    """The instruction is longer than any table, and must not hide what the records ask about."""
    instruction = f"<instructions>{'Answer with the number. ' * 20}</instructions>"
    records = [
        record(f"{instruction}<table>Revenue of company {number // 4}</table><question>Question {number}?</question>")
        for number in range(40)
    ]
    found = groups(records)
    assert [found[first : first + 4] for first in range(0, 40, 4)] == [[found[first]] * 4 for first in range(0, 40, 4)]
    assert len(set(found)) == 10


@pytest.mark.parametrize("text", ["<a>" * 50_000, "".join(f"<t{n}>" for n in range(30_000)), "<a></a>" * 30_000])
def test_tags_without_end_are_bounded_work(text: str) -> None:
    """A record of nothing but tags must not stop the run; searching each one's end would take hours."""
    assert context(record(text)).blocks == ()


@given(st.text(max_size=60), st.none() | st.text(max_size=30))
def test_any_text_has_a_context(user: str, system: str | None) -> None:
    """Contexts are searched in texts from outside."""
    assert all(len(block) == 16 for block in context(record(user, system)).blocks)
    assert groups([record(user, system)]) == [0]
