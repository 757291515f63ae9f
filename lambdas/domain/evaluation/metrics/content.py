"""The content of an answer: the gate's metric, read leniently, so that form does not decide what is right.

A code fence, a preamble, an explanation before or after, a label within a phrase, and a scale word or currency sign
that one side leaves out are form. A wrong number, a flipped sign, another label or a missing field are not. A lenient
score is never below the strict one.
"""

import json
import re
from collections.abc import Callable, Collection, Iterator
from functools import lru_cache
from itertools import islice

from lambdas.domain.evaluation.metrics.choice_match import choice, named_choice
from lambdas.domain.evaluation.metrics.classification import label, label_match
from lambdas.domain.evaluation.metrics.code_match import code_match
from lambdas.domain.evaluation.metrics.json_fields import json_fields
from lambdas.domain.evaluation.metrics.json_match import INVALID, parse_json, structured_score
from lambdas.domain.evaluation.metrics.numeric import is_numeric, numeric_match, same_figures
from lambdas.domain.evaluation.metrics.readings import readings, whole_readings
from lambdas.domain.evaluation.metrics.rouge import rouge_l
from lambdas.domain.evaluation.metrics.scoring import exact_match, f1
from lambdas.domain.evaluation.metrics.tokens_by_script import space_out
from lambdas.domain.evaluation.metrics.tool_calls import are_calls, call_arguments, call_match, call_name

# Positions from which a JSON value within a text is read.
_MOST_STARTS = 20

_WORD = re.compile(r"\w+")
# "Not", "isn't" up to three words before a label in the same clause deny it. They are known in English alone.
_CLAUSE_END = re.compile(r"[.,;:!?\n]|\bbut\b", re.IGNORECASE)
_LONGEST_DENIAL = 200
_DENIAL = re.compile(r"\b(?:(?:not|never|neither|nor|cannot|\w+n t)(?: \w+){0,3}|no) $")

Lenient = Callable[[str, str], float | None]


def content_score(metric: str, response: str, reference: str, labels: Collection[str]) -> float | None:
    """The metric's lenient score, 0-100; None where the metric has no meaning for the reference.

    `labels` are all labels of the references, each as `label` gives it.
    """
    if metric == "label_match":
        return _label_content(response, reference, labels)
    return _LENIENT[metric](response, reference)


def _label_content(response: str, reference: str, labels: Collection[str]) -> float:
    if any(label_match(one, reference) for one in whole_readings(response)):
        return 100.0
    named = named_labels(response, labels)
    return 100.0 if named == {label(reference)} else 0.0


def read_label(response: str, labels: Collection[str]) -> str | None:
    """The one label that an answer states; None where it states none, or several."""
    read = next((one for one in map(label, whole_readings(response)) if one in labels), None)
    if read is not None:
        return read
    named = named_labels(response, labels)
    return named.pop() if len(named) == 1 else None


def named_labels(response: str, labels: Collection[str]) -> set[str]:
    """The labels that stand in an answer as whole words, without those that it denies ("This is not billing.").

    One that stands within another found label is not counted.
    """
    text = _spaced_words(response)
    found = {one for one in labels if (words := _label_words(one)).strip() and words in text}
    longest = {one for one in found if not any(_stands_within(one, other) for other in found)}
    return {one for one in longest if not _is_denied(response, one)}


def _stands_within(one: str, other: str) -> bool:
    """Whether a label's words are some of another's: "cat 1" is part of "cat 1 b", and not of "cat 10"."""
    words, whole = _label_words(one), _label_words(other)
    return words != whole and words in whole


def _is_denied(response: str, one: str) -> bool:
    """Whether an answer denies a label wherever it names it."""
    words = _label_words(one)
    clauses = map(_spaced_words, _CLAUSE_END.split(response))
    before = [clause.partition(words)[0][-_LONGEST_DENIAL:] + " " for clause in clauses if words in clause]
    return bool(before) and all(map(_DENIAL.search, before))


@lru_cache(maxsize=1 << 13)
def _label_words(one: str) -> str:
    """Each label is looked for in each answer."""
    return _spaced_words(one)


def _spaced_words(text: str) -> str:
    """The words of a text with one space between them, and around all of them."""
    return f" {' '.join(_WORD.findall(space_out(text).casefold()))} "


def _numeric_content(response: str, reference: str) -> float | None:
    if not is_numeric(reference):
        return None
    return (
        100.0 if any(same_figures(one, reference) for one in readings(response)) else numeric_match(response, reference)
    )


def _mixed_content(response: str, reference: str) -> float | None:
    return _numeric_content(response, reference) if is_numeric(reference) else _best(f1)(response, reference)


def _choice_content(response: str, reference: str) -> float | None:
    wanted = choice(reference)
    if wanted is None:
        return None
    return 100.0 if any(named_choice(one) == wanted for one in whole_readings(response)) else 0.0


def _json_content(score: Lenient) -> Lenient:
    def best(response: str, reference: str) -> float | None:
        strict = score(response, reference)
        if strict is None:
            return None
        return max([strict, *(score(found, reference) or 0.0 for found in islice(_json_texts(response), 1))])

    return best


def _calls_content(score: Lenient) -> Lenient:
    """All calls in a text count, one after another: one that is too many is wrong."""

    def best(response: str, reference: str) -> float | None:
        strict = score(response, reference)
        return None if strict is None else max(strict, score(all_calls(response), reference) or 0.0)

    return best


def all_calls(response: str) -> str:
    """The calls that an answer is or has within it, as JSON; the answer itself where it is JSON."""
    if parse_json(response) is not INVALID:
        return response
    calls = [text for text in _json_texts(response) if are_calls(text)]
    return calls[0] if len(calls) == 1 else f"[{','.join(map(_listed, calls))}]"


def _listed(calls: str) -> str:
    """A call, or an array's calls, as elements of an array."""
    return calls[1:-1] if calls.startswith("[") else calls


def first_json(response: str) -> str:
    """The JSON that an answer is or has within it; the answer itself where it has none."""
    if parse_json(response) is not INVALID:
        return response
    return next(_json_texts(response), response)


def _json_texts(response: str) -> Iterator[str]:
    """The JSON objects and arrays in a text, as texts, one after another."""
    decoder, end, starts = json.JSONDecoder(), 0, 0
    for start in (match.start() for match in re.finditer(r"[{\[]", response)):
        if start < end:
            continue
        starts += 1
        if starts > _MOST_STARTS:
            return
        try:
            _, end = decoder.raw_decode(response, start)
        except (ValueError, RecursionError):
            continue
        yield response[start:end]


def _match(name: str) -> Lenient:
    def score(response: str, reference: str) -> float | None:
        found = structured_score(response, reference)
        value: float | None = getattr(found, name) if found else None
        return value

    return score


def _best(score: Lenient) -> Lenient:
    """The best score over the readings."""

    def best(response: str, reference: str) -> float | None:
        found = [score(one, reference) for one in readings(response)]
        known = [one for one in found if one is not None]
        return max(known) if known else None

    return best


_LENIENT: dict[str, Lenient] = {
    "f1": _best(f1),
    "exact_match": _best(exact_match),
    "rouge_l": _best(rouge_l),
    "numeric_match": _numeric_content,
    "mixed_match": _mixed_content,
    "code_match": _best(code_match),
    "choice_match": _choice_content,
    "json_fields": _json_content(json_fields),
    "call_name": _calls_content(call_name),
    "call_arguments": _calls_content(call_arguments),
    "call_match": _calls_content(call_match),
    "json_match": _json_content(_match("json_match")),
    "schema_match": _json_content(_match("schema_match")),
}
