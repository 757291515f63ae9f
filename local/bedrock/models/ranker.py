"""A log-linear ranker: P(candidate | prompt), fitted by mini-batch AdaGrad on the negative log-likelihood.

score = W[words of the question] at the candidate's kind + features . V[kind] + U[cues around a piece of a sentence].
Recurring training answers are candidates of every prompt (`labels`), each a kind of its own, which also see the words
of the context (C). One softmax goes over candidates and labels. F chooses the template of a figure. `bare` is the
log-odds of the answer standing alone, as training answers do, instead of in the base model's sentence. AdaGrad:
Duchi, Hazan and Singer, "Adaptive Subgradient Methods" (2011).
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from local.bedrock.models import answer_format
from local.bedrock.models.candidates import CUE_BUCKETS, Candidates, Ids, Kind
from local.bedrock.models.prompts import Floats

WORD_BUCKETS = 1 << 13
KINDS = len(Kind)
INITIAL_BARE = -0.4
INITIAL_LABEL = -3.0
INITIAL_SQUARE = 1e-2

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Row:
    """A prompt ready to be scored; with `right` and `right_templates`, ready to be learnt from.

    `right` goes over candidates and labels, `right_templates` over templates (empty: nothing to learn of the format).
    """

    candidates: Candidates
    words: Ids
    context: Ids
    right: Flags
    format_words: Ids
    templates: Ids
    right_templates: Flags


def softmax(scores: Floats) -> Floats:
    """Probabilities."""
    powers = np.exp(scores - scores.max())
    result: Floats = powers / powers.sum()
    return result


class Ranker:
    """The weights. Not thread-safe while it learns."""

    def __init__(self, initial: Floats, labels: int = 0, templates: int = 0) -> None:
        self.words = np.zeros((WORD_BUCKETS, KINDS + labels), np.float32)
        self.words[0, KINDS:] = INITIAL_LABEL  # bias: nobody has heard of the labels before training
        self.features = initial.copy()
        self.cues = np.zeros(CUE_BUCKETS, np.float32)
        self.context = np.zeros((WORD_BUCKETS, labels), np.float32)
        self.formats = np.zeros((answer_format.BUCKETS, templates), np.float32)
        self.bare = np.full(1, INITIAL_BARE, np.float32)
        self._squares = [np.full_like(weights, INITIAL_SQUARE) for weights in self._weights()]

    def _weights(self) -> list[Floats]:
        return [self.words, self.features, self.cues, self.context, self.formats, self.bare]

    def copy(self) -> list[Floats]:
        """A checkpoint."""
        return [weights.copy() for weights in self._weights()]

    def restore(self, checkpoint: list[Floats]) -> None:
        """Back to a checkpoint."""
        for weights, kept in zip(self._weights(), checkpoint, strict=True):
            weights[...] = kept

    def scores(self, row: Row) -> Floats:
        """Of the candidates, then of the labels."""
        by_kind = self.words[row.words].sum(0)
        kinds = row.candidates.kinds
        features = row.candidates.features.astype(np.float32)
        cues = row.candidates.cues
        scores = by_kind[kinds] + np.einsum("ij,ij->i", features, self.features[kinds]) + self.cues[cues].sum(1)
        return np.concatenate([scores, by_kind[KINDS:] + self.context[row.context].sum(0)])

    def template_scores(self, words: Ids, templates: Ids) -> Floats:
        """Of the templates that can be used."""
        result: Floats = self.formats[words].sum(0)[templates]
        return result

    def loss(self, row: Row) -> float:
        """Nats: minus the log-likelihood of the right candidates, and of the right templates."""
        chosen = softmax(self.scores(row))
        loss = self._bare_loss() - np.log(max(float(chosen[row.right].sum()), 1e-12))
        if len(row.right_templates):
            written = softmax(self.template_scores(row.format_words, row.templates))
            loss -= np.log(max(float(written[row.right_templates].sum()), 1e-12))
        return float(loss)

    def fit(self, rows: list[Row], rate: float) -> float:
        """One step on a batch; the mean loss before it."""
        gradients = [np.zeros_like(self.features), np.zeros_like(self.cues)]
        words: dict[int, Floats] = {}
        context: dict[int, Floats] = {}
        formats: dict[int, Floats] = {}
        total = 0.0
        for row in rows:
            total += self._gradient(row, gradients, words, context, formats)
        size = len(rows)
        self._step(1, slice(None), gradients[0] / size, rate)
        touched = np.flatnonzero(gradients[1])
        self._step(2, touched, gradients[1][touched] / size, rate)
        for number, sparse in ((0, words), (3, context), (4, formats)):
            if sparse:
                self._step(number, np.array(list(sparse)), np.array(list(sparse.values())) / size, rate)
        self._step(5, slice(None), np.full(1, np.exp(-self._bare_loss()) - 1, np.float32), rate)
        return total / size

    def _bare_loss(self) -> float:
        """Minus the log-likelihood of an answer that stands alone."""
        return float(np.logaddexp(0.0, -self.bare[0]))

    def _step(self, number: int, where: slice | npt.NDArray[np.int64], gradient: Floats, rate: float) -> None:
        squares = self._squares[number]
        squares[where] += gradient**2
        self._weights()[number][where] -= rate * gradient / np.sqrt(squares[where])

    def _gradient(
        self,
        row: Row,
        dense: list[Floats],
        words: dict[int, Floats],
        context: dict[int, Floats],
        formats: dict[int, Floats],
    ) -> float:
        """Adds the row's gradient; its loss."""
        chosen = softmax(self.scores(row))
        mass = max(float(chosen[row.right].sum()), 1e-12)
        loss = self._bare_loss() - np.log(mass)
        slope = chosen.copy()
        slope[row.right] -= chosen[row.right] / mass
        count = len(row.candidates)
        kinds = row.candidates.kinds
        by_kind = np.bincount(kinds, slope[:count], minlength=KINDS)
        _add(words, row.words, np.concatenate([by_kind, slope[count:]]).astype(np.float32))
        if len(slope) > count:
            _add(context, row.context, slope[count:])
        np.add.at(dense[0], kinds, row.candidates.features * slope[:count, None])
        spans = np.flatnonzero(row.candidates.cues[:, 0])
        if len(spans):
            cues = row.candidates.cues[spans]
            np.add.at(dense[1], cues, np.broadcast_to(slope[spans, None], cues.shape))
            dense[1][0] = 0
        if len(row.right_templates):
            written = softmax(self.template_scores(row.format_words, row.templates))
            mass = max(float(written[row.right_templates].sum()), 1e-12)
            loss -= np.log(mass)
            written[row.right_templates] -= written[row.right_templates] / mass
            full = np.zeros(self.formats.shape[1], np.float32)
            full[row.templates] = written
            _add(formats, row.format_words, full)
        return float(loss)


def _add(gradient: dict[int, Floats], where: Ids, values: Floats) -> None:
    for index in where.tolist():
        gradient[index] = gradient[index] + values if index in gradient else values


def mean_loss(ranker: Ranker, rows: Iterable[Row]) -> float:
    """Nats a record."""
    return float(np.mean([ranker.loss(row) for row in rows]))
