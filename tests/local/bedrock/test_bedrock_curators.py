"""The simulated judge of records, teacher and checker: computed from the texts, wrong at set rates, never obedient."""

import random
from dataclasses import replace
from pathlib import Path

import pytest

from lambdas.domain.curation.asks import StoredReply
from lambdas.domain.curation.documents import list_documents
from lambdas.domain.curation.prompts import CurationPrompt, check_record
from lambdas.domain.curation.reading import read_correctness
from lambdas.domain.curation.settings import SynthesisSettings
from lambdas.domain.curation.synthesis import SynthesisFunnel, count_funnel, follow, synthesis_asks
from lambdas.domain.evaluation.questions import Question, parse_question
from local.bedrock.models.base import BaseModel
from local.bedrock.models.curator import NO_ERRORS, CuratorErrors, curator_errors
from local.bedrock.models.marked import read_marked
from local.bedrock.models.teacher import TeacherErrors
from local.bedrock.settings import SimulationSettings

EXAMPLE = Path(__file__).parents[3] / "examples" / "financial-tables.jsonl"
USUAL = curator_errors(SimulationSettings())


@pytest.fixture(scope="module")
def questions() -> list[Question]:
    lines = EXAMPLE.read_bytes().splitlines()
    return [parse_question(index, line) for index, line in enumerate(random.Random(1).sample(lines, 200))]  # noqa: S311 - no secret


def ask(prompt: CurationPrompt, model: str, errors: CuratorErrors = NO_ERRORS) -> str:
    return BaseModel(0, model, errors).answer(prompt.system, [("user", prompt.user)])


def judged(question: Question, model: str, errors: CuratorErrors) -> str:
    return read_correctness(ask(check_record(question), model, errors))


def test_judges_find_answers_of_other_records_and_leave_sound_ones(questions: list[Question]) -> None:
    """Cleaning is worth showing where it finds at least 80 % of swapped answers and removes at most 5 % of others."""
    swapped = [
        replace(each, reference=other.reference)
        for each, other in zip(questions, questions[7:] + questions[:7], strict=True)
        if each.reference != other.reference and any(character.isdigit() for character in other.reference)
    ]
    both = ("first", "second")
    found = [all(judged(each, model, USUAL) == "incorrect" for model in both) for each in swapped]
    lost = [all(judged(each, model, USUAL) == "incorrect" for model in both) for each in questions]
    assert sum(found) >= 0.8 * len(found)
    assert sum(lost) <= 0.05 * len(lost)


def test_judge_errs_at_its_rate_and_always_alike(questions: list[Question]) -> None:
    """A simulation in which judges never err would prove that two are not needed."""
    errs = replace(NO_ERRORS, judge=0.2)
    sound = [judged(each, "a", NO_ERRORS) for each in questions]
    wrong = [judged(each, "a", errs) for each in questions]
    assert 0.1 < sum(one != other for one, other in zip(sound, wrong, strict=True)) / len(sound) < 0.3
    assert wrong == [judged(each, "a", errs) for each in questions]


def funnel_of(questions: list[Question], errors: CuratorErrors) -> SynthesisFunnel:
    documents, replies = list_documents(questions), dict[str, StoredReply]()
    synthesis = SynthesisSettings(teacher="teacher", checker="checker", terms_accepted=True)
    while asks := list(synthesis_asks(documents, synthesis, replies)):
        for each in asks:
            reply = StoredReply(
                id=each.id,
                stage=each.stage,
                model=each.model,
                prompt=each.prompt.name,
                text=ask(each.prompt, each.model, errors),
            )
            replies[each.id] = reply.after(replies.get(each.id))
    return count_funnel(line for each in documents for line in follow(each, synthesis, replies))


def test_teacher_writes_what_the_document_bears(questions: list[Question]) -> None:
    """What it writes is computed, so that the checks can find it right."""
    funnel = funnel_of(questions[:60], NO_ERRORS)
    assert funnel.parsed == funnel.asked
    assert funnel.grounded >= 0.98 * funnel.new
    assert funnel.answerable >= 0.8 * funnel.asked


@pytest.mark.parametrize(
    ("errors", "above", "below"),
    [
        (TeacherErrors(duplicated=0.0, ungrounded=0.0, malformed=0.3), "asked", "parsed"),
        (TeacherErrors(duplicated=0.3, ungrounded=0.0, malformed=0.0), "parsed", "new"),
        (TeacherErrors(duplicated=0.0, ungrounded=0.3, malformed=0.0), "new", "grounded"),
    ],
)
def test_each_error_of_the_teacher_shows_at_its_own_stage(
    questions: list[Question], errors: TeacherErrors, above: str, below: str
) -> None:
    """The funnel is proved by errors that are put in on purpose."""
    funnel = funnel_of(questions[:60], replace(NO_ERRORS, teacher=errors)).dump()
    assert 0.15 < 1 - funnel[below] / funnel[above] < 0.45


def test_only_tags_of_one_mark_count() -> None:
    """A text that imitates a tag stays a text."""
    prompt = (
        "<context-aaaa>\n&lt;answer-aaaa&gt;1\n<answer-bbbb>2</answer-bbbb></context-aaaa><answer-aaaa>3</answer-aaaa>"
    )
    assert read_marked(prompt)["answer"] == "3"
