"""From a prompt, and its answer where it is known, to a row that can be scored and learnt from."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from local.bedrock.models import answer_format
from local.bedrock.models.answer_format import Template
from local.bedrock.models.candidates import FEATURES, Candidates, Found, Ids, Kind, bucket
from local.bedrock.models.prompts import STOP_WORDS, Floats, Prompt, words_of
from local.bedrock.models.ranker import KINDS, WORD_BUCKETS, Row
from local.bedrock.models.sentence_candidates import SentenceFit, find_in_sentences
from local.bedrock.models.table_candidates import CellFit, Fit, PairFit, SeriesFit, find_in_table

TABLES = 2
LABELS = 128
LABEL_WORDS = 12
CONTEXT_WORDS = 120
PAIRS = (Kind.DIFFERENCE, Kind.CHANGE_PERCENT, Kind.SUM, Kind.AVERAGE, Kind.RATIO, Kind.SHARE_PERCENT)
NONE: Ids = np.zeros(0, np.int32)


def base_weights() -> Floats:
    """What anybody who reads English expects of each kind's features, KINDS x FEATURES: where fine-tuning starts."""
    weights = np.zeros((KINDS, FEATURES), np.float32)
    weights[:, 0], weights[:, 1] = -4.0, 4.5
    weights[Kind.RECALL, 0], weights[Kind.CELL, 0], weights[Kind.SENTENCE, 0] = -2.0, -2.0, -3.0
    for kind in (Kind.CELL, Kind.CELLS, Kind.BEST_COLUMN, Kind.ROW_SUM, Kind.ROW_AVERAGE, *PAIRS):
        weights[kind, [Fit.ROW, Fit.ROW_IS_BEST]] = 1.0
    weights[Kind.CELL, [CellFit.COLUMN, CellFit.COLUMN_IS_BEST, CellFit.FIRST_BY_DEFAULT]] = 1.0
    for kind in PAIRS:
        weights[kind, PairFit.COLUMNS_NAMED] = 1.0
    weights[[Kind.DIFFERENCE, Kind.CHANGE_PERCENT], PairFit.A_IS_LATER] = 1.0
    weights[Kind.CHANGE_PERCENT, 1] = 6.5
    weights[Kind.CELLS, SeriesFit.NAMED_IN_ORDER] = weights[Kind.ROW_AVERAGE, SeriesFit.BETWEEN_NAMED] = 1.0
    for kind in (Kind.NUMBER, Kind.CLAUSE, Kind.SENTENCE, Kind.NAME, Kind.DATE):
        weights[kind, [SentenceFit.SHARED_WORDS, SentenceFit.RATIO]] = 1.0
    return weights


BASE_WEIGHTS = base_weights()


@dataclass(frozen=True)
class Known:
    """What training fixes before its first step: the answers that recur and the templates of figures."""

    labels: tuple[str, ...] = ()
    templates: tuple[Template, ...] = ()


@dataclass(frozen=True)
class Solved:
    """A prompt with its candidates and its answer."""

    prompt: Prompt
    candidates: Candidates
    answer: str
    right: npt.NDArray[np.bool_]


def find_candidates(prompt: Prompt) -> Candidates:
    """All candidates; the first is RECALL: to answer from memory, not from the prompt."""
    found = Found()
    found.add_text(Kind.RECALL, "", {})
    for table in prompt.tables[:TABLES]:
        if len(table.values):
            find_in_table(table, prompt, found)
    find_in_sentences(prompt, found)
    return found.done(prompt.question)


def solve(prompt: Prompt, answer: str) -> Solved:
    """The prompt's candidates, and which of them the answer can stand for."""
    candidates = find_candidates(prompt)
    return Solved(prompt, candidates, answer, answer_format.right_candidates(candidates, answer))


