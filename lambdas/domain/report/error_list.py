"""The page's list of the tuned model's errors: the worst of them, with how many there are of each kind."""

import heapq
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from lambdas.domain.evaluation.comparisons import CONTENT, Answers
from lambdas.domain.evaluation.own_errors import OwnError, read_errors
from lambdas.domain.report.scored_report import ScoredResult

# More cannot be read, and make a page slow.
SHOWN = 200
_PROMPT, _ANSWER = 2_000, 1_000


class ErrorList(NamedTuple):
    """The worst errors, the worst first, and how many there are in all, by kind and by how the base did.

    `metric` is what gives an answer its points: judges that decide give none.
    """

    metric: str

    worst: list[OwnError]
    total: int
    kinds: Counter[str]
    beside_base: Counter[str]


def find_errors(report: ScoredResult, answers: Answers) -> Iterator[OwnError]:
    """All errors, by what the report's gate looked at."""
    return read_errors(answers, report.task, form_counts=report.decision.gate.form_counts)


def list_errors(report: ScoredResult, answers: Answers) -> ErrorList:
    """The list; the answers are read once, and only the shown ones are kept."""
    kinds, beside = Counter[str](), Counter[str]()

    def counted() -> Iterator[OwnError]:
        for one in find_errors(report, answers):
            kinds[one.kind] += 1
            beside[one.beside_base] += 1
            yield _cut(one)

    worst = heapq.nsmallest(SHOWN, counted(), key=lambda one: (one.score or 0.0, one.record))
    metric = report.task.metric if report.decision.gate.form_counts else CONTENT
    return ErrorList(metric, worst, kinds.total(), kinds, beside)


def shortened(text: str, most: int) -> str:
    """A text of at most so many characters: its begin and its end, between which the least is missed."""
    return text if len(text) <= most else f"{text[: most // 2]} […] {text[-(most // 2) :]}"


def _cut(one: OwnError) -> OwnError:
    """Whole prompts of 200 records may fill a function's memory."""

    def cut(text: str | None, most: int = _ANSWER) -> str | None:
        return None if text is None else shortened(text, most)

    return one._replace(
        prompt=cut(one.prompt, _PROMPT),
        reference=cut(one.reference),
        response=cut(one.response),
        base_response=cut(one.base_response),
        error=cut(one.error),
    )
