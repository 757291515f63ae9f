"""A model that checks a record, or answers a question from a document, by what can be recomputed from the text.

A record is correct where the question asks for such an answer, and a reading of the context gives it: a cell, one or
two steps of arithmetic that the question asks for, a piece of a sentence. It is correct too where the context has the
answer's figures, or most of its words where it has no figures. So a figure that takes further steps is called
incorrect, and an answer that another question about the context has is called correct. Beside, a share of the
judgements is turned round, by a draw that depends on model and prompt alone.
"""

import re

import numpy as np

from local.bedrock.models.asked_kinds import counted_kinds, figures_in, is_amount, mismatch
from local.bedrock.models.candidates import Kind
from local.bedrock.models.chance import draw
from local.bedrock.models.preparation import solve
from local.bedrock.models.prompts import Floats, number_in, read_prompt, words_of
from local.bedrock.models.several_steps import figures_of

# Of an answer without figures, so many of its words are in its context.
WORDS_FOUND = 0.6
JUDGES = re.compile(r"<judgement>", re.IGNORECASE)


def judge(texts: dict[str, str], name: str, errors: float) -> str:
    """`<reason>…</reason><judgement>…</judgement>` on the answer to the question about the context."""
    context, question, answer = (texts.get(key, "") for key in ("context", "question", "answer"))
    is_correct, reason = _check(context, question, answer)
    if draw(name, context, question, answer) < errors:
        is_correct = not is_correct
    return f"<reason>{reason}</reason>\n<judgement>{'correct' if is_correct else 'incorrect'}</judgement>"


def _check(context: str, question: str, answer: str) -> tuple[bool, str]:
    prompt = read_prompt(f"{context}\n\n{question}")
    told = "\n".join((context, *prompt.sentences))
    there = figures_in(told)
    solved = solve(prompt, answer)
    is_cell = bool((solved.right & (solved.candidates.kinds == Kind.CELL)).any())
    wrong_kind = mismatch(prompt.question, answer, there, is_cell=is_cell)
    if wrong_kind:
        return False, wrong_kind
    counted = counted_kinds(solved.candidates, prompt.question)
    if (solved.right & counted).any():
        return True, "The context gives this answer."
    figures = figures_in(answer)
    if not figures:
        words, known = words_of(answer), set(words_of(told))
        found = bool(words) and sum(word in known for word in words) >= WORDS_FOUND * len(words)
        return found, f"The context {'has' if found else 'lacks'} the answer's words."
    values = np.abs(solved.candidates.values[counted])
    if all(figure in there or bool((np.abs(values - figure) < 0.011).any()) for figure in figures):
        return True, "The context has the answer's figures."
    if len(figures) == 1 and _is_written_as(answer, figures_of(prompt, may_be_ratio=not is_amount(answer))):
        return True, "Two steps of arithmetic give this answer."
    return False, "The context lacks the answer's figures."


def _is_written_as(answer: str, values: Floats) -> bool:
    """Whether the answer's figure is one of the values, rounded as the answer is, in its scale or the one below."""
    value, decimals = abs(number_in(answer)), re.search(r"\.(\d+)", answer)
    half = 0.51 * 10.0 ** -(len(decimals[1]) if decimals else 0)
    scaled = values / 1000 if is_amount(answer) and value >= 100 * half else values
    return bool((np.abs(values - value) <= half).any() or (np.abs(scaled - value) <= half).any())
