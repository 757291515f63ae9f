"""The simulated custom model: the ranker that training fitted, the answers that recur, and how figures are written.

It knows of the data set what its training rows taught it, nothing else. Where it has learnt that prompts do not hold
their answers, it recites the answer of the training row whose question is most alike. JSON it answers field by field.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence

import numpy as np

from local.bedrock.models import answer_format, fields
from local.bedrock.models.answer_format import COMPUTED_PLAIN, PLAIN
from local.bedrock.models.base import example_turns, in_words
from local.bedrock.models.candidates import Ids
from local.bedrock.models.fields import Form
from local.bedrock.models.preparation import Known, find_candidates, row_of
from local.bedrock.models.prompts import Prompt, read_prompt, read_turns
from local.bedrock.models.ranker import Ranker, Row, softmax

# It recites when reciting is likelier than all that the prompt offers.
RECITES_FROM = 0.5
CANDIDATES_COMPARED = 8
LEAST_CHANCE = 0.1
# How it talks until it has learnt not to: as the middle one of the base models.
VERBOSITY = 1


class Memory:
    """The training rows' answers by the words of their questions."""

    def __init__(self, questions: Iterable[Ids], answers: Sequence[str]) -> None:
        rows_of: defaultdict[int, list[int]] = defaultdict(list)
        for row, ids in enumerate(questions):
            for word in ids.tolist():
                rows_of[word].append(row)
        self._rows_of = {word: np.array(rows, np.int32) for word, rows in rows_of.items()}
        self._answers = list(answers)

    def recall(self, question: Ids) -> str:
        """The answer to the most similar question; words that few questions have count most."""
        scores = np.zeros(len(self._answers))
        for word in question.tolist():
            rows = self._rows_of.get(word)
            if rows is not None:
                scores[rows] += len(rows) ** -0.5
        return self._answers[int(scores.argmax())]


class SimulatedTunedModel:
    """Answers as briefly as its training rows do."""

    def __init__(self, known: Known, ranker: Ranker, memory: Memory, form: Form | None = None) -> None:
        self._known = known
        self._ranker = ranker
        self._memory = memory
        self._form = form

    def answer(self, system: str, turns: Sequence[tuple[str, str]]) -> str:
        """The likeliest answer, alone once it has learnt that; system and examples in the prompt are nothing new."""
        del system
        is_bare = self._ranker.bare[0] > 0
        if self._form:
            values = [self._best(read_prompt(fields.ask(turns[-1][1], path))) for path in self._form.fields]
            joined = fields.join(values, self._form)
            return joined if is_bare else fields.in_words(joined, VERBOSITY)
        prompt = read_turns(tuple(turns[-1:] if example_turns(turns) else turns))
        best = self._best(prompt)
        return best if is_bare else in_words(prompt, best, VERBOSITY)

    def _best(self, prompt: Prompt) -> str:
        row = row_of(prompt, find_candidates(prompt), self._known)
        chances = softmax(self._ranker.scores(row))
        if chances[0] > RECITES_FROM or len(chances) == 1:
            return self._memory.recall(row.words)
        chances[0] = 0.0
        # The same answer can come from several candidates, a figure that stands in two cells, say.
        totals: defaultdict[str, float] = defaultdict(float)
        best = float(chances.max())
        for number in np.argsort(-chances, kind="stable")[:CANDIDATES_COMPARED].tolist():
            if chances[number] < LEAST_CHANCE * best:
                break
            totals[self._written(prompt, row, number)] += float(chances[number])
        return max(totals, key=lambda answer: totals[answer])

    def _written(self, prompt: Prompt, row: Row, number: int) -> str:
        if number >= len(row.candidates):
            return self._known.labels[number - len(row.candidates)]
        text, value = row.candidates.texts[number], float(row.candidates.values[number])
        templates, written = self._known.templates, dict(answer_format.renderings(text, value))
        usable = [index for index, template in enumerate(templates) if template.rendering in written]
        if not usable or np.isnan(value):
            return answer_format.write(PLAIN if text is not None else COMPUTED_PLAIN, written)
        words = answer_format.format_words(prompt, int(row.candidates.kinds[number]), text)
        chances = softmax(self._ranker.template_scores(words, np.array(usable, np.int32)))
        totals: defaultdict[str, float] = defaultdict(float)
        for index, chance in zip(usable, chances.tolist(), strict=True):
            totals[answer_format.write(templates[index], written)] += chance
        return max(totals, key=lambda answer: totals[answer])
