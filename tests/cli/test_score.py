"""`fine-tune score`: a run's scoring, gate and page for files of answers from anywhere."""

import json
import re
import tracemalloc
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from cli.answer_files import AnswerFile
from cli.main import app
from cli.score import check, score
from lambdas.domain.settings.run_settings import RunSettings

RECORDS = 80
Row = dict[str, Any]


def prompt_of(n: int) -> str:
    """Prompts that share nothing but a few words."""
    return f"Who supplies part{n * 7919} of machine{n * 104729} to plant{n * 1299709}?"


def rows(right: Sequence[int], **more: Any) -> list[Row]:
    """A line for each record, with the right answer to some of them."""
    return [
        {
            "prompt": prompt_of(n),
            "reference": f"supplier number{n}",
            "response": f"supplier number{n}" if n in right else f"nobody {n}",
            **more,
        }
        for n in range(RECORDS)
    ]


def write(path: Path, lines: Sequence[Row | str]) -> Path:
    path.write_text("".join(f"{line if isinstance(line, str) else json.dumps(line)}\n" for line in lines))
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Answers of a tuned model that is nearly always right, and of a base that is right on every fourth record."""
    write(tmp_path / "tuned.jsonl", rows(range(4, RECORDS), output_tokens=5, latency_ms=80.4))
    write(tmp_path / "base.jsonl", rows(range(0, RECORDS, 4), output_tokens=20, latency_ms=90))
    return tmp_path


def run(folder: Path, *more: str, tuned: str = "tuned", base: str = "base") -> tuple[int, str]:
    """The exit status, and what is printed in one line."""
    given = ["--tuned", str(folder / f"{tuned}.jsonl"), "--base", str(folder / f"{base}.jsonl")]
    done = CliRunner().invoke(app, ["score", *given, "--out", str(folder / "out"), *more])
    return done.exit_code, " ".join(done.output.split())


def report(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "out" / "report.json").read_text())
    return found


def test_a_clear_gain_promotes_with_exit_status_0(folder: Path) -> None:
    """The verdict, its reasons and the figures are a run's."""
    status, said = run(folder)
    assert status == 0, said
    assert "Verdict: promote" in said
    found = report(folder)
    assert found["decision"]["verdict"] == "promote"
    assert found["arms"]["tuned"]["exact_match"] == pytest.approx(95)
    assert found["arms"]["base"]["exact_match"] == pytest.approx(25)
    assert found["arms"]["tuned"]["latency_ms"]["p50"] == 80
    assert found["arms"]["tuned"]["token_reduction_percent"]["mean"] == 75
    [gain] = [one for one in found["comparisons"] if one["metric"] == "exact_match"]
    assert (gain["arm"], gain["against"], gain["difference"]) == ("tuned", "base", pytest.approx(70))
    assert found["groups"] == {"count": RECORDS, "source": "detected"}
    assert found["files"]["base"]["file"] == "base.jsonl"
    page = (folder / "out" / "report.html").read_text()
    assert "record,kind,points" in (folder / "out" / "errors.csv").read_text()
    assert "Promote: the gate is passed" in page
    assert "tuned.jsonl against base.jsonl" in page


def test_a_loss_rejects_with_exit_status_4(folder: Path) -> None:
    """A pipeline of somebody else stops there."""
    assert run(folder, tuned="base", base="tuned")[0] == 4
    assert report(folder)["decision"]["verdict"] == "reject"


def test_too_little_evidence_ends_with_exit_status_3(folder: Path) -> None:
    """Of five records nothing can be concluded."""
    for name in ("tuned", "base"):
        lines = (folder / f"{name}.jsonl").read_text().splitlines()
        write(folder / f"{name}.jsonl", lines[4:9])
    assert run(folder)[0] == 3


def test_an_arm_of_the_base_with_examples_must_be_beaten_too(folder: Path) -> None:
    """Its name says what it is, as in a run: a prompt with three examples does better than tuning."""
    write(folder / "tuned.jsonl", rows(range(40, RECORDS)))
    shown = write(folder / "shown.jsonl", rows(range(RECORDS)))
    assert run(folder)[0] == 0
    assert run(folder, "--arm", f"base-few-shot-3={shown}")[0] == 4
    assert report(folder)["arms"]["base-few-shot-3"]["few_shot"] == 3


