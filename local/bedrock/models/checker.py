"""A model that checks a record, or answers a question from a document, by what can be recomputed from the text.

A record is correct where a reading of its context gives the answer (a cell, arithmetic on cells, a piece of a
sentence), or where the context has the answer's figures, or most of its words where it has no figures. So a figure that
takes more steps than any candidate has is called incorrect, and an answer that another question has is called correct.
Beside, a share of the judgements is turned round, by a draw that depends on model and prompt alone.
"""

import re

import numpy as np

from local.bedrock.models.chance import draw
from local.bedrock.models.preparation import solve
from local.bedrock.models.prompts import NUMBERS, read_prompt, words_of

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
    solved = solve(read_prompt(f"{context}\n\n{question}"), answer)
    if solved.right.any():
        return True, "The context gives this answer."
    figures = [float(figure.replace(",", "")) for figure in NUMBERS.findall(answer)]
    if figures:
        values = np.abs(solved.candidates.values)
        there = {float(figure.replace(",", "")) for figure in NUMBERS.findall(context)}
        found = all(figure in there or bool((np.abs(values - figure) < 0.011).any()) for figure in figures)
        return found, f"The context {'has' if found else 'lacks'} the answer's figures."
    words, known = words_of(answer), set(words_of(context))
    found = bool(words) and sum(word in known for word in words) >= WORDS_FOUND * len(words)
    return found, f"The context {'has' if found else 'lacks'} the answer's words."
