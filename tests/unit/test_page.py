"""The page of a run that succeeded: what a reader finds on it, from a report and the stored answers."""

import re

from lambdas.domain.evaluation.comparisons import Comparison
from lambdas.domain.evaluation.metrics.classification import Classification, classify
from lambdas.domain.report.materials import Materials
from lambdas.domain.report.page import render_page
from tests.unit.reports import arm_figures, succeeded_report

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