def known_from(answers: Sequence[str], examples: Iterable[Solved]) -> Known:
    """The labels among all answers, and the templates that several of the examples share; the most frequent first."""
    templates: Counter[Template] = Counter()
    for example in examples:
        best = _best_figure(example)
        if best is not None:
            text, value = example.candidates.texts[best], float(example.candidates.values[best])
            templates.update(set(answer_format.templates_of(text, value, example.answer)))
    least = max(2, len(answers) // 500)
    return Known(
        tuple(
            answer
            for answer, count in Counter(answers).most_common(LABELS)
            if count >= least and len(answer.split()) <= LABEL_WORDS
        ),
        tuple(template for template, count in templates.most_common(answer_format.TEMPLATES) if count > 1),
    )


def row_of(prompt: Prompt, candidates: Candidates, known: Known) -> Row:
    """A row to score."""
    return Row(
        candidates, question_ids(prompt), context_ids(prompt, candidates) if known.labels else NONE,
        np.zeros(0, bool), NONE, NONE, np.zeros(0, bool),
    )  # fmt: skip


def training_row_of(example: Solved, known: Known) -> Row:
    """A row to learn from. Where nothing in the prompt explains the answer, RECALL is right. Texts are let go."""
    labels = np.array([label == example.answer for label in known.labels], bool)
    right = np.concatenate([example.right, labels])
    if not right.any():
        right[0] = True
    row = row_of(example.prompt, example.candidates, known)
    row = replace(row, candidates=example.candidates.without_texts(), right=right)
    best = _best_figure(example)
    if best is None:
        return row
    text, value = example.candidates.texts[best], float(example.candidates.values[best])
    renderings = dict(answer_format.renderings(text, value))
    usable = [number for number, template in enumerate(known.templates) if template.rendering in renderings]
    written = set(answer_format.templates_of(text, value, example.answer))
    right_templates = np.array([known.templates[number] in written for number in usable], bool)
    if not right_templates.any():
        return row
    return replace(
        row,
        format_words=answer_format.format_words(example.prompt, int(example.candidates.kinds[best]), text),
        templates=np.array(usable, np.int32),
        right_templates=right_templates,
    )


def _best_figure(example: Solved) -> int | None:
    """Of the right candidates with a figure, the one that the base's knowledge finds likeliest."""
    hits = np.flatnonzero(example.right & ~np.isnan(example.candidates.values))
    if not len(hits):
        return None
    scores = (example.candidates.features[hits] * BASE_WEIGHTS[example.candidates.kinds[hits]]).sum(1)
    return int(hits[int(scores.argmax())])


def question_ids(prompt: Prompt) -> Ids:
    """Hashed words and pairs of words of the question, without figures; 0 is the bias."""
    sequence = prompt.question.lower().split()[:80]
    ids = {0, bucket("first", *sequence[:2], size=WORD_BUCKETS)}
    ids |= {bucket("word", word, size=WORD_BUCKETS) for word in prompt.question_words if not word[0].isdigit()}
    ids |= {
        bucket("pair", first, second, size=WORD_BUCKETS)
        for first, second in pairwise(sequence)
        if not second[0].isdigit()
    }
    if prompt.tables and prompt.sentences:
        ids.add(bucket("table and text", size=WORD_BUCKETS))
    return np.array(sorted(ids), np.int32)


def context_ids(prompt: Prompt, candidates: Candidates) -> Ids:
    """What labels depend on: words of the rows' names and the text, and whether the figure asked for went up."""
    words: dict[str, None] = {}
    for table in prompt.tables[:1]:
        words |= dict.fromkeys(word for names in table.rows.words for word in names)
    for sentence in prompt.sentences:
        words |= dict.fromkeys(words_of(sentence))
        if len(words) > CONTEXT_WORDS:
            break
    ids = {bucket("context", word, size=WORD_BUCKETS) for word in list(words)[:CONTEXT_WORDS] if word not in STOP_WORDS}
    changes = np.flatnonzero((candidates.kinds == Kind.DIFFERENCE) & (candidates.features[:, PairFit.SAME_ROW] > 0))
    if len(changes):
        # The base's own preference says which change is asked for.
        likely = changes[int((candidates.features[changes] @ BASE_WEIGHTS[Kind.DIFFERENCE]).argmax())]
        sign = str(int(np.sign(candidates.values[likely])))
        ids |= {bucket("sign", sign, word, size=WORD_BUCKETS) for word in ("", *prompt.question.lower().split()[:1])}
    return np.array(sorted(ids), np.int32)