def test_a_further_model_that_does_better_leaves_it_inconclusive(folder: Path) -> None:
    """As in a run."""
    other = write(folder / "other.jsonl", rows(range(RECORDS)))
    assert run(folder, "--arm", f"other={other}")[0] == 3


def test_tokens_and_latencies_may_be_missing(folder: Path) -> None:
    """The figures are null then, and every answer counts."""
    write(folder / "tuned.jsonl", rows(range(4, RECORDS)))
    assert run(folder)[0] == 0
    tuned = report(folder)["arms"]["tuned"]
    assert (tuned["n"], tuned["errors"]) == (RECORDS, 0)
    assert tuned["output_tokens"]["mean"] is tuned["latency_ms"]["p50"] is None


def test_neither_file_needs_any_figure(folder: Path) -> None:
    """Prompt, reference and response are all that scoring needs."""
    for name, right in (("tuned", range(4, RECORDS)), ("base", range(0, RECORDS, 4))):
        write(folder / f"{name}.jsonl", rows(right))
    assert run(folder)[0] == 0


def test_a_record_without_an_answer_is_an_error_of_its_arm(folder: Path) -> None:
    """The prompt and the group are those of the other file."""
    lines: list[Row] = rows(range(4, RECORDS))
    lines[2] = {"index": 2, "error": "ThrottlingException"}
    write(folder / "tuned.jsonl", lines)
    run(folder)
    assert report(folder)["arms"]["tuned"]["errors"] == 1


def test_a_base_that_gave_too_few_answers_promotes_nothing(folder: Path) -> None:
    """The arm is missing, as in a run."""
    lines: list[Row] = rows(range(0, RECORDS, 4))
    write(folder / "base.jsonl", [{"index": n, "error": "down"} if n < 20 else line for n, line in enumerate(lines)])
    status, said = run(folder)
    assert (status, "its base has no answers to compare with" in said) == (3, True)
    assert "base is missing" in (folder / "out" / "report.html").read_text()


