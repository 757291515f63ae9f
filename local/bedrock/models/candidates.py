"""What a simulated model could answer to a prompt: the kinds of candidates, and the arrays that hold them.

A candidate has a kind, a vector of features that say how it fits the question, and a value or a text. Which kind a
question wants and what the features are worth is for the weights to say, not for this module.
"""

import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from local.bedrock.models.prompts import Floats, number_in

FEATURES = 24
CUES_PER_SPAN = 4
CUE_BUCKETS = 1 << 12

Ids = npt.NDArray[np.int32]


def bucket(*parts: str, size: int) -> int:
    """A hash from 1 to size - 1 that is the same in every process; 0 is left for something else."""
    return 1 + zlib.crc32("\x1f".join(parts).encode()) % (size - 1)


class Kind(IntEnum):
    """How a candidate comes from the prompt; RECALL does not."""

    RECALL = 0
    CELL = 1
    CELLS = 2
    ROW_NAME = 3
    COLUMN_NAME = 4
    NAMES = 5
    BEST_COLUMN = 6
    BEST_ROW = 7
    COUNT = 8
    DIFFERENCE = 9
    CHANGE_PERCENT = 10
    SUM = 11
    AVERAGE = 12
    RATIO = 13
    SHARE_PERCENT = 14
    ROW_SUM = 15
    ROW_AVERAGE = 16
    NUMBER = 17
    SENTENCE = 18
    CLAUSE = 19
    NAME = 20
    DATE = 21


# A question that is nothing but a key's words, such as `invoice date`.
_KEY = r"\A(?=[\w ]{1,80}\Z).*\b(?:%s)\b"
_GROWTH = r"\b(?:change|increase|decrease|growth|grow)"
# What anybody who knows English expects from these words, whatever the data set.
# Where one word follows another in a line, the first place of the first is enough to look for the second from.
CUES: dict[Kind, re.Pattern[str]] = {
    kind: re.compile(pattern, re.IGNORECASE | re.MULTILINE)
    for kind, pattern in {
        Kind.CELLS: r"\brespective",
        Kind.BEST_COLUMN: (
            r"^(?>.*?(which|what) (fiscal )?(year|period|quarter)).*\b(\w+er|\w+est|more|most|less|least)\b"
        ),
        Kind.BEST_ROW: r"^(?>.*?(which|what|who) ).*\b(most|least|highest|lowest|largest|smallest)\b",
        Kind.COUNT: r"how many",
        Kind.DIFFERENCE: r"\b(change|difference|increase|decrease|grow|differ|more|less)",
        Kind.CHANGE_PERCENT: rf"^(?>.*?(percent|%)).*{_GROWTH}|^(?>.*?{_GROWTH}).*(percent|%)",
        Kind.SUM: r"\b(sum|combined|altogether|total)\b",
        Kind.AVERAGE: r"\b(average|mean)\b",
        Kind.ROW_AVERAGE: r"\b(average|mean)\b",
        Kind.RATIO: r"\b(ratio|proportion)\b",
        Kind.SHARE_PERCENT: r"(percentage|proportion|percent|share) of",
        Kind.CLAUSE: r"\A\W*(why|how (is|are|was|were|did|do|does)\b|what (cause|led|result|drove|is the reason))",
        Kind.SENTENCE: r"\b(describe|explain|summar)",
        Kind.NUMBER: _KEY % "amount|total|price|cost|sum|quantity|count|number|phone|age|weight|percentage|rate",
        Kind.NAME: _KEY % "name|sender|recipient|company|customer|supplier|vendor|person|author|city|country|id|code",
        Kind.DATE: _KEY % "date|day|deadline|birthday",
    }.items()
}


@dataclass(frozen=True)
class Candidates:
    """All candidates of a prompt as parallel arrays; `texts[i]` is None where the answer is computed.

    `features` is n x FEATURES; `cues` holds up to CUES_PER_SPAN hashed words around a piece of a sentence (0: none).
    """

    kinds: npt.NDArray[np.int32] | npt.NDArray[np.int8]
    features: Floats
    values: npt.NDArray[np.float64]
    texts: list[str | None]
    cues: npt.NDArray[np.int32] | npt.NDArray[np.int16]

    def __len__(self) -> int:
        return len(self.kinds)

    def without_texts(self) -> "Candidates":
        """As small as learning can do with: thousands of prompts' candidates are kept at a time."""
        none = np.zeros(0, np.float64)
        features, kinds = self.features.astype(np.float16), self.kinds.astype(np.int8)
        return Candidates(kinds, features, none, [], self.cues.astype(np.int16))


@dataclass
class Found:
    """Candidates on their way into arrays."""

    kinds: list[int] = field(default_factory=list)
    values: list[float] = field(default_factory=list)
    texts: list[str | None] = field(default_factory=list)
    _cues: dict[int, list[int]] = field(default_factory=dict)
    _blocks: list[tuple[int, Floats]] = field(default_factory=list)
    # Features of single candidates: row, column, value.
    _rows: list[int] = field(default_factory=list)
    _columns: list[int] = field(default_factory=list)
    _entries: list[float] = field(default_factory=list)

    def add(self, kind: Kind, features: Floats, values: npt.NDArray[np.float64], texts: list[str] | None) -> None:
        """Several candidates of a kind: features n x FEATURES, values n."""
        self._blocks.append((len(self.kinds), features))
        self.kinds += [kind] * len(values)
        self.values += values.tolist()
        self.texts += texts if texts is not None else [None] * len(values)

    def add_text(self, kind: Kind, text: str, features: Mapping[int, float], cues: list[int] | None = None) -> None:
        """One candidate with a text of its own; its value is the number in it, where there is just one."""
        if cues:
            self._cues[len(self.kinds)] = cues
        self._add_one(kind, text, number_in(text), features)

    def add_value(self, kind: Kind, value: float, features: Mapping[int, float]) -> None:
        """One computed candidate."""
        self._add_one(kind, None, value, features)

    def _add_one(self, kind: Kind, text: str | None, value: float, features: Mapping[int, float]) -> None:
        self._rows += [len(self.kinds)] * len(features)
        self._columns += features.keys()
        self._entries += features.values()
        self.kinds.append(kind)
        self.values.append(value)
        self.texts.append(text)

    def done(self, question: str) -> Candidates:
        """The arrays, with feature 0 constant and feature 1 set where the question's words are a kind's cue."""
        kinds = np.array(self.kinds, np.int32)
        features = np.zeros((len(kinds), FEATURES), np.float32)
        for start, block in self._blocks:
            features[start : start + len(block)] = block
        features[self._rows, self._columns] = self._entries
        features[:, 0] = 1.0
        for kind, pattern in CUES.items():
            if pattern.search(question):
                features[kinds == kind, 1] = 1.0
        cues = np.zeros((len(kinds), CUES_PER_SPAN), np.int32)
        if self._cues:
            cues[list(self._cues)] = list(self._cues.values())
        return Candidates(kinds, features, np.array(self.values), self.texts, cues)
