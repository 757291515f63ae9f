"""What the page says of judges: all verdicts in one picture, and in words how they go with length."""

import re

import pytest

from lambdas.domain.evaluation.judging.bias import LengthFigures, find_length_figures
from lambdas.domain.evaluation.judging.lines import JudgedLine
from lambdas.domain.evaluation.judging.pairwise import Judgements, Pair, Preference
from lambdas.domain.evaluation.judging.summary import Judging, summarise_judging, summarise_votes
from lambdas.domain.report.judging_section import describe_length, draw_outcomes, length_sections
from tests.answer_lines import make_judgements

BOTH: list[Judgements] = [("first", "second"), ("second", "first"), ("tie", "tie"), ("first", "first")]


def figures(outcomes: list[tuple[int, Preference]]) -> LengthFigures:
    """Of pairs by how much longer the tuned model's answer is."""
    pairs = [Pair(n, "t", "r", "a" * (100 + extra), "b" * 100) for n, (extra, _) in enumerate(outcomes)]
    found = find_length_figures(pairs, {n: outcome for n, (_, outcome) in enumerate(outcomes)})
    assert found is not None
    return found


def judged(judgements: list[Judgements]) -> Judging:
    pairs = [Pair(n, "t", "r", "ours", "their own") for n in range(len(judgements))]
    lines: list[JudgedLine] = [line for n, both in enumerate(judgements) for line in make_judgements(n, both)]
    return summarise_judging(pairs, {"maker.judge-v1:0": lines})


def test_all_verdicts_are_in_one_picture() -> None:
    """A win rate without ties hides that most pairs were ties."""
    judging = judged([BOTH[0]] * 5 + [BOTH[1]] * 2 + [BOTH[2]] * 2 + [BOTH[3]])
    svg = draw_outcomes(judging)
    assert svg is not None
    assert all(name in svg for name in ("won", "tied", "inconsistent", "lost", "judge"))
    widths = [float(width) for width in re.findall(r'<rect[^>]* width="([0-9.]+)"[^>]*class="rect', svg)]
    assert [round(10 * width / sum(widths)) for width in widths] == [5, 2, 1, 2]
    assert draw_outcomes(judged([])) is None


def test_people_stand_beside_the_judges() -> None:
    judging = judged(BOTH).model_copy(update={"people": [summarise_votes("Ann", {0: "win", 1: "neither"})]})
    assert "Ann" in (draw_outcomes(judging) or "")


def test_a_preference_for_length_is_said_in_words() -> None:
    found = figures([(extra, "win") for extra in range(1, 13)] + [(-extra, "loss") for extra in range(1, 13)])
    words = describe_length(found)
    assert "the longer answer won 24 (100 %, 95 % interval 86 to 100)" in words
    assert "prefers the longer answer more often than chance explains" in words
    assert "which is strong: the tuned model wins more often where its answer is longer" in words


def test_a_preference_for_short_answers_is_said_too() -> None:
    found = figures([(extra, "loss") for extra in range(1, 13)] + [(-extra, "win") for extra in range(1, 13)])
    assert "prefers the shorter answer" in describe_length(found)


def test_what_may_be_chance_is_said_to_be() -> None:
    found = figures([(5, "win"), (6, "loss"), (-5, "win"), (-6, "loss"), (0, "win")])
    assert "may be chance" in describe_length(found)
    assert "none to speak of" in describe_length(found)


@pytest.mark.parametrize("outcomes", [[(0, "win"), (0, "loss")], [(5, "neither"), (-5, "neither")]])
def test_without_decided_pairs_of_different_lengths_nothing_is_claimed(outcomes: list[tuple[int, Preference]]) -> None:
    assert describe_length(figures(outcomes)) == "No pair of different lengths was decided."


def test_each_judge_has_its_rows() -> None:
    [section] = length_sections(judged(BOTH))
    assert [(name, row.pairs) for name, row in section.rows] == [("longer", 0), ("shorter", 4), ("as long", 0)]
    assert list(length_sections(judged([]))) == []
