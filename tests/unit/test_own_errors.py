"""The tuned model's own errors: found, listed on the page, and written for a spreadsheet."""

import csv
import re

import pytest

from lambdas.domain.evaluation.answers import StoredLine, UnansweredLine
from lambdas.domain.evaluation.evaluate import Task
from lambdas.domain.evaluation.own_errors import OwnError, read_errors
from lambdas.domain.evaluation.task_kind import PRIMARY_METRIC, TaskKind
from lambdas.domain.report.error_list import SHOWN
from lambdas.domain.report.errors_csv import COLUMNS, LONGEST_CELL, errors_csv
from lambdas.domain.report.materials import Materials
from lambdas.domain.report.page import render_page
from tests.answer_lines import make_answer
from tests.unit.reports import succeeded_report

Lines = list[StoredLine]


def found(tuned: Lines, base: Lines | None = None, kind: TaskKind = "labels", *, form: bool = False) -> list[OwnError]:
    """The errors of these answers."""
    answers = {"tuned": tuned, **({"base": base} if base else {})}
    task = Task(kind=kind, detected=True, metric=PRIMARY_METRIC[kind])
    return list(read_errors(answers, task, form_counts=form))


def one_error(
    prompt: str = "question", reference: str = "yes", response: str = "no", base_response: str | None = "yes"
) -> OwnError:
    """An error with these texts."""
    return OwnError(3, "wrong", 0.0, 100.0, prompt, reference, response, base_response, None)


def csv_text(errors: list[OwnError]) -> str:
    """The file as a spreadsheet reads it."""
    return b"".join(line + b"\n" for line in errors_csv(errors)).decode("utf-8-sig")


def test_an_error_is_an_answer_without_all_points_whether_or_not_the_base_is_better() -> None:
    """A model without a regression still has errors that its owner must know."""
    lines: Lines = [
        make_answer(0, "yes", "yes"),
        make_answer(1, "The answer is: yes", "yes"),
        make_answer(2, "no", "yes"),
        make_answer(3, " ", "no"),
        make_answer(4, "I'm sorry, but I can't answer that.", "no"),
        make_answer(5, "It may be that", "no", stop_reason="max_tokens"),
        UnansweredLine(6, "throttled"),
    ]
    base: Lines = [make_answer(index, "no", "yes" if index < 3 else "no") for index in range(6)]
    base.append(UnansweredLine(6, "throttled"))
    errors = found(lines, base)
    assert [(one.record, one.kind) for one in errors] == [
        *((2, "wrong"), (3, "empty"), (4, "refused"), (5, "cut off"), (6, "no answer"))
    ]
    assert [one.beside_base for one in errors] == ["same as base", *["base better"] * 3, "no answer of the base"]
    assert errors[-1].error == "throttled"
    assert 1 in [one.record for one in found(lines, base, form=True)], "where form counts, the preamble is an error"


def test_a_graded_answer_is_partly_right_and_one_without_a_meaning_is_no_error() -> None:
    """F1 gives points for some of the words; a text is no number to compare."""
    assert [one.kind for one in found([make_answer(0, "sales rose fast", "sales rose")], kind="text")] == [
        "partly right"
    ]
    assert not found([make_answer(0, "rose", "it rose")], kind="numeric")


@pytest.mark.parametrize(
    "text", ["=cmd|' /C calc'!A0", "+1+cmd", "-1+1", "@SUM(A1)", "\t=1", "\r=1", "  =1", "\uff1d1"]
)
def test_no_cell_is_a_formula(text: str) -> None:
    """Models and data sets write the cells, and a spreadsheet runs what begins like a formula."""
    error = one_error(prompt=text, reference=text, response=text, base_response=text)
    rows = list(csv.DictReader(csv_text([error]).splitlines(keepends=True)))
    assert [rows[0][name] for name in ("prompt", "reference", "answer", "base_answer")] == [f"'{text}"] * 4


def test_the_csv_has_each_error_with_its_texts() -> None:
    """Quotes, commas and line ends stay within their cells; a long text is cut, and the file is read as UTF-8."""
    odd = one_error(prompt='a, "b"\nc', response="é" * (LONGEST_CELL + 1), base_response=None)
    assert next(errors_csv([])).startswith(b"\xef\xbb\xbf")
    first, second = csv.DictReader(csv_text([odd, one_error()]).splitlines(keepends=True))
    assert tuple(first) == COLUMNS
    assert first["prompt"] == 'a, "b"\nc'
    assert (len(first["answer"]), first["base_answer"]) == (LONGEST_CELL + 1, "")
    assert (second["record"], second["kind"], second["points"], second["beside_base"]) == (
        "3",
        "wrong",
        "0.0",
        "base better",
    )
    assert csv_text([one_error(prompt="\ud800")]), "a lone surrogate costs no report"


def page_of(lines: Lines) -> str:
    """The page of a labelling run with these answers of the tuned model, all of the base's wrong."""
    base: Lines = [make_answer(line.index, "none", "<yes>") for line in lines]
    task = {"kind": "labels", "detected": True, "metric": "label_match"}
    return render_page(succeeded_report(task=task), Materials({"tuned": lines, "base": base}, {}, None))


def test_the_page_lists_the_worst_errors_and_can_filter_them() -> None:
    """Each has its kinds as classes, and texts stay texts."""
    page = page_of([make_answer(index, "" if index % 2 else "<no>", "<yes>") for index in range(SHOWN + 10)])
    assert page.count('<details class="error ') == SHOWN
    assert page.count('<details class="error kind-wrong base-same-as-base">') == SHOWN // 2
    assert f"The worst {SHOWN} stand here" in page
    assert re.search(r'id="kind-empty"> empty \(105\)', page)
    assert ".errors:has(#kind-empty:checked) .error:not(.kind-empty) { display: none; }" in page
    assert "&lt;no&gt;" in page
    assert "<no>" not in page
    assert "<script" not in page


def test_the_page_says_that_there_are_no_errors() -> None:
    """An empty list would look like a fault of the page."""
    assert "There are none: each record is answered with all 100 points" in page_of([make_answer(0, "<yes>", "<yes>")])


def test_where_judges_decide_an_error_still_lacks_points() -> None:
    """A judge prefers one answer to another; both may be wrong."""
    decision: dict[str, object] = {
        "verdict": "reject",
        "reasons": [],
        "metric": "win_rate",
        "gate": {"metric": "win_rate"},
        "champion": None,
    }
    task = {"kind": "labels", "detected": True, "metric": "label_match"}
    answers: dict[str, Lines] = {name: [make_answer(0, "no", "yes")] for name in ("tuned", "base")}
    page = render_page(succeeded_report(task=task, decision=decision), Materials(answers, {}, None))
    assert "1 of 1 record did not get all 100 points of\nContent" in page
