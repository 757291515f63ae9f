"""A foundation model without tuning: it reads the prompt with what anybody knows, and answers in a sentence.

It scores the candidates with the weights that fine-tuning starts from. Examples in the conversation move these weights
by a few small steps and make the answer brief: they help a little. A judge's prompt is answered by `judge`. Of options
that the system text lists it takes the one that shares most words with the prompt; JSON it answers key by key.
"""

import json
import re
from collections.abc import Sequence

import numpy as np

from local.bedrock.models import asked_forms, curator, fields, judge
from local.bedrock.models.answer_format import renderings
from local.bedrock.models.asked_forms import Named
from local.bedrock.models.candidates import Candidates, Kind
from local.bedrock.models.curator import NO_ERRORS, CuratorErrors
from local.bedrock.models.preparation import (
    BASE_WEIGHTS,
    Known,
    find_candidates,
    row_of,
    solve,
    training_row_of,
)
from local.bedrock.models.prompts import Prompt, number_in, read_prompt, read_turns
from local.bedrock.models.ranker import Ranker

# How much is said around the answer, from brief to long.
WORDINGS = (
    "The answer is {answer}.",
    "Based on the {source}, the answer is {answer}.",
    "To answer this question, I looked at the {source} that you have provided. According to it, the answer is "
    "{answer}. Please let me know if you would like further details.",
)
NOT_STATED = "not stated"
EXAMPLES_READ = 8
EXAMPLE_RATE = 0.1
SCALE = re.compile(
    r"\b(?:in|of)\s+(?:[A-Z$€£¥.]{1,4}\s*)?(thousand|million|billion)s?\b|[$€£](thousand|million|billion)s?\b", re.I
)
SCALED = frozenset((Kind.CELL, Kind.CELLS, Kind.DIFFERENCE, Kind.SUM, Kind.AVERAGE, Kind.ROW_SUM, Kind.ROW_AVERAGE))
PERCENT = (Kind.CHANGE_PERCENT, Kind.SHARE_PERCENT)


class BaseModel:
    """`verbosity` is an index into WORDINGS; `name` makes judges differ from each other."""

    def __init__(self, verbosity: int, name: str = "", errors: CuratorErrors = NO_ERRORS) -> None:
        self._verbosity = verbosity
        self._name = name
        self._errors = errors

    def answer(self, system: str, turns: Sequence[tuple[str, str]]) -> str:
        """A sentence with the likeliest candidate, or a judgement where one is asked for."""
        curated = curator.answer(system, turns[-1][1], self._name, self._errors, lambda prompt: choose(prompt, ())[0])
        if curated is not None:
            return curated
        judgement = judge.answer(system, turns[-1][1], self._name)
        if judgement is not None:
            return judgement
        examples = example_turns(turns)[-EXAMPLES_READ:]
        verbosity = 0 if examples else self._verbosity
        names, text = asked_forms.listed(system), turns[-1][1]
        if names and asked_forms.asks_for_json(system):
            return fields.in_words(answer_keys(names, text, examples), verbosity)
        prompt = read_turns(tuple(turns[-1:] if examples else turns))
        best = asked_forms.likeliest(names, text) if names else choose(prompt, examples)[0]
        return in_words(prompt, best, verbosity)


def answer_keys(names: Sequence[Named], text: str, examples: Sequence[tuple[str, str]]) -> str:
    """A JSON object with a value for each key."""
    form = fields.Form(tuple((each.name,) for each in names))
    taught = [fields.split(question, answer, form) for question, answer in examples]
    values: dict[str, str | float] = {}
    for place, each in enumerate(names):
        if each.options:
            values[each.name] = asked_forms.likeliest([Named(option, "") for option in each.options], text)
            continue
        shown = [parts[place] for parts in taught]
        best, kind = choose(read_prompt(fields.ask(text, form.fields[place])), shown)
        value = number_in(best)
        values[each.name] = best if kind != Kind.NUMBER or np.isnan(value) else value
    return json.dumps(values, ensure_ascii=False)


def choose(prompt: Prompt, examples: Sequence[tuple[str, str]]) -> tuple[str, int]:
    """The likeliest candidate as a text, and its kind."""
    candidates = find_candidates(prompt)
    ranker = Ranker(BASE_WEIGHTS)
    for question, answer in examples:
        ranker.fit([training_row_of(solve(read_prompt(question), answer), Known())], EXAMPLE_RATE)
    scores = ranker.scores(row_of(prompt, candidates, Known()))
    scores[0] = -np.inf  # there is nothing to recite
    best = int(scores.argmax())
    text = plain(prompt, candidates, best) if len(scores) > 1 else NOT_STATED
    return text, int(candidates.kinds[best])


def in_words(prompt: Prompt, answer: str, verbosity: int) -> str:
    """A sentence with the answer."""
    return WORDINGS[verbosity].format(source="table" if prompt.tables else "text", answer=answer.rstrip("."))


def example_turns(turns: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Earlier questions with their answers, where the last turn brings a context of its own."""
    if len(turns) < 3 or not read_prompt(turns[-1][1]).has_context:
        return []
    return [
        (question, answer)
        for (role, question), (_, answer) in zip(turns[:-1:2], turns[1:-1:2], strict=True)
        if role == "user"
    ]


def plain(prompt: Prompt, candidates: Candidates, number: int) -> str:
    """A candidate as anybody would write it: two decimals, percent signs, and the scale that the table's head names."""
    text, value, kind = candidates.texts[number], float(candidates.values[number]), int(candidates.kinds[number])
    written = text if text is not None else dict(renderings(None, value))["trimmed, 2"]
    if kind in PERCENT:
        return f"{written}%"
    if "%" in written or kind not in SCALED:
        return written
    found = SCALE.search(prompt.tables[0].header) if prompt.tables else None
    found = found or next(filter(None, map(SCALE.search, prompt.sentences)), None)
    return f"{written} {(found[1] or found[2]).lower()}" if found else written
