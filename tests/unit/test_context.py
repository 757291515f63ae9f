"""What counts as the same context."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdas.domain.context import context, group_keys
from lambdas.domain.formats import Record


def record(user: str, system: str | None = None, answer: str = "x") -> Record:
    return Record(system, [user, answer])


def same(*records: Record) -> bool:
    return len(set(group_keys([context(each) for each in records]))) == 1


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
    assert not same(record("<table>A 1</table> Sum?"), record("<table>A 2</table> Sum?"))
    assert not same(record("What is the capital of Norway?"), record("What is the capital of Peru?"))


def test_same_question_without_tags_is_the_same_context() -> None:
    """The same prompt on both sides is the plainest leak."""
    assert same(record("Capital  of Norway? "), record("Capital of Norway?", answer="Oslo", system="Answer."))


def test_document_in_the_system_text_is_a_context_unless_all_share_it() -> None:
    """A constant instruction in tags is not what the records ask about."""
    assert not same(record("One?", "<doc>Text A.</doc>"), record("Two?", "<doc>Text A.</doc>"))
    keys = group_keys(
        [
            context(record("One?", "<doc>Text A.</doc>")),
            context(record("Two?", "<doc>Text A.</doc>")),
            context(record("Three?", "<doc>Text B.</doc>")),
        ]
    )
    assert keys[0] == keys[1] != keys[2]


@pytest.mark.parametrize("text", ["<a>" * 50_000, "".join(f"<t{n}>" for n in range(30_000)), "<a></a>" * 30_000])
def test_tags_without_end_are_bounded_work(text: str) -> None:
    """A record of nothing but tags must not stop the run; searching each one's end would take hours."""
    assert context(record(text)).user_block is None


@given(st.text(max_size=60), st.none() | st.text(max_size=30))
def test_any_text_has_a_context(user: str, system: str | None) -> None:
    """Contexts are searched in texts from outside."""
    own = context(record(user, system))
    assert len(own.opening) == 16
