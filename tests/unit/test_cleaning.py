"""Cleaning: what judges are asked, how they are read, and which records leave the training set."""

from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdas.domain.curation.asks import Ask, StoredReply
from lambdas.domain.curation.cleaning import (
    SetRecord,
    clean_asks,
    count_cleaning,
    judge_records,
    read_reason,
)
from lambdas.domain.curation.prompts import check_record
from lambdas.domain.curation.reading import read_correctness
from lambdas.domain.curation.settings import CleanSettings, clean_findings
from lambdas.domain.dataset.set_names import SetName
from lambdas.domain.evaluation.questions import Message, Question

HAIKU, NOVA = "us.anthropic.claude-haiku-4-5-20251001-v1:0", "amazon.nova-pro-v1:0"


def record(index: int = 0, content: str = "How much is 1 + 1?", set_name: SetName = "train") -> SetRecord:
    return SetRecord(set_name, Question(index, "Be brief.", (Message(role="user", content=content),), "2"))


def reply(asked: Ask, text: str | None, error: str | None = None) -> StoredReply:
    return StoredReply(
        id=asked.id,
        stage=asked.stage,
        model=asked.model,
        prompt=asked.prompt.name,
        text=text,
        error=error,
        input_tokens=10,
        output_tokens=5,
    )


def answered(records: Sequence[SetRecord], clean: CleanSettings, say: Callable[[Ask], str]) -> dict[str, StoredReply]:
    """The replies of a model that is asked until nothing is left to ask."""
    replies: dict[str, StoredReply] = {}
    while asks := list(clean_asks(records, clean, replies)):
        for each in asks:
            replies[each.id] = reply(each, say(each)).after(replies.get(each.id))
    return replies


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<reason>It is.</reason>\n<judgement>correct</judgement>", "correct"),
        ("<reason>No.</reason><judgment> Incorrect. </judgment>", "incorrect"),
        ("correct", "correct"),
        ("**Incorrect**", "incorrect"),
        ("", "unreadable"),
        ("It is correct.", "unreadable"),
        ("<judgement>correct</judgement><judgement>incorrect</judgement>", "unreadable"),
        ("<reason><judgement>correct</judgement></reason>", "unreadable"),
        ("<judgement>mostly correct</judgement>", "unreadable"),
    ],
)
def test_judgement_is_read_only_where_it_is_one(text: str, expected: str) -> None:
    """A reply that repeats what a record says must not decide about it."""
    assert read_correctness(text) == expected


@given(st.text(max_size=200), st.text(max_size=200))
def test_no_text_of_a_record_leaves_its_tags(content: str, answer: str) -> None:
    """A record is data: it can neither close its tags nor open others."""
    asked = check_record(Question(0, None, (Message(role="user", content=content),), answer))
    lines = asked.user.splitlines()
    assert sum(line.startswith("</answer-") for line in lines) == 1
    assert "<" not in "".join(each for each in asked.user.split("<answer-")[1].split("</answer-")[:1] if each)


def test_context_question_and_answer_stand_apart() -> None:
    """As in the prompt that AWS's post shows, so that the judge knows what must bear out the answer."""
    asked = check_record(record(content="<table>\nCash 7\n</table>\n\nHow much cash?").question)
    context, rest = asked.user.split("</context-", 1)
    assert "Be brief." in context
    assert "Cash 7" in context
    assert "How much cash?" in rest
    assert "Cash 7" not in rest


@pytest.mark.parametrize(
    ("said", "mode", "verdict", "removed"),
    [
        ({HAIKU: "incorrect", NOVA: "incorrect"}, "remove", "incorrect", 1),
        ({HAIKU: "incorrect", NOVA: "incorrect"}, "report", "incorrect", 0),
        ({HAIKU: "incorrect", NOVA: "correct"}, "remove", "correct", 0),
        ({HAIKU: "incorrect", NOVA: "who knows"}, "remove", "unreadable", 0),
    ],
)
def test_record_is_removed_only_where_all_judges_call_it_incorrect(
    said: dict[str, str], mode: str, verdict: str, removed: int
) -> None:
    """A record that is left out for nothing is a loss that nobody sees."""
    clean = CleanSettings.model_validate({"judges": [*said], "mode": mode})
    replies = answered([record()], clean, lambda each: said[each.model])
    [judged] = judge_records([record()], clean, replies)
    assert judged.verdict == verdict
    assert count_cleaning([judged]).removed == removed


