"""Answers that are numbers in some records and text in others, as in questions on tables and reports."""

from lambdas.domain.evaluation.metrics.numeric import is_numeric, numeric_match
from lambdas.domain.evaluation.metrics.scoring import f1


def mixed_match(response: str, reference: str) -> float | None:
    """The numeric match where the reference is nothing but numbers, else F1: a flipped sign is wrong."""
    return numeric_match(response, reference) if is_numeric(reference) else f1(response, reference)
