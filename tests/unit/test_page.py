"""The page of a run that succeeded: what a reader finds on it, from a report and the stored answers."""

import re

import pytest

from lambdas.domain.evaluation.comparisons import Comparison
from lambdas.domain.evaluation.metrics.classification import Classification, classify
from lambdas.domain.report.materials import Materials
from lambdas.domain.report.page import render_page
from lambdas.domain.report.run_report import ThroughputFigures
from tests.unit.reports import NO_TOKENS, arm_figures, succeeded_report

TWO = {"tuned": 61.0, "base": 60.0}
NOTHING = Materials({}, {}, None)


def page_of(**changes: object) -> str:
    """The page of a report without answers."""
    return render_page(succeeded_report(**changes), NOTHING)


def section(page: str, heading: str) -> str:
    """The part of a page from a heading to the next of its kind."""
    _, _, rest = page.partition(f">{heading}</h")
    assert rest, heading
    return re.split(r"<h2", rest)[0]


def arms_with(found: Classification) -> dict[str, object]:
    """A tuned arm and others with the same confusion matrix."""
    return {name: arm_figures(classification=found) for name in ("tuned", "base", "other")}


def test_only_the_tuned_models_confusion_matrix_is_open() -> None:
    """It is the one that decides; those of the others are a click away."""
    page = page_of(arms=arms_with(classify(["a", "b", "x"], ["a", "a", "b"])))
    folded = "".join(re.findall(r"<details>.*?</details>", page, re.DOTALL))
    tables = re.findall(r'aria-label="Confusion matrix of (\w+)"', page)
    assert sorted(tables) == ["base", "other", "tuned"]
    assert sorted(re.findall(r'aria-label="Confusion matrix of (\w+)"', folded)) == ["base", "other"]


def test_a_confusion_matrix_is_coloured_by_the_share_of_its_row() -> None:
    """The eye finds what is confused; the column of answers that are no label stays in sight."""
    page = page_of(arms=arms_with(classify(["a", "b", "x", "b"], ["a", "a", "a", "b"])))
    rows = re.findall(r'<td class="([\w ]+)"(?: style="--share: ([\d.]+)")?>(\d+)</td>', page)
    one = [("right", "0.33", "1"), ("wrong", "0.33", "1"), ("wrong last", "0.33", "1")]
    other = [("wrong", "", "0"), ("right", "1.00", "1"), ("wrong last", "", "0")]
    assert rows[:6] == [*one, *other]
    assert '<th scope="col" class="last">none of them</th>' in page


def test_many_labels_are_told_by_their_commonest_confusions() -> None:
    """A matrix of 100 rows and columns is no picture, and it makes the page too large for a browser."""
    labels = [f"label {number:03}" for number in range(100)]
    page = page_of(arms=arms_with(classify([*labels, *labels[1:], labels[0], "<x>"], [*labels, *labels, labels[7]])))
    assert "label 000</th><td" in page
    assert '<td class="text">none of them</td><td>1</td>' in page
    assert 'class="confusion"' not in page


def test_the_weakest_labels_of_the_tuned_model_come_first_with_their_intervals() -> None:
    """They say what the training data should teach better."""
    page = page_of(arms=arms_with(classify(["a", "a", "b", "b", "a"], ["a", "a", "b", "b", "b"])))
    table = section(page, "Labels of tuned").partition("</table>")[0]
    assert re.findall(r'<tr><th scope="row">(\w)</th>', table) == ["a", "b"]
    assert "100.0 <span" in table
    assert re.search(r"66\.7 <span[^>]*>\(21&nbsp;to&nbsp;94\)</span>", table)
    many = [f"label {number:03}" for number in range(200)]
    page = page_of(arms=arms_with(classify(many[1:] + many[:1], many)))
    assert "The 30 of 200 labels with the lowest F1" in page
    assert len(page) < 150_000
    many = [f"label {number:04}" for number in range(501)]
    page = page_of(arms=arms_with(classify(many, many)))
    assert "The 30 of 501 labels with the lowest F1" in page
    assert "Confusion matrix" not in page


def test_the_base_comes_first() -> None:
    """What there was is read before what was made of it."""
    names = ("tuned", "other", "base")
    entry = {"arm": "tuned", "metric": "f1", "difference": 1.0, "interval": (0.5, 1.5), "p_value": 0.01}
    counts = {"groups": 60, "records": 60, "detectable": 1.0}
    page = page_of(
        arms={name: arm_figures() for name in names},
        comparisons=[Comparison.parse({**entry, **counts, "against": name}) for name in names[1:]],
        decision={"verdict": "promote", "reasons": [], "metric": "f1", "gate": {"form_counts": True}, "champion": None},
    )
    assert re.findall(r'<tr><th scope="row">(\w+)</th>', section(page, "Arms")) == ["base", "tuned", "other"]
    plot = section(page, "Differences between the models")
    assert plot.index(">base</text>") < plot.index(">other</text>")


