"""A foundation model without tuning: it reads the question by plain rules and says the answer in whole sentences."""

import re
from collections.abc import Sequence

from local.bedrock.models.operations import OPERATIONS, Candidate, Workspace
from local.bedrock.models.reading import Reading, read

# The first rule that the question matches and whose operation finds something.
RULES = tuple(
    (re.compile(pattern, re.IGNORECASE), operation)
    for pattern, operation in (
        (r"\bpercent(age)? (change|increase|decrease)|\bpercentage change", "percentage_change"),
        (r"\baverage\b", "average"),
        (r"\b(change|difference|increase|decrease)\b.*\b(between|from|compared)\b", "difference"),
        (r"\bwhat\b.*\b(percentage|proportion)\b", "row_share"),
        (r"\b(which|what) (fiscal )?year\b.*\b(highest|largest|greatest|higher|larger|most|more)\b", "highest_column"),
        (r"\b(which|what) (fiscal )?year\b.*\b(lowest|smallest|least|lower|smaller|less)\b", "lowest_column"),
        (r"\b(which|what) years\b", "all_columns"),
        (r"\b(why|reason|cause[ds]?|led to|result)\b", "quote_cause"),
        (r"\bhow many (components|types|categories|items)\b", "count_rows"),
        (r"\b(what|which)\b.*\bare the (components|types|categories)\b", "section_rows"),
    )
)
# How much is said around the answer, from brief to long.
WORDINGS = (
    "The {about} is {answer}.",
    "Based on the information provided, the {about} is {answer}.",
    "To answer this question, I looked at the information provided in the context. According to it, the {about} is "
    "{answer}. Please let me know if you would like further details.",
)


class BaseModel:
    """Answers from the prompt alone; `verbosity` is an index into WORDINGS."""

    def __init__(self, verbosity: int) -> None:
        self._wording = WORDINGS[verbosity]

    def answer(self, system: str, turns: Sequence[tuple[str, str]]) -> str:
        """A sentence with the candidate that the rules choose."""
        del system  # instructions such as "reply with the answer only" are what an untuned model does not keep to
        candidate = choose(read(turns))
        if candidate is None:
            return self._wording.format(about="answer to the question", answer="not stated in the text")
        return self._wording.format(about=_lower_first(candidate.about or "answer"), answer=plain(candidate))


def choose(reading: Reading) -> Candidate | None:
    """The candidate of the first rule that fits, else a cell, else a sentence."""
    space = Workspace(reading)
    for pattern, name in RULES:
        if pattern.search(reading.question):
            candidate = OPERATIONS[name](space)
            if candidate is not None:
                return candidate
    prefers_table = space.rows and space.rows[0][0] >= 1.5
    order = ("look_up", "quote_sentence") if prefers_table else ("quote_sentence", "look_up")
    return next(filter(None, (OPERATIONS[name](space) for name in order)), None)


def plain(candidate: Candidate) -> str:
    """A candidate as text: what was read as it stands, what was computed with at most two decimals."""
    if candidate.computed and candidate.value is not None:
        return f"{candidate.value:,.2f}".removesuffix(".00")
    return candidate.text


def _lower_first(text: str) -> str:
    return text[:1].lower() + text[1:]
