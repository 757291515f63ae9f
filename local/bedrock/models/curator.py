"""The parts that a foundation model plays in curation: judge of a record, teacher, and reader of a document.

It knows them by what a prompt has between marked tags, and by what it asks for.
"""

from collections.abc import Callable
from dataclasses import dataclass

from local.bedrock.models import checker, teacher
from local.bedrock.models.marked import read_marked
from local.bedrock.models.prompts import Prompt, read_prompt
from local.bedrock.models.teacher import TeacherErrors
from local.bedrock.settings import SimulationSettings

_RECORD, _DOCUMENT = {"context", "question", "answer"}, {"document", "existing"}
_ASKED = {"document", "question"}


@dataclass(frozen=True)
class CuratorErrors:
    """How often a model is wrong in curation, beside what it cannot compute."""

    judge: float
    teacher: TeacherErrors


NO_ERRORS = CuratorErrors(0.0, TeacherErrors(0.0, 0.0, 0.0))


def curator_errors(settings: SimulationSettings) -> CuratorErrors:
    """The errors that the simulation is set to."""
    teacher_errors = TeacherErrors(
        duplicated=settings.teacher_duplicates,
        ungrounded=settings.teacher_ungrounded,
        malformed=settings.teacher_malformed,
    )
    return CuratorErrors(settings.judge_errors, teacher_errors)


def answer(system: str, prompt: str, name: str, errors: CuratorErrors, read: Callable[[Prompt], str]) -> str | None:
    """A judgement, pairs, or an answer in its tags; None where the prompt asks for none of them.

    `read` gives the likeliest answer to a question about a document.
    """
    texts = read_marked(prompt)
    request = prompt.rpartition(">")[2]
    if texts.keys() >= _RECORD and checker.JUDGES.search(system):
        return checker.judge(texts, name, errors.judge)
    if texts.keys() >= _DOCUMENT and teacher.WRITES.search(system):
        return teacher.write(texts, request, name, errors.teacher)
    if texts.keys() >= _ASKED and "<answer>" in system:
        asked = "\n\n".join((texts["document"], texts["question"]))
        return f"<answer>{read(read_prompt(asked))}</answer>"
    return None
