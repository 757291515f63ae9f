"""What models are asked in curation; all that comes from outside stands between tags (`marked_texts.py`)."""

import hashlib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Final, Literal

from lambdas.domain.core.fact import Fact
from lambdas.domain.core.marked_texts import fill
from lambdas.domain.curation.documents import QuestionAnswer, SourceDocument, read_asked
from lambdas.domain.dataset.tokens import estimate
from lambdas.domain.evaluation.questions import InferenceSettings, Question

PromptName = Literal["check-v2", "write-v2", "answer-v2"]
CHECK: Final = "check-v2"
WRITE: Final = "write-v2"
ANSWER: Final = "answer-v2"
_PARTS = ("system", "user", "again")
# Of the pairs that a document has, so many are shown to the teacher.
MOST_SHOWN = 20

# A reason of four sentences; a pair of some sentences; an answer. Without chance, so that the same question gets the
# same judgement; the teacher's topics are to differ.
CHECK_SETTINGS = InferenceSettings(max_tokens=512, temperature=0.0)
ANSWER_SETTINGS = InferenceSettings(max_tokens=512, temperature=0.0)
MOST_PAIR_TOKENS = 400
# As an estimate counts a judgement: few reasons have four long sentences.
CHECKED_TOKENS = 100


class CurationPrompt(Fact):
    """A system text and the one user turn, how they are asked, and by which version of the prompt."""

    name: PromptName
    system: str
    user: str
    settings: InferenceSettings


def check_record(question: Question, *, again: bool = False) -> CurationPrompt:
    """Whether a record's answer is correct. Where its last message asks about a document, its rest is the context."""
    last = question.messages[-1].content
    asked = read_asked(last)
    earlier = [f"{each.role}: {each.content}" for each in question.messages[:-1]]
    told = [question.system or "", *earlier, asked.context if asked else ""]
    return _check(told, asked.told if asked else last, question.reference, again=again)


def check_pair(document: SourceDocument, pair: QuestionAnswer, *, again: bool = False) -> CurationPrompt:
    """Whether the answer of a new pair follows from its document."""
    return _check([document.system or "", document.context], pair.question, pair.answer, again=again)


def write_pairs(document: SourceDocument, number: int, *, again: bool = False) -> CurationPrompt:
    """What the teacher is asked about a document."""
    existing, examples = _show(document.pairs), _show(document.examples)
    texts = {"instructions": document.system or "", "document": document.context}
    texts |= {"existing": existing, "examples": examples}
    settings = InferenceSettings(max_tokens=MOST_PAIR_TOKENS * number, temperature=0.7)
    return _prompt(WRITE, {**texts, "number": str(number)}, settings, again=again)


def _show(pairs: Sequence[QuestionAnswer]) -> str:
    return "\n\n".join(f"{pair.question}\n{pair.answer}" for pair in pairs[:MOST_SHOWN])


def answer_from(document: SourceDocument, question: str, *, again: bool = False) -> CurationPrompt:
    """A new question, to be answered from its document alone."""
    texts = {"instructions": document.system or "", "document": document.context, "question": question}
    return _prompt(ANSWER, texts, ANSWER_SETTINGS, again=again)


def prompt_tokens(name: PromptName) -> int:
    """About how many tokens a prompt has without the texts that it is about."""
    names = "context", "question", "answer", "instructions", "document", "existing", "examples", "number"
    empty = dict.fromkeys(names, "")
    return estimate(_file(name, "system"), fill(_file(name, "user"), empty))


def prompt_checksums() -> dict[str, str]:
    """The SHA-256 of each prompt's files, by its name."""
    names: Sequence[PromptName] = (CHECK, WRITE, ANSWER)
    return {name: hashlib.sha256("".join(_file(name, part) for part in _PARTS).encode()).hexdigest() for name in names}


def _check(told: Sequence[str], question: str, answer: str, *, again: bool) -> CurationPrompt:
    context = "\n\n".join(text for text in told if text)
    return _prompt(CHECK, {"context": context, "question": question, "answer": answer}, CHECK_SETTINGS, again=again)


def _prompt(name: PromptName, texts: Mapping[str, str], settings: InferenceSettings, *, again: bool) -> CurationPrompt:
    user = fill(_file(name, "user"), texts)
    if again:
        user = f"{user}\n\n{_file(name, 'again')}"
    return CurationPrompt(name=name, system=_file(name, "system"), user=user, settings=settings)


@cache
def _file(name: PromptName, part: str) -> str:
    return files(__package__ or "").joinpath("prompts", f"{name}.{part}.txt").read_text(encoding="utf-8").strip()
