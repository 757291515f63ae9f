"""Which text of a message is its question, and what judges, teacher and checkers read beside it."""

import pytest

from lambdas.domain.curation.documents import QuestionAnswer, list_documents, read_asked
from lambdas.domain.curation.prompts import CurationPrompt, answer_from, check_pair, check_record, write_pairs
from lambdas.domain.curation.sources import training_sources
from lambdas.domain.curation.synthesis import record_of
from lambdas.domain.evaluation.questions import Message, Question

TABLE = "<table>Cash 120, debt 95</table>"
NOTES = "<text>The statement follows the usual rules of the country and was audited in spring.</text>"
UNITS = "All amounts are in thousands. Answer in millions."
UNCLEAR = "Name the revenue of 2022.\n<doc>Revenue was 5 in 2022.</doc>\nAnswer with the number only."


def question(content: str, answer: str = "5") -> Question:
    return Question(0, "Be brief.", (Message(role="user", content=content),), answer)


def between(prompt: CurationPrompt, name: str) -> str:
    """What a prompt has between the tags of a name."""
    return prompt.user.partition(f"<{name}-")[2].partition(f"\n</{name}-")[0]


@pytest.mark.parametrize(
    "content",
    [f"{TABLE}\n{NOTES}\n\nWhat was cash?", f"{UNITS}\n{TABLE}\n{NOTES}\nWhat was cash?"],
    ids=["table beside a longer text", "units before the document"],
)
def test_judges_teacher_and_checkers_read_the_whole_message_but_its_question(content: str) -> None:
    """What a judge does not see it calls incorrect, and sound records are lost."""
    [document] = list_documents([question(content)])
    pair = QuestionAnswer("What was debt?", "95")
    prompts = {
        "context": [check_record(question(content)), check_pair(document, pair)],
        "document": [write_pairs(document, 3), answer_from(document, pair.question)],
    }
    for name, asked in prompts.items():
        for prompt in asked:
            shown = between(prompt, name)
            assert "Cash 120, debt 95" in shown
            assert "audited in spring" in shown
            assert ("in thousands" in shown) == (UNITS in content)
            assert "What was cash?" not in shown
    assert "Be brief." in between(check_pair(document, pair), "context")


@pytest.mark.parametrize(
    ("content", "asked"),
    [
        ("What was it in 2022?\n<doc>5 in 2022.</doc>\nAnswer with the number only.", "What was it in 2022?"),
        (f"{TABLE}\nWhat was cash?\n{NOTES}", "What was cash?"),
        (f"{UNITS}\n{NOTES}\n<question>Name the debt.</question>", "Name the debt."),
        (f"{UNITS}\n{NOTES}\nWhat was cash?", "What was cash?"),
    ],
    ids=["before, a form behind", "between blocks", "in its tags", "behind, a form before"],
)
def test_new_question_takes_the_place_of_the_question_and_of_nothing_else(content: str, asked: str) -> None:
    """A record whose form lost a part, or has two questions, teaches what is wrong."""
    parts = read_asked(content)
    assert parts is not None
    assert (parts.question, parts.rivals) == (asked, ())
    [document] = list_documents([question(content)])
    made = record_of(document, QuestionAnswer("Who is it?", "Ann"))
    assert made.turns[0] == content.replace(asked, "Who is it?")


def test_judge_is_shown_both_texts_where_either_may_be_the_question() -> None:
    """The wrong one alone would have the answer called incorrect."""
    prompt = check_record(question(UNCLEAR))
    assert between(prompt, "question").partition("\n")[2] == "Name the revenue of 2022.\n\nAnswer with the number only."
    assert "Revenue was 5 in 2022." in between(prompt, "context")


def test_nothing_is_written_in_a_form_whose_question_nobody_can_tell() -> None:
    """Such records would have two questions; the document is counted as unfit, unless another record asks clearly."""
    sources = training_sources([question(UNCLEAR)], [])
    assert (sources.documents, sources.counts.unfit) == ([], 1)
    clear = question("<doc>Revenue was 5 in 2022.</doc>\nWhat was it?")
    sources = training_sources([question(UNCLEAR), clear], [])
    assert (len(sources.documents), sources.counts.unfit) == (1, 0)