def test_an_interval_is_within_what_a_difference_can_be() -> None:
    """Earlier versions wrote intervals such as +97.0 to +100.2, and their pages are made again with votes."""
    entry = {"arm": "tuned", "against": "base", "difference": 98.6, "p_value": 0.01, "groups": 60, "records": 60}
    scores = Comparison.parse({**entry, "metric": "f1", "interval": (97.0, 100.2), "detectable": 1.0})
    tokens = Comparison.parse({**entry, "metric": "output_tokens", "interval": (97.0, 100.2), "detectable": 1.0})
    gate: dict[str, object] = {
        "verdict": "promote",
        "reasons": [],
        "metric": "f1",
        "gate": {"form_counts": True},
        "champion": None,
    }
    page = page_of(comparisons=[scores, tokens], decision=gate)
    assert "+97.0 to +100.0" in page
    assert page.count("+100.2") == 1
    assert "100.2" not in section(page, "Differences between the models").partition("</svg>")[0]


def compared(metric: str, interval: tuple[float, float] | None, **counts: int) -> dict[str, object]:
    """The tuned model's difference from its base."""
    known = {"arm": "tuned", "against": "base", "difference": 1.0, "p_value": 0.5, "groups": 60, "records": 60}
    return {**known, "metric": metric, "interval": interval, "detectable": 1.0, **counts}


def card(page: str, name: str) -> str:
    """One of the figures at the top of a page."""
    return page.partition(f'<p class="quiet">{name}</p>')[2].partition('<div class="card">')[0].partition("<h2")[0]


def test_a_card_calls_better_only_what_its_interval_says() -> None:
    """A difference that may be luck is no success, and its records are counted beside the mean."""
    counts = {"better": 41, "same": 12, "worse": 7}
    arms = {name: arm_figures(f1=value, output_tokens={**NO_TOKENS, "mean": value}) for name, value in TWO.items()}
    for metric, name, below in (("f1", "F1", "worse"), ("output_tokens", "Output tokens, mean", "better")):
        open_, found = (
            card(page_of(arms=arms, comparisons=[compared(metric, interval, **counts)]), name)
            for interval in ((-1.0, 3.0), (-3.0, -1.0))
        )
        assert "the interval includes zero" in open_
        assert not re.search('class="(good|bad)"', open_)
        assert f" {below}</span>" in found
        assert "records: 41 better, 12 same, 7 worse" in found
        assert "-3.0 to -1.0" in found


@pytest.mark.parametrize(("kind", "colours"), [("on_demand", 1), ("provisioned_throughput", 0), (None, 0)])
def test_latency_is_called_better_only_where_serving_is_the_same(kind: str | None, colours: int) -> None:
    """Throughput that one pays for by the hour is faster whatever it serves."""
    arms = {name: arm_figures(latency_ms={"p50": value, "p95": value}) for name, value in TWO.items()}
    served = {"arn": "arn", "requested_at": None, "in_service_at": None, "deleted_at": None, "served_seconds": None}
    serving = kind and {**served, "kind": kind}
    throughput = dict.fromkeys(ThroughputFigures.model_fields)
    page = page_of(
        arms=arms, serving=serving, throughput=throughput, comparisons=[compared("latency_ms", (-30.0, -10.0))]
    )
    found = card(page, "Latency, median")
    assert len(re.findall('class="(good|bad)"', found)) == colours
    assert ("served in different ways" in found) == (not colours)
    assert "-30 to -10" in found


def test_the_reasons_stand_in_plain_words_with_the_statistics_beside_them() -> None:
    """An earlier version's reasons are shown as they are."""
    decision: dict[str, object] = {
        "verdict": "reject",
        "metric": "f1",
        "gate": {},
        "champion": None,
        "reasons": ["<f1>"],
    }
    reason = {"found": "It is <worse>.", "meaning": "No luck.", "advice": "Keep it.", "figures": "p < 0.1"}
    page = page_of(decision={**decision, "explained": [reason]}).partition('<div class="cards">')[0]
    for words in ("It is &lt;worse&gt;. <strong>No luck.</strong>", "What to do: Keep it.", "Statistics: p &lt; 0.1"):
        assert words in page
    assert "&lt;f1&gt;" not in page
    assert "keep what you have" in page
    assert "&lt;f1&gt;" in page_of(decision=decision)


def test_the_page_says_why_there_is_no_interval() -> None:
    """With 60 groups that are all alike there are not too few of them."""
    for metric, groups, words in (
        ("latency_ms", 9, "too few groups"),
        ("latency_ms", 60, "all groups alike"),
        ("macro_f1", 59, "too few groups"),
        ("macro_f1", 60, "a label is too rare"),
    ):
        entry = {**compared(metric, None), "p_value": None, "groups": groups}
        assert words in section(page_of(comparisons=[entry]), "Differences between the models")
