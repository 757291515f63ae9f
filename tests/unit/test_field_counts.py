"""Fields of JSON answers by path: what is right, wrong, missing and too many."""

import json

from lambdas.domain.evaluation.answers import StoredLine, UnansweredLine
from lambdas.domain.evaluation.arms import Arm
from lambdas.domain.evaluation.evaluate import evaluate
from lambdas.domain.evaluation.field_counts import MOST_PATHS, ArmFields, count_fields_of_arms
from lambdas.domain.evaluation.settings import EvaluationSettings
from lambdas.domain.evaluation.task_kind import TaskKind
from tests.answer_lines import make_answer
from tests.unit.reports import arm_figures
from tests.unit.test_page import page_of, section

REFERENCE = {"sender": "Ann", "items": [{"price": 1}, {"price": 2}], "paid": True}


def count(responses: list[str | None], reference: object = REFERENCE, kind: TaskKind = "json") -> ArmFields:
    lines: list[StoredLine] = [
        UnansweredLine(place, "ThrottlingException") if one is None else make_answer(place, one, json.dumps(reference))
        for place, one in enumerate(responses)
    ]
    return count_fields_of_arms({"tuned": lines}, kind)["tuned"]


def test_fields_are_counted_by_path_and_in_all() -> None:
    """Three of four fields right is neither right nor nothing; the places of an array are one field."""
    given = {"sender": "Bob", "items": [{"price": 1}, {"price": 3}], "due": "today"}
    found = count([json.dumps(given), json.dumps(REFERENCE), None])
    rows = {one.path: (one.right, one.wrong, one.missing, one.extra) for one in found.by_path}
    assert rows == {
        "/sender": (1, 1, 0, 0),
        "/items/*/price": (3, 1, 0, 0),
        "/paid": (1, 0, 1, 0),
        "/due": (0, 0, 0, 1),
    }
    total = found.total
    assert (total.right, total.wrong, total.missing, total.extra) == (5, 2, 1, 1)
    assert (total.precision, total.recall) == (62.5, 62.5)


def test_an_answer_without_json_has_all_fields_missing_and_one_in_a_fence_has_them() -> None:
    """Fields are content: their form has its own metrics."""
    found = count(["no idea", f"Here:\n```json\n{json.dumps(REFERENCE)}\n```"]).total
    assert (found.right, found.wrong, found.missing, found.extra) == (4, 0, 4, 0)


def test_arguments_of_a_wrong_tool_are_missing_and_too_many() -> None:
    """A path begins with the tool's name."""
    reference = {"name": "weather", "arguments": {"city": "Porto"}}
    answer = {"name": "tides", "arguments": {"city": "Porto"}}
    found = count([json.dumps(answer), json.dumps(reference)], reference, "tool_calls")
    rows = {one.path: (one.right, one.wrong, one.missing, one.extra) for one in found.by_path}
    assert rows == {"/weather/city": (1, 0, 1, 0), "/tides/city": (0, 0, 0, 1)}


def test_all_calls_of_an_answer_are_counted() -> None:
    """The first call of a text counted alone, and one call too many made all others wrong."""
    weather = {"name": "weather", "arguments": {"city": "Porto"}}
    tides = {"name": "tides", "arguments": {"port": "Leixoes"}}
    text = f"First {json.dumps(weather)}, then {json.dumps(tides)}."
    both = count([text, json.dumps([weather, tides])], [weather, tides], "tool_calls")
    rows = {one.path: (one.right, one.wrong, one.missing, one.extra) for one in both.by_path}
    assert rows == {"/weather/city": (2, 0, 0, 0), "/tides/port": (2, 0, 0, 0)}
    extra = count([text], weather, "tool_calls")
    rows = {one.path: (one.right, one.wrong, one.missing, one.extra) for one in extra.by_path}
    assert rows == {"/weather/city": (1, 0, 0, 0), "/tides/port": (0, 0, 0, 1)}


def test_keys_that_are_data_do_not_make_the_report_endless() -> None:
    """The sum has all of them."""
    reference = {f"key {number}": number for number in range(3 * MOST_PATHS)}
    found = count([json.dumps(reference)], reference)
    assert (len(found.by_path), found.paths, found.total.right) == (MOST_PATHS, 3 * MOST_PATHS, 3 * MOST_PATHS)


def test_they_are_in_the_evaluation_and_on_the_page() -> None:
    """What to teach better is seen at a glance."""
    lines = [make_answer(place, json.dumps({"sender": "Ann"}), json.dumps(REFERENCE)) for place in range(3)]
    arms = {"tuned": Arm(model_id=None), "base": Arm(model_id="base-model")}
    found = evaluate({"tuned": lines, "base": lines}, arms, range(3), EvaluationSettings(), None).fields
    page = page_of(arms={name: arm_figures(fields=fields) for name, fields in found.items()})
    table = section(page, "Fields of tuned").partition("</table>")[0]
    assert '<th scope="row">/items/*/price</th><td>6</td><td>0</td><td>0</td><td>6</td>' in table
    assert page.count('aria-label="Fields of ') == 2
    assert "path to a value. Wrong:" in page
    assert "Fields of" not in page_of()
