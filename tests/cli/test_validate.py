"""`fine-tune validate`: the gate without AWS gives what a run would give, and says so by its exit status."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from cli.main import app

HAIKU = "anthropic.claude-3-haiku-20240307-v1:0:200k"
TABLE = "<table><tr><td>Item {n}</td><td>{value:,}</td></tr></table>"


def run(tmp_path: Path, data: Path, *options: str) -> tuple[int, str, dict[str, Any]]:
    out = tmp_path / "out"
    result = CliRunner().invoke(app, ["validate", "--data", str(data), "--out", str(out), *options])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.output
    return result.exit_code, result.output, json.loads((out / "report.json").read_text())


def rows(count: int) -> list[dict[str, str]]:
    """Two questions on each table."""
    return [
        {"document": TABLE.format(n=n // 2, value=n // 2 * 31), "question": f"Question {n}?", "answer": f"{n} million"}
        for n in range(count)
    ]


def messages(row: dict[str, str], tag: str = "document") -> dict[str, Any]:
    content = f"<{tag}>\n{row['document']}\n</{tag}>\n\n{row['question']}"
    return {"messages": [{"role": "user", "content": content}, {"role": "assistant", "content": row["answer"]}]}


def write(path: Path, values: list[Any]) -> Path:
    path.write_text("".join(json.dumps(value) + "\n" for value in values))
    return path


def write_csv(path: Path, values: list[dict[str, str]]) -> Path:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(values[0]))
        writer.writeheader()
        writer.writerows(values)
    return path


def sets(tmp_path: Path) -> list[str]:
    return [(tmp_path / "out" / "dataset" / f"{name}.jsonl").read_text() for name in ("train", "validation", "test")]


def test_every_format_gives_the_same_sets(tmp_path: Path) -> None:
    """The format is the exporter's affair: records, their split and their texts must not depend on it."""
    questions = rows(140)
    conversations = [messages(row) for row in questions]
    nova = [
        {
            "schemaVersion": "bedrock-conversation-2024",
            "messages": [{**turn, "content": [{"text": turn["content"]}]} for turn in each["messages"]],
        }
        for each in conversations
    ]
    completions = [
        {"prompt": each["messages"][0]["content"], "completion": each["messages"][1]["content"]}
        for each in conversations
    ]
    files = {
        "messages": write(tmp_path / "a.jsonl", conversations),
        "bedrock-conversation-2024": write(tmp_path / "b.jsonl", nova),
        "prompt/completion": write(tmp_path / "c.jsonl", completions),
        "document/question/answer": write(tmp_path / "d.jsonl", questions),
        "CSV with document, question, answer": write_csv(tmp_path / "e.csv", questions),
    }
    found = []
    for name, path in files.items():
        status, output, report = run(tmp_path, path, "--model", HAIKU)
        assert (status, report["status"]) == (0, "accepted"), output
        assert report["files"][0]["format"] == name
        assert name in output
        found.append([[json.loads(line) for line in text.splitlines()] for text in sets(tmp_path)])
    assert all(each == found[0] for each in found)
    tables = [{line["messages"][0]["content"].split("</table>")[0] for line in lines} for lines in found[0]]
    assert not (tables[0] & tables[1] or tables[0] & tables[2] or tables[1] & tables[2])


def test_refused_data_exits_with_1_and_leaves_no_data_set(tmp_path: Path) -> None:
    """A script stops there, and nobody trains on what an earlier check left."""
    run(tmp_path, write(tmp_path / "good.jsonl", rows(60)))
    path = write(tmp_path / "bad.jsonl", [*rows(60), {"question": 3, "answer": ""}])
    status, output, report = run(tmp_path, path)
    assert (status, report["status"]) == (1, "rejected")
    assert "bad.jsonl#/question, line 61" in output
    assert [path.name for path in (tmp_path / "out" / "dataset").iterdir()] == ["issues.csv"]


def test_folder_brings_its_own_sets_and_settings(tmp_path: Path) -> None:
    """What a run would read of the prefix is read of the folder; training may be CSV here."""
    folder = tmp_path / "folder"
    folder.mkdir()
    write_csv(folder / "train.csv", rows(60))
    write(folder / "test.jsonl", rows(80)[60:])
    (folder / "run.json").write_text('{"context_tag": "filing", "split": {"validation": 0}}')
    status, _, report = run(tmp_path, folder, "--system", "Answer shortly.", "--model", HAIKU)
    assert status == 0
    assert report["records"] == {"read": 80, "train": 60, "validation": 0, "test": 20, "dropped": 0}
    first = json.loads((tmp_path / "out" / "dataset" / "train.jsonl").read_text().splitlines()[0])
    assert first == {"system": "Answer shortly.", **messages(rows(1)[0], "filing")}


