"""The report's pictures: self-contained, named, escaped, the same for the same figures."""

import re
from collections.abc import Callable
from itertools import pairwise
from xml.etree.ElementTree import fromstring

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lambdas.domain.report.charts import (
    IntervalRow,
    OutcomeRow,
    interval_plot,
    loss_curves,
    outcome_bars,
    sweep_curves,
    win_rates,
)
from lambdas.domain.report.histograms import token_histogram, token_histograms
from lambdas.domain.report.size_curve import SizePoint, size_curve
from lambdas.domain.training.losses import Loss

EVIL = "</title></svg><script>alert(1)</script>&\"'"
LOSSES = [Loss(step, 1 + step // 10, 2.0 - step / 20) for step in range(30)]
ROWS = [
    IntervalRow("base", 12.0, (8.0, 16.0)),
    IntervalRow(EVIL, -3.0, (-5.0, -1.0)),
    IntervalRow("champion", 0.0, None),
]
SIZES = [
    SizePoint(1_000, 50.0, (48.0, 52.0), ("rate 1", EVIL)),
    SizePoint(250, 40.0, None, ("rate 2", "epochs 4")),
]
PICTURES: dict[str, Callable[[], str]] = {
    "histogram": lambda: token_histogram({"base": [13, 34, 245, 28], EVIL: [13, 22, 17]}),
    "histogram of nothing": lambda: token_histogram({"base": []}),
    "histogram of one value": lambda: token_histogram({"base": [5, 5]}),
    "histograms side by side": lambda: token_histograms({"base": [13, 34, 245], EVIL: [13, 22, 17]})[EVIL],
    "losses": lambda: loss_curves(LOSSES, LOSSES[9::10]),
    "losses without validation": lambda: loss_curves(LOSSES, []),
    "no losses": lambda: loss_curves([], []),
    "sweep": lambda: sweep_curves({f"job 1, {EVIL}": LOSSES[9::10], "job 2": LOSSES[::10], "job 3": []}, "job 2"),
    "intervals": lambda: interval_plot(EVIL, "points", ROWS),
    "size curve": lambda: size_curve(EVIL, "F1", SIZES, {"base": 30.0, EVIL: 35.0}),
    "size curve of one point": lambda: size_curve("F1", "F1", SIZES[:1], {}),
    "size curve of nothing": lambda: size_curve("F1", "F1", [], {}),
    "no intervals": lambda: interval_plot("Differences", "points", []),
    "outcomes": lambda: outcome_bars("Verdicts", [OutcomeRow("judge", 9, 4, 2, 5), OutcomeRow(EVIL, 0, 0, 0, 1)]),
    "win rates": lambda: win_rates("Win rates", ROWS[:1]),
}


@pytest.mark.parametrize("picture", PICTURES)
def test_a_picture_needs_no_network_and_no_script_and_keeps_texts_as_texts(picture: str) -> None:
    """The report is one file under a strict policy, and arm names come from a user's settings."""
    svg = PICTURES[picture]()
    root = fromstring(svg)  # noqa: S314 - our own picture; it must be well-formed
    assert not [element for element in root.iter() if str(element.tag).endswith(("script", "image", "foreignObject"))]
    assert "<script" not in svg
    assert "<!--" not in svg
    assert not re.search(r"(?:https?:)?//(?!www\.w3\.org/)", svg)


@pytest.mark.parametrize("picture", PICTURES)
def test_a_picture_has_a_name_for_screen_readers(picture: str) -> None:
    """axe-core's rule svg-img-alt: an element with the role img has a text."""
    root = fromstring(PICTURES[picture]())  # noqa: S314 - our own picture
    assert root.get("role") == "img"
    assert root.get("aria-label") == root.findtext("{http://www.w3.org/2000/svg}title") != ""


def test_a_picture_of_the_same_figures_is_the_same_text_and_others_have_other_ids() -> None:
    """A report that is written again does not change; two pictures of a page must not share their style."""
    first, again = (token_histogram({"base": [1, 2, 3]}) for _ in range(2))
    other = token_histogram({"base": [1, 2, 4]})
    assert first == again
    ids = [re.search(r'id="(chart-\w+)"', svg) for svg in (first, other)]
    assert ids[0] is not None
    assert ids[1] is not None
    assert ids[0][1] != ids[1][1]


def test_the_jobs_of_a_sweep_can_be_told_apart() -> None:
    """Each has a line of its own colour or dashes, at whole epochs, and the chosen one's is the thickest."""
    jobs = {f"job {number}": LOSSES[9::10] for number in range(1, 13)}
    svg = sweep_curves(jobs, "job 3")
    drawn = re.findall(r"\.serie-(\d+)\{(stroke-width:\d[^}]*)\}", svg)
    colours = dict(re.findall(r"\.color-(\d+) a:visited\{stroke:([^;]+);", svg))
    assert len({(colours[place], stroke) for place, stroke in drawn}) == len(drawn) == len(jobs)
    assert [place for place, stroke in drawn if stroke.startswith("stroke-width:4")] == ["2"]
    axis = svg.partition('class="axis x')[2]
    assert re.findall(r"<text[^>]*>([^<]+)</text>", axis)[:4] == [
        "1",
        "2",
        "3",
        "Validation loss of the sweep's jobs by epoch",
    ]


def test_a_long_name_leaves_room_for_its_bar() -> None:
    """Reviewers name themselves."""
    svg = win_rates("Win rates", [IntervalRow("somebody with a name as long as a sentence", 60.0, (50.0, 70.0))])
    assert ">somebody with a name as…</text>" in svg


def test_colours_are_those_of_the_page() -> None:
    """One picture serves the light and the dark scheme."""
    svg = token_histogram({"base": [1, 2, 3], "tuned": [1, 1, 2]})
    assert "var(--accent)" in svg
    assert "var(--second)" in svg
    assert "#chart-" in svg
    assert not re.search(r"(?:fill|stroke):\s*(?:#[0-9a-f]{3,8}\b|black|white|rgb)", svg)


def test_the_last_bar_of_a_histogram_says_that_longer_answers_are_in_it() -> None:
    """A reader would take the pooled answers for answers of that length."""
    counts = [*range(1, 200), 4096]
    assert ">≥ 190</text>" in token_histogram({"base": counts})
    assert "≥" not in token_histogram({"base": counts[:-1]})


def test_many_training_losses_are_smoothed_and_lie_behind_the_validation_loss() -> None:
    """Single batches jump so much that they hide the curve, and the validation loss with it."""
    noisy = [Loss(step, 1, float(step % 3)) for step in range(600)]
    svg = loss_curves(noisy, [Loss(299, 1, 1.5), Loss(599, 1, 1.4)])
    assert "training loss, mean of 15 steps" in svg
    training, validation = re.findall(r'<path d="M([^"]+)" class="line reactive', svg)
    assert len(set(training.replace("L", "").split()[1::2])) == 1, "each mean is 1.0"
    assert svg.index(training) < svg.index(validation), "what is drawn last lies in front"
    assert "mean of" not in loss_curves(noisy[:30], [])


@settings(deadline=None, max_examples=30)
@given(st.lists(st.integers(0, 4096), min_size=1, max_size=60))
def test_any_counts_can_be_drawn_and_each_answer_is_in_a_bar(counts: list[int]) -> None:
    """The bars of an arm add up to 100 %."""
    svg = token_histogram({"base": counts})
    values = re.findall(r'<desc class="value">([^<]*)</desc>', svg)
    assert sum(float(value.split(":")[0]) for value in values) == pytest.approx(100, abs=0.1)


@settings(deadline=None, max_examples=30)
@given(st.lists(st.tuples(st.floats(-100, 100), st.floats(0, 50)), min_size=1, max_size=8))
def test_any_intervals_can_be_drawn(rows: list[tuple[float, float]]) -> None:
    """Differences may be tiny, huge, or all the same."""
    shown = [IntervalRow("arm", middle, (middle - reach, middle + reach)) for middle, reach in rows]
    drawn = interval_plot("Differences", "points", shown)
    assert "NaN" not in drawn
    assert drawn.startswith("<svg")


def test_histograms_side_by_side_have_the_same_axes() -> None:
    """A reader compares them by eye: a shift must not hide in the scale."""
    counts = {"base": [12] * 150 + [13, 14] * 9 + [15, 16], "tuned": [1, 2, 5] * 50}
    drawn = token_histograms(counts)
    assert drawn.keys() == {"base", "tuned"} == token_histograms({"base": [], "tuned": [1]}).keys()
    # Of each bar the place from the left and the width, of each label below the place and the text.
    bars = [set(re.findall(r'width="([\d.]{6})\d*"[^>]*class="rect reactive', svg)) for svg in drawn.values()]
    labels = [re.findall(r'<text x="([\d.]+)"[^>]*>(\d+|≥ \d+)</text>', svg) for svg in drawn.values()]
    assert bars[0] == bars[1]
    assert len(bars[0]) == 1
    assert labels[0] == labels[1] != []


def test_a_size_curve_has_its_sizes_below_and_the_hyperparameters_beside_the_points() -> None:
    """The smallest set first, each line of a text on its own."""
    svg = size_curve("F1", "points", SIZES, {"base": 30.0})
    texts = re.findall(r">([^<>\n]+)</t(?:ext|span)>", svg)
    assert [text for text in texts if text in {"250", "1,000"}] == ["250", "1,000"]
    assert {"rate 2", "epochs 4", "tuned", "base"} <= set(re.findall(r">([^<>\n]+)<", svg))
    assert "stroke-dasharray" in svg


def drawn_texts(svg: str, kind: str) -> dict[str, tuple[float, float]]:
    """The places of the labels of an axis ("axis x", "axis y"), or of the texts beside points ("text-overlay")."""
    groups = [element for element in fromstring(svg).iter() if kind in element.get("class", "")]  # noqa: S314 - our own picture
    texts = [text for group in groups for text in group.iter() if str(text.tag).endswith("text") and text.text]
    return {text.text or "": (float(text.get("x", 0)), float(text.get("y", 0))) for text in texts}


@pytest.mark.parametrize("sizes", [[100, 110, 120, 1_000], list(range(100, 1_300, 100)), [125, 250, 500, 1_000]])
def test_the_texts_of_close_or_many_sizes_do_not_lie_over_each_other(sizes: list[int]) -> None:
    """The smallest and the largest size are told in any case; the table below has them all."""
    points = [SizePoint(size, 40.0 + at, (36.0, 60.0), (f"rate {at:03}",)) for at, size in enumerate(sizes)]
    svg = size_curve("F1", "points", points, {"base": 30.0, "base-few-shot-3": 35.0, "other": 38.0})
    for kind, width in (("axis x", 6.5 * len("100")), ("text-overlay", 6.5 * len("rate 000"))):
        places = sorted(x for x, _ in drawn_texts(svg, kind).values())
        assert len(places) >= 2
        assert min(right - left for left, right in pairwise(places)) >= width
    assert {f"{sizes[0]:,}", f"{sizes[-1]:,}"} <= drawn_texts(svg, "axis x").keys()
    assert {"rate 000", f"rate {len(sizes) - 1:03}"} <= drawn_texts(svg, "text-overlay").keys()


def test_the_lines_and_bars_of_a_size_curve_leave_room_for_its_points() -> None:
    """Two rows of names below, and a bar for each of twelve points."""
    points = [SizePoint(100 * at, 40.0 + at, (36.0, 60.0)) for at in range(1, 13)]
    svg = size_curve("F1", "points", points, {"base": 30.0, "base-few-shot-3": 35.0, "other": 38.0})
    heights = sorted(y for _, y in drawn_texts(svg, "axis y").values())
    assert len(heights) <= 7
    assert heights[-1] - heights[0] > 120
    assert min(below - above for above, below in pairwise(heights)) > 20