@pytest.mark.parametrize("set_name", ["validation", "test"])
def test_held_out_records_are_reported_and_never_removed(set_name: SetName) -> None:
    """A test set without what models find hard flatters every model."""
    clean, records = CleanSettings(judges=[NOVA], mode="remove"), [record(set_name=set_name)]
    counts = count_cleaning(judge_records(records, clean, answered(records, clean, lambda _: "incorrect")))
    assert (counts.removed, counts.judged, counts.held_out_incorrect) == (0, 0, 1)


def test_reply_that_cannot_be_read_is_asked_for_once_more_and_then_keeps_the_record() -> None:
    """Each question costs money; a judge that never answers clearly decides nothing."""
    clean, records, asked = CleanSettings(judges=[NOVA], mode="remove"), [record()], list[Ask]()

    def say(each: Ask) -> str:
        asked.append(each)
        return "Hard to say."

    replies = answered(records, clean, say)
    assert [each.again for each in asked] == [False, True]
    assert asked[1].prompt.user.startswith(asked[0].prompt.user)
    [judged] = judge_records(records, clean, replies)
    assert (judged.verdict, judged.removed, judged.checks[0].input_tokens) == ("unreadable", False, 20)


def test_judge_that_cannot_be_asked_keeps_the_record_and_is_told() -> None:
    """A judge that is down must not empty the training set."""
    clean, records = CleanSettings(judges=[NOVA], mode="remove"), [record()]
    [asked] = clean_asks(records, clean, {})
    replies = {asked.id: reply(asked, None, "AccessDeniedException: no")}
    assert not list(clean_asks(records, clean, replies))
    [judged] = judge_records(records, clean, replies)
    assert (judged.removed, judged.checks[0].judgement, judged.checks[0].error) == (
        False,
        None,
        "AccessDeniedException: no",
    )


@pytest.mark.parametrize(("removed", "needed"), [(2, False), (3, True)])
def test_more_than_a_fifth_removed_needs_a_person(removed: int, *, needed: bool) -> None:
    """So many errors are more likely the judge's."""
    clean, records = (
        CleanSettings(judges=[NOVA], mode="remove"),
        [record(index, f"How much is 1 + {index}?") for index in range(10)],
    )
    wrong = {each.id for each in clean_asks(records[:removed], clean, {})}
    replies = answered(records, clean, lambda each: "incorrect" if each.id in wrong else "correct")
    assert count_cleaning(judge_records(records, clean, replies)).needs_approval is needed


def test_reply_about_another_record_or_of_another_judge_is_never_taken() -> None:
    """Replies outlive a change of the data set and of the settings."""
    kept = answered([record()], CleanSettings(judges=[NOVA]), lambda _: "incorrect")
    assert len(list(clean_asks([record(content="How much is 2 + 1?")], CleanSettings(judges=[NOVA]), kept))) == 1
    assert len(list(clean_asks([record()], CleanSettings(judges=[HAIKU]), kept))) == 1
    assert not list(clean_asks([record(index=7)], CleanSettings(judges=[NOVA]), kept))


def test_two_judges_of_one_family_are_refused() -> None:
    """Models of one family err alike, so that the second one adds little."""
    assert not list(clean_findings(CleanSettings(judges=[HAIKU, NOVA])))
    [found] = clean_findings(CleanSettings(judges=[HAIKU, "us.anthropic.claude-sonnet-4-6"]))
    assert "Claude" in found.message


def test_reason_is_what_stands_in_its_tags() -> None:
    """A person reads it beside the record."""
    assert read_reason("<reason>\n1. I look.\n2. It differs.\n</reason><judgement>incorrect</judgement>") == (
        "1. I look. 2. It differs."
    )
    assert read_reason("<judgement>correct</judgement>") == ""