def test_files_that_no_run_reads_are_told_before_the_upload(tmp_path: Path) -> None:
    """The same warning as in a run, by the name that was meant; CSV files are converted here, and none of them."""
    folder = tmp_path / "folder"
    folder.mkdir()
    write_csv(folder / "train.csv", rows(140))
    write(folder / "validate.jsonl", [])
    code, _, report = run(tmp_path, folder)
    [found] = [each for each in report["issues"] if each["rule"] == "unknown-file"]
    assert (code, found["path"]) == (0, "validate.jsonl")
    assert "Did you mean validation.jsonl?" in found["message"]


def test_structure_alone_writes_no_data_set(tmp_path: Path) -> None:
    """The fast check is for large files and editors: it says what is wrong and goes no further."""
    status, _, report = run(
        tmp_path, write(tmp_path / "a.jsonl", [*rows(59), {**rows(60)[59], "answer": "x@example.com"}]),
        "--rules", "structure",
    )  # fmt: skip
    assert (status, report["issues"]) == (0, [])
    assert [path.name for path in (tmp_path / "out" / "dataset").iterdir()] == ["issues.csv"]


@pytest.mark.parametrize("options", [("--system", " "), ("--context-tag", "not a tag")])
def test_wrong_option_is_an_issue_like_any_other(tmp_path: Path, options: tuple[str, str]) -> None:
    """A person reads which setting is wrong."""
    status, output, report = run(tmp_path, write(tmp_path / "a.jsonl", rows(60)), *options)
    assert status == 1
    assert report["issue_counts"] == {"run-settings": 1}
    assert "run.json#/" in output


def test_missing_data_is_told_without_a_stack_trace(tmp_path: Path) -> None:
    """The most frequent mistake of all."""
    result = CliRunner().invoke(app, ["validate", "--data", str(tmp_path / "nothing")])
    assert result.exit_code == 2
    assert "There is no file" in result.output


def test_set_that_stands_twice_is_refused(tmp_path: Path) -> None:
    """Which of the two is meant, only the user knows."""
    folder = tmp_path / "data"
    folder.mkdir()
    write(folder / "train.jsonl", rows(60))
    write_csv(folder / "train.csv", rows(60))
    result = CliRunner().invoke(app, ["validate", "--data", str(folder)])
    assert result.exit_code != 0
    assert "has both train.csv and train.jsonl" in " ".join(result.output.split())


def test_a_model_given_as_an_option_is_the_one_that_run_json_is_checked_for(tmp_path: Path) -> None:
    """A setting that the model in run.json cannot have may be right for the one that is asked about."""
    folder = tmp_path / "folder"
    folder.mkdir()
    write(folder / "train.jsonl", rows(120))
    settings = {"context_tag": "image", "evaluation": {"models": ["anthropic.claude-3-haiku-20240307-v1:0"]}}
    (folder / "run.json").write_text(json.dumps(settings | {"base_model": "amazon.nova-lite-v1:0"}))
    assert run(tmp_path, folder)[0] == 1
    status, _, report = run(tmp_path, folder, "--model", "us.meta.llama3-3-70b-instruct-v1:0")
    assert (status, report["base_model"]) == (0, "meta.llama3-3-70b-instruct-v1:0:128k")


@pytest.mark.parametrize("command", ["validate", "preflight"])
def test_an_option_with_an_unknown_model_is_told_as_such(command: str) -> None:
    """Whoever typed it looks there, not into run.json."""
    result = CliRunner().invoke(app, [command, "--model", "amazon.nova"])
    assert result.exit_code == 2
    assert result.output.startswith("'amazon.nova' cannot be fine-tuned here; the models that can: ")


def test_each_wrong_setting_is_shown_with_what_is_meant(tmp_path: Path) -> None:
    """A person wrote each of them: none is an example of the others."""
    folder = tmp_path / "folder"
    folder.mkdir()
    write(folder / "train.jsonl", rows(140))
    wrong = {"foo": 1, "bar": 1, "baz": 1, "qux": 1, "splt": {}, "hyperparameters": {"epochCont": 2}}
    wrong["evaluation"] = {"judges": ["amazon.nova-prov1:0"]}
    (folder / "run.json").write_text(json.dumps(wrong))
    _, output, report = run(tmp_path, folder, "--model", HAIKU)
    words = " ".join(output.split())
    assert (report["issue_counts"]["run-settings"], report["issue_counts"]["job-settings"]) == (6, 1)
    for meant in ("split", "epochCount", "amazon.nova-pro-v1:0"):
        assert f"Did you mean {meant}?" in words