def test_groups_that_the_lines_name_win(folder: Path) -> None:
    """Four records of each customer are one observation, whatever their prompts say."""
    for name, right in (("tuned", range(4, RECORDS)), ("base", range(0, RECORDS, 4))):
        write(folder / f"{name}.jsonl", [{**row, "group": n // 4} for n, row in enumerate(rows(right))])
    run(folder)
    found = report(folder)
    assert found["groups"] == {"count": RECORDS // 4, "source": "given"}
    assert found["comparisons"][0]["groups"] == RECORDS // 4


def test_groups_are_detected_as_the_data_gate_detects_them(folder: Path) -> None:
    """Questions on one table share their luck."""
    tables = [" ".join(f"word{n * 1009 + k * 31}" for k in range(60)) for n in range(RECORDS // 4)]
    for name, right in (("tuned", range(4, RECORDS)), ("base", range(0, RECORDS, 4))):
        lines = [{**row, "prompt": f"{tables[n // 4]} {row['prompt']}"} for n, row in enumerate(rows(right))]
        write(folder / f"{name}.jsonl", lines)
    run(folder)
    assert report(folder)["groups"] == {"count": RECORDS // 4, "source": "detected"}


def test_the_gate_and_the_kind_are_run_json_s(folder: Path) -> None:
    """The same file as a run's."""
    settings = folder / "run.json"
    settings.write_text(json.dumps({"evaluation": {"gate": {"metric": "f1", "smallest_gain": 99}}}))
    assert run(folder, "--settings", str(settings))[0] == 4
    assert report(folder)["task"]["metric"] == "f1"


def test_a_system_text_in_the_settings_was_told_to_every_model(folder: Path) -> None:
    """Else labels that it names would count as unknown to the base."""
    labels = ["billing", "delivery", "returns", "other"]
    for name, miss in (("tuned", 20), ("base", 2)):
        lines = [
            {"prompt": prompt_of(n), "reference": labels[n % 4], "response": labels[(n + (n % miss == 0)) % 4]}
            for n in range(RECORDS)
        ]
        write(folder / f"{name}.jsonl", lines)
    settings = folder / "run.json"
    settings.write_text(json.dumps({"system": "Answer with billing, delivery, returns or other."}))
    assert run(folder)[0] == 3
    assert report(folder)["task"]["untold"] == "labels"
    assert run(folder, "--settings", str(settings))[0] == 0
    assert report(folder)["task"]["kind"] == "labels"


def test_a_run_s_own_files_of_answers_can_be_scored(folder: Path) -> None:
    """`evaluation/<arm>.jsonl` has further keys."""
    more = {"stop_reason": "max_tokens", "asked_at": "2026-01-01T00:00:00Z", "answered_at": "2026-01-01T00:00:01Z"}
    lines = [{"index": n, **row, **more} for n, row in enumerate(rows(range(4, RECORDS)))]
    write(folder / "tuned.jsonl", lines)
    status, said = run(folder)
    assert status == 0
    assert "80 max_tokens" in said


def test_empty_lines_and_a_byte_order_mark_are_no_answers(folder: Path) -> None:
    """Editors write them."""
    text = (folder / "tuned.jsonl").read_text()
    (folder / "tuned.jsonl").write_text("\ufeff" + text.replace("\n", "\r\n\r\n"))
    assert run(folder)[0] == 0


GOOD = {"prompt": "p", "reference": "r", "response": "s"}
WRONG_LINES: Mapping[str, tuple[Row | str, str]] = {
    "not JSON": ("{", "Not JSON"),
    "no object": ("[1]", "Not a JSON object"),
    "no response": ({"prompt": "p", "reference": "r"}, "response is missing"),
    "no reference": ({"prompt": "p", "response": "r"}, "reference is missing"),
    "a null": ({**GOOD, "response": None}, "response: Input should be a valid string"),
    "a bad figure": ({**GOOD, "output_tokens": -1}, "output_tokens: Input should be greater"),
    "a word for a figure": ({**GOOD, "latency_ms": "80"}, "latency_ms: Input should be"),
    "an infinite figure": ('{"prompt": "p", "reference": "r", "response": "s", "latency_ms": 1e999}', "Not JSON"),
    "a huge figure": ({**GOOD, "latency_ms": 1e300}, "latency_ms: Input should be"),
    "another place": ({"index": 7, "error": "x"}, "The index 7 stands in the place of 3"),
    "another prompt": ({**rows([])[3], "prompt": "q"}, "The prompt differs from that in"),
    "another reference": ({**rows([])[3], "reference": "q"}, "The reference differs from that in"),
}


@pytest.mark.parametrize("case", WRONG_LINES)
def test_a_wrong_line_is_named_with_its_file_and_number(folder: Path, case: str) -> None:
    """And nothing is written."""
    line, words = WRONG_LINES[case]
    lines: list[Row | str] = [*rows(range(4, RECORDS))]
    lines[3] = line
    write(folder / "tuned.jsonl", lines)
    status, said = run(folder)
    assert status == 2
    assert re.search(r"(tuned|base)\.jsonl, line 4: ", said)
    assert words in said
    assert not (folder / "out").exists()


def test_files_of_unequal_length_are_named(folder: Path) -> None:
    """In either direction."""
    write(folder / "short.jsonl", rows([])[:70])
    for tuned, base in (("tuned", "short"), ("short", "tuned")):
        status, said = run(folder, tuned=tuned, base=base)
        assert status == 2
        assert "tuned.jsonl, line 71: " in said
        assert "short.jsonl has 70 records" in said


def test_a_group_on_some_records_is_refused(folder: Path) -> None:
    """At the first record that has none, wherever that is."""
    for grouped, line in ((range(40), 41), (range(1, RECORDS), 1)):
        lines = [{**row, "group": "a"} if n in grouped else row for n, row in enumerate(rows(range(4, RECORDS)))]
        write(folder / "tuned.jsonl", lines)
        status, said = run(folder)
        assert status == 2
        assert f"line {line}: The record names no group, others do." in said


def test_files_that_name_different_groups_are_refused(folder: Path) -> None:
    """One of them is wrong."""
    write(folder / "tuned.jsonl", rows(range(4, RECORDS), group="a"))
    write(folder / "base.jsonl", rows([], group="b"))
    status, said = run(folder)
    assert (status, "base.jsonl, line 1: The group 'b' is another than in" in said) == (2, True)


def test_empty_files_are_refused(folder: Path) -> None:
    """There is nothing to score."""
    write(folder / "tuned.jsonl", [])
    write(folder / "base.jsonl", ["", " "])
    status, said = run(folder)
    assert (status, "nothing to score" in said) == (2, True)


def test_one_file_for_both_is_refused_also_where_it_is_a_copy(folder: Path) -> None:
    """Whoever mistypes a name would else read that tuning changes nothing."""
    assert "each arm has its own file" in run(folder, base="tuned")[1]
    (folder / "copy.jsonl").write_bytes((folder / "tuned.jsonl").read_bytes())
    status, said = run(folder, base="copy")
    assert (status, "have the same answers to all records" in said) == (2, True)


@pytest.mark.parametrize(
    ("arms", "words"),
    [
        (["base={file}"], "there is an arm base already"),
        (["x={file}", "x={file}"], "there is an arm x already"),
        (["champion={file}"], "there is an arm champion already"),
        (["../x={file}"], "is no name=file"),
        (["{file}"], "is no name=file"),
        (["x=/no/such/file"], "There is no file /no/such/file"),
    ],
)
def test_arms_are_named_once_and_plainly(folder: Path, arms: list[str], words: str) -> None:
    """A name becomes a key of report.json and a word of the page."""
    file = write(folder / "other.jsonl", rows([]))
    status, said = run(folder, *(part for arm in arms for part in ("--arm", arm.format(file=file))))
    assert status == 2
    assert words in said


def test_too_many_answers_of_the_tuned_model_are_missing(folder: Path) -> None:
    """The verdict of such a run could not be trusted either."""
    lines = rows(range(4, RECORDS))
    write(folder / "tuned.jsonl", [{"index": n, "error": "down"} if n < 20 else line for n, line in enumerate(lines)])
    status, said = run(folder)
    assert status == 2
    assert "no answer to 20 of 80 records (25.0 %), most often: down" in said


def test_settings_that_no_run_would_take_are_refused(folder: Path) -> None:
    """With what is wrong in them."""
    settings = folder / "run.json"
    settings.write_text('{"evaluation": {"gate": {"metric": "f2"}}}')
    status, said = run(folder, "--settings", str(settings))
    assert status == 2
    assert "/evaluation/gate/metric" in said


def test_an_input_in_the_output_folder_is_refused(folder: Path) -> None:
    """It would be deleted with an earlier report."""
    done = CliRunner().invoke(
        app,
        ["score", "--tuned", str(folder / "tuned.jsonl"), "--base", str(folder / "base.jsonl"), "--out", str(folder)],
    )
    assert done.exit_code == 2


def test_texts_are_read_one_record_at_a_time(tmp_path: Path) -> None:
    """Files may be larger than the memory: each of them has 12 MB of prompts."""
    filler = "word " * 40_000
    for name, right in (("tuned", range(60)), ("base", range(0, 60, 2))):
        with (tmp_path / f"{name}.jsonl").open("w") as file:
            for n in range(60):
                answer = f"number{n}" if n in right else "no"
                row = {"prompt": f"{n} {filler}", "reference": f"number{n}", "response": answer, "group": n}
                file.write(json.dumps(row) + "\n")
    files = {name: AnswerFile(tmp_path / f"{name}.jsonl") for name in ("tuned", "base")}
    tracemalloc.start()
    checked = check(files, lambda path: path.open("rb"), None)
    score(files, checked, RunSettings())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 6_000_000


def test_names_and_texts_from_outside_are_escaped(folder: Path) -> None:
    """A model's answer is nobody's markup."""
    attack = "<script>alert(1)</script>"
    write(folder / "tuned.jsonl", [{**row, "response": attack} for row in rows([])])
    run(folder)
    assert attack not in (folder / "out" / "report.html").read_text()
