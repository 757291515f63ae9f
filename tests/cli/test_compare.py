"""`fine-tune compare`: pair by pair where two runs have the same test records, and no claim where they have none."""

import json
from dataclasses import asdict
from typing import Any

import pytest

from tests.answer_lines import make_answer
from tests.cli.account_script import OUTPUT, ScriptedAccount
from tests.cli.conftest import FineTune
from tests.cli.test_runs import failed_report
from tests.unit.reports import arm_figures, succeeded_report

FIRST, SECOND = "sales-0123456789ab", "sales-1123456789ab"


def store(account: ScriptedAccount, run: str, questions: range, right: set[int], **report: Any) -> None:
    """A run that has answered these questions, some of them right."""
    account.claim(run)
    arms = {"tuned": arm_figures(f1=50.0, n=len(questions)), "base": arm_figures(f1=40.0)}
    changes = {"run_id": run, "arms": arms, "dataset": {"train": 9, "validation": 0, "test": len(questions)}}
    account.put(f"runs/{run}/report.json", succeeded_report(**(changes | report)).dump())
    lines = [
        json.dumps({"messages": [{"role": "user", "content": f"question {q}"}], "reference": f"answer {q}"})
        for q in questions
    ]
    answers = [
        json.dumps(asdict(make_answer(at, f"answer {q}" if q in right else "no", f"answer {q}")))
        for at, q in enumerate(questions)
    ]
    for key, texts in {"dataset/test.jsonl": lines, "evaluation/tuned.jsonl": answers}.items():
        account.s3.put_object(
            Bucket=OUTPUT, Key=f"runs/{run}/{key}", Body="".join(f"{one}\n" for one in texts).encode()
        )
    account.put(f"runs/{run}/dataset/test_groups.json", [*range(len(questions))])


def f1(document: dict[str, Any]) -> dict[str, Any]:
    [found] = [one for one in document["comparisons"] if one["metric"] == "f1"]
    return dict(found)


def test_the_same_test_set_is_compared_pair_by_pair(scripted: ScriptedAccount, fine_tune: FineTune) -> None:
    """All that the first gets right and the second does not counts for it."""
    store(scripted, FIRST, range(40), set(range(40)))
    store(scripted, SECOND, range(40), set(range(10)))
    document = json.loads(fine_tune("compare", FIRST, SECOND, "--json").output)
    assert (document["shared_records"], document["notes"]) == (40, [])
    found = f1(document)
    assert (found["arm"], found["against"], found["records"], found["groups"]) == (FIRST, SECOND, 40, 40)
    assert (found["better"], found["same"], found["worse"]) == (30, 10, 0)
    assert found["interval"][0] > 0
    told = fine_tune("compare", FIRST, SECOND).output
    assert f"By F1 the tuned model of {FIRST} is better." in told
    assert f"By F1 the tuned model of {FIRST} is better." in fine_tune("compare", SECOND, FIRST).output


def test_test_sets_that_overlap_are_compared_on_what_both_have(scripted: ScriptedAccount, fine_tune: FineTune) -> None:
    """Whatever place a record has in either set."""
    store(scripted, FIRST, range(30), set(range(20, 30)))
    store(scripted, SECOND, range(20, 60), set(range(60)))
    document = json.loads(fine_tune("compare", FIRST, SECOND, "--json").output)
    assert document["shared_records"] == 10
    assert "Compared on the 10 test records that both runs have, of 30 and 40." in document["notes"]
    assert f1(document)["difference"] == 0
    assert "neither is shown to be better" in fine_tune("compare", FIRST, SECOND).output


def test_test_sets_without_a_common_record_give_both_figures_and_no_claim(
    scripted: ScriptedAccount, fine_tune: FineTune
) -> None:
    store(scripted, FIRST, range(20), set(range(20)))
    store(scripted, SECOND, range(20, 40), set())
    document = json.loads(fine_tune("compare", FIRST, SECOND, "--json").output)
    assert (document["shared_records"], document["comparisons"]) == (0, [])
    told = fine_tune("compare", FIRST, SECOND).output
    assert "The test sets have no record in common" in told
    assert "50.0" in told
    assert "better" not in told


def test_runs_that_look_at_different_metrics_are_scored_as_the_first(
    scripted: ScriptedAccount, fine_tune: FineTune
) -> None:
    store(scripted, FIRST, range(20), set())
    store(scripted, SECOND, range(20), set(), task={"kind": "numeric", "detected": True, "metric": "numeric_match"})
    document = json.loads(fine_tune("compare", FIRST, SECOND, "--json").output)
    assert "both are scored as the first" in document["notes"][0]
    assert f1(document)["records"] == 20


@pytest.mark.parametrize(
    ("second", "told"),
    [
        ("sales-1123456789ac", f"has no run sales-1123456789ac. Did you mean {SECOND}?"),
        (SECOND, f"The run {SECOND} has failed (PreflightFailed): it has no figures"),
        ("sales-2123456789ab", "has no report yet"),
        (FIRST, "Name two different runs."),
    ],
)
def test_a_run_without_figures_is_named(scripted: ScriptedAccount, fine_tune: FineTune, second: str, told: str) -> None:
    store(scripted, FIRST, range(20), set())
    scripted.claim(SECOND)
    scripted.put(f"runs/{SECOND}/report.json", failed_report(SECOND))
    scripted.claim("sales-2123456789ab")
    done = fine_tune("compare", FIRST, second)
    assert done.exit_code == 2
    assert told in " ".join(done.output.split())


def test_answers_that_are_gone_give_both_figures(scripted: ScriptedAccount, fine_tune: FineTune) -> None:
    """Somebody has deleted the folder but for its report."""
    store(scripted, FIRST, range(20), set())
    store(scripted, SECOND, range(20), set())
    scripted.s3.delete_object(Bucket=OUTPUT, Key=f"runs/{SECOND}/evaluation/tuned.jsonl")
    document = json.loads(fine_tune("compare", FIRST, SECOND, "--json").output)
    assert (document["shared_records"], document["second"]["tuned"]) == (0, 50.0)
    assert f"runs/{SECOND}/evaluation/tuned.jsonl is gone" in document["notes"][0]