def test_a_misspelled_hyperparameter_refuses_the_data_set_here_as_the_preflight_refuses_the_run(tmp_path: Path) -> None:
    """Whoever checks before the upload learns it there; the file is named once, and the right name is offered."""
    folder = tmp_path / "folder"
    folder.mkdir()
    write(folder / "train.jsonl", rows(140))
    (folder / "run.json").write_text('{"hyperparameters": {"epoch_count": 2}}')
    status, output, report = run(tmp_path, folder, "--model", HAIKU)
    assert (status, report["issue_counts"]["run-settings"]) == (1, 1)
    assert "Did you mean epochCount?" in output
    assert "run.json: run.json" not in output
    [found] = [each for each in report["issues"] if each["rule"] == "run-settings"]
    assert found["path"] == "run.json#/hyperparameters/epoch_count"
    assert "run.json" not in found["message"]


@pytest.mark.parametrize(("kind", "refused"), [("json", True), ("multiple_choice", True), ("numeric", False)])
def test_a_kind_that_the_answers_do_not_have_is_refused_before_money_is_spent(
    tmp_path: Path, kind: str, refused: bool
) -> None:
    """Its metric would say nothing of most answers."""
    folder = tmp_path / "folder"
    folder.mkdir()
    write(folder / "train.jsonl", rows(140))
    (folder / "run.json").write_text(json.dumps({"evaluation": {"task_kind": kind}}))
    _, output, report = run(tmp_path, folder)
    found = [each for each in report["issues"] if each["rule"] == "run-settings"]
    assert [each["path"] for each in found] == ["run.json#/evaluation/task_kind"] * refused
    assert ("0 of 140 answers are of it. They look like numeric." in " ".join(output.split())) is refused


@pytest.mark.parametrize(
    ("metric", "answer", "why"),
    [
        ("json_fields", "the net sales of company {n} rose", "the 140 answers are of the kind text"),
        ("numeric_match", "the net sales rose, as table {n} says", "none of the 140 answers is nothing but numbers"),
        ("macro_f1", "the net sales of company {n} rose", "the 140 answers are of the kind text"),
        ("label_match", "{n} million", "the 140 answers are of the kind numeric"),
        ("numeric_match", "{n} million", None),
        ("f1", "{n} million", None),
        ("primary", "{n} million", None),
    ],
)
def test_a_metric_without_a_meaning_for_the_answers_is_refused_before_money_is_spent(
    tmp_path: Path, metric: str, answer: str, why: str | None
) -> None:
    """Its verdict could only be that the metric has no meaning."""
    folder = tmp_path / "folder"
    folder.mkdir()
    write(folder / "train.jsonl", [row | {"answer": answer.format(n=n)} for n, row in enumerate(rows(140))])
    (folder / "run.json").write_text(json.dumps({"evaluation": {"gate": {"metric": metric}}}))
    _, output, report = run(tmp_path, folder)
    found = [each["path"] for each in report["issues"] if each["rule"] == "run-settings"]
    assert found == (["run.json#/evaluation/gate/metric"] if why else [])
    assert why is None or why in " ".join(output.split())


def test_finding_comes_first_and_the_rule_behind_it(tmp_path: Path) -> None:
    """The heading names the mistake: what the rule asks for would say the opposite."""
    _, output, _ = run(tmp_path, write(tmp_path / "a.jsonl", [*rows(60), rows(60)[0]]))
    assert output.index("A record occurs twice.") < output.index("The same prompt is in line 1")
    assert output.index("The same prompt is in line 1") < output.index("The rule: No record occurs twice.")


def test_every_finding_stands_in_a_file_with_its_line_and_record(tmp_path: Path) -> None:
    """The report keeps the first 20 of a rule; whoever mends the data needs all of them."""
    bad = [{"question": 3 if n % 2 else "a", "answer": f"{n}"} for n in range(100)]
    path = tmp_path / "a.jsonl"
    path.write_text("\n" + "".join(json.dumps(value) + "\n" for value in bad))
    _, output, report = run(tmp_path, path)
    stored = tmp_path / "out" / "dataset" / "issues.csv"
    assert str(stored) in "".join(output.split("\n"))
    with stored.open(newline="") as file:
        found = [row for row in csv.DictReader(file) if row["rule"] == "wrong-type"]
    assert len(found) == report["issue_counts"]["wrong-type"] == 50
    assert len([each for each in report["issues"] if each["rule"] == "wrong-type"]) == 20
    assert found[-1] == {
        "rule": "wrong-type",
        "line": "101",
        "record": "100",
        "path": "a.jsonl#/question",
        "message": "A text is needed, not a number.",
    }


def test_labels_are_printed_with_their_counts(tmp_path: Path) -> None:
    """A person sees at once which label is rare, or written in two ways."""
    labelled = [{**row, "answer": ("invoice", "refund", "refund")[n % 3]} for n, row in enumerate(rows(60))]
    _, output, _ = run(tmp_path, write(tmp_path / "a.jsonl", labelled))
    assert "Labels of 2 kinds, with their records: 'refund' 40, 'invoice' 20" in output


def tickets(count: int) -> list[dict[str, str]]:
    labels = ("billing", "shipping")
    return [{"subject": f"Case {n}", "body": f"Text {n * 7}", "category": labels[n % 2]} for n in range(count)]


def test_columns_are_mapped_by_options_with_the_escapes_of_a_shell(tmp_path: Path) -> None:
    """Nothing is renamed: the two options say which columns make the prompt and the answer."""
    path = write_csv(tmp_path / "a.csv", tickets(140))
    options = ("--prompt", r"{subject}\n\n{body}", "--completion", "category")
    status, output, report = run(tmp_path, path, *options, "--model", HAIKU)
    assert status == 0, output
    assert report["labels"] == {"billing": 70, "shipping": 70}
    contents = [json.loads(line)["messages"][0]["content"] for text in sets(tmp_path) for line in text.splitlines()]
    assert "Case 0\n\nText 0" in contents


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--prompt", "a"], "Name both columns"),
        (["--prompt", "{a.b}", "--completion", "c"], "no plain name"),
    ],
)
def test_a_wrong_mapping_is_wrong_use(tmp_path: Path, options: list[str], words: str) -> None:
    """Whoever typed it is told at once, before a file is read."""
    path = write_csv(tmp_path / "a.csv", tickets(2))
    result = CliRunner().invoke(app, ["validate", "--data", str(path), *options])
    assert result.exit_code == 2
    assert words in " ".join(result.output.replace("│", " ").split())


def test_the_first_records_are_shown_as_they_will_be_trained_on(tmp_path: Path) -> None:
    """And how each was converted: a wrong column or tag is seen before it is paid for."""
    rows = [{"document": f"d{n}", "question": "q?", "answer": f"a{n}"} for n in range(40)]
    data = tmp_path / "train.jsonl"
    data.write_text("".join(json.dumps(row) + "\n" for row in rows))
    done = CliRunner().invoke(app, ["validate", str(data), "--out", str(tmp_path / "out")])
    said = " ".join(done.output.split())
    assert "train.jsonl, line 1, converted from document/question/answer" in said
    assert r"user: <document>\nd0\n</document>\n\nq? assistant: a0" in said


@pytest.mark.parametrize(("answer", "status"), [("a", 0), ("", 1)])
def test_a_program_gets_json_and_nothing_else(answer: str, status: int, tmp_path: Path) -> None:
    """The document is that of the file; the exit status is the same."""
    rows = [{"prompt": f"é{n} of {n * 7919}", "completion": f"{answer}{n if answer else ''}"} for n in range(60)]
    data = tmp_path / "train.jsonl"
    data.write_text("".join(json.dumps(row) + "\n" for row in rows))
    done = CliRunner().invoke(app, ["validate", str(data), "--json", "--out", str(tmp_path / "out")])
    assert done.exit_code == status
    assert json.loads(done.stdout) == json.loads((tmp_path / "out" / "report.json").read_text())


def test_a_learning_curve_is_told_and_written(tmp_path: Path) -> None:
    """What each size trains on is seen before anything is uploaded."""
    folder = tmp_path / "data"
    folder.mkdir()
    write(folder / "train.jsonl", rows(200))
    (folder / "run.json").write_text('{"learning_curve": {"fractions": [0.25, 0.5]}}')
    status, output, report = run(tmp_path, folder, "--model", HAIKU)
    assert status == 0, output
    sizes = [part["records"] for part in report["training"]["parts"]]
    assert f"The learning curve also trains on {sizes[0]} (about" in " ".join(output.split())
    written = [len((tmp_path / "out" / "dataset" / f"train-{size}.jsonl").read_text().splitlines()) for size in sizes]
    assert written == sizes
    large, small = (part["estimated_tokens"] for part in report["training"]["parts"])
    assert report["training"]["estimated_tokens"] > large > small > 0
    page = (tmp_path / "out" / "report.html").read_text()
    assert f"The learning curve also trains on {sizes[0]} of these records" in page


def test_a_learning_curve_that_cannot_be_is_refused_with_what_to_do(tmp_path: Path) -> None:
    """A run would end in its preflight."""
    folder = tmp_path / "data"
    folder.mkdir()
    write(folder / "train.jsonl", rows(200))
    (folder / "run.json").write_text('{"learning_curve": {"sizes": [50, 9000]}, "serve": [5]}')
    status, _, report = run(tmp_path, folder, "--model", HAIKU)
    assert (status, report["status"]) == (1, "rejected")
    found = {issue["path"]: issue for issue in report["issues"] if issue["rule"] == "run-settings"}
    assert set(found) == {"run.json#/learning_curve/sizes", "run.json#/serve"}
    assert "hold out less" in found["run.json#/learning_curve/sizes"]["remedy"]
