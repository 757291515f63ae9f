"""The shipped example can be made again, and every rule has an example of what it accepts and what it refuses."""

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from cli import data_set, validate
from cli.documents import taken_documents
from lambdas.domain.dataset.checking import check_set
from lambdas.domain.dataset.folder import doubled_files, unknown_files
from lambdas.domain.dataset.reading.blocks import MAX_LINE_BYTES
from lambdas.domain.dataset.report import DatasetReport
from lambdas.domain.dataset.rules.table import RULES
from lambdas.domain.dataset.set_names import SET_NAMES, SetName
from lambdas.domain.models import hyperparameters
from lambdas.domain.models.catalogue import ModelLimits, base_model
from lambdas.domain.training.sweep import vary_hyperparameters
from lambdas.steps.data_gate import CheckedDataset

EXAMPLES = Path(__file__).parents[2] / "examples"
FOLDER = EXAMPLES / "rules"
HAIKU = base_model("anthropic.claude-3-haiku-20240307-v1:0:200k")
# Models whose rule it is, where it is not Claude 3 Haiku's.
MODELS = {
    "single-turn": base_model("meta.llama3-1-8b-instruct-v1:0:128k"),
    "further-reserved-word": base_model("amazon.nova-lite-v1:0:300k"),
}
RULES_OF_LINES = [rule for rule, spec in RULES.items() if spec.scope in ("line", "record")]
RULES_OF_SETS = [rule for rule in RULES if rule not in RULES_OF_LINES]
# Examples are small: a run on one could hardly promote.
SMALL = {"few-test-groups"}
# Lines of an invalid example that do not break its rule: records between blank lines, a header, the first of a pair.
SOUND_LINES = {
    "blank-line": {1, 3},
    "duplicate-record": {1, 3},
    "near-duplicate": {1},
    "contradictory-answer": {1},
    "csv-syntax": {1},
}


def check(path: Path) -> DatasetReport:
    report = DatasetReport()
    model = MODELS.get(path.name.split(".")[0], HAIKU)
    check_set(io.BytesIO(path.read_bytes()), path.name, model, report)
    return report


def validated(example: str) -> CheckedDataset:
    """All of the gate, with the example's other sets, run.json, size limit and unknown files, where it has them."""
    files: dict[SetName, Path] = {"train": FOLDER / f"{example}.jsonl"}
    files |= {name: path for name in SET_NAMES[1:] if (path := FOLDER / f"{example}.{name}.jsonl").is_file()}
    settings, limits = FOLDER / f"{example}.run.json", FOLDER / f"{example}.limits.json"
    choices, faults = validate.choose(settings if settings.is_file() else None, default=HAIKU.customization_id)
    if limits.is_file():
        train = choices.model.limits.train.model_copy(update=json.loads(limits.read_text()))
        bounded: ModelLimits = choices.model.limits.model_copy(update={"train": train})
        choices = choices._replace(model=choices.model.model_copy(update={"limits": bounded}))
    beside = {path.name.removeprefix(f"{example}.") for path in FOLDER.glob(f"{example}.*")}
    unknown, doubled = unknown_files(beside - {"jsonl", "limits.json"}), doubled_files(beside)
    return validate.validate(
        files, choices, faults, opener=lambda path: path.open("rb"), unknown=unknown, doubled=doubled
    )


@pytest.mark.parametrize(
    ("script", "data_set_file"),
    [
        ("generate.py", "financial-tables.jsonl"),
        ("generate_labels.py", "labels/train.jsonl"),
        ("generate_json.py", "json/train.jsonl"),
        ("generate_learning_curve.py", "learning-curve/train.jsonl"),
        ("generate_cleaning.py", "cleaning/train.jsonl"),
    ],
)
def test_script_reproduces_the_shipped_data_set(script: str, data_set_file: str) -> None:
    """The data set is the script's, byte for byte: whoever changes one of them changes both."""
    made = subprocess.run([sys.executable, EXAMPLES / script], capture_output=True, check=True).stdout  # noqa: S603 - our own script
    assert made == (EXAMPLES / data_set_file).read_bytes()


@pytest.mark.parametrize("kind", ["labels", "json"])
def test_data_set_of_a_kind_has_enough_groups_to_test_on_and_tells_what_to_answer(kind: str) -> None:
    """Its demo shows what a run of that kind can decide, on a base that could know the answers."""
    folder = EXAMPLES / kind
    choices, faults = validate.choose(data_set.settings_of(folder))
    assert faults == []
    checked = validate.validate(data_set.files_of(folder), choices, faults, opener=lambda path: path.open("rb"))
    assert (checked.document.status, checked.document.issue_counts) == ("accepted", {})
    assert checked.task_kind == kind
    assert checked.prepared is not None
    assert len(set(checked.prepared.test_groups)) >= 60


@pytest.mark.parametrize("kind", ["labels", "json"])
def test_the_same_records_without_their_system_text_are_warned_of(kind: str, tmp_path: Path) -> None:
    """Nobody could know the categories or the keys then."""
    records = [json.loads(line) for line in (EXAMPLES / kind / "train.jsonl").read_bytes().splitlines()]
    untold = [json.dumps({"messages": record["messages"]}) for record in records]
    (tmp_path / "train.jsonl").write_text("\n".join(untold))
    choices, faults = validate.choose(None)
    files: dict[SetName, Path] = {"train": tmp_path / "train.jsonl"}
    document = validate.validate(files, choices, faults, opener=lambda path: path.open("rb")).document
    assert "untold-answers" in document.issue_counts


def test_script_reproduces_the_data_sets_in_public_formats(tmp_path: Path) -> None:
    """They show the same questions in each format, so that they can be compared."""
    subprocess.run([sys.executable, EXAMPLES / "generate_formats.py", tmp_path], check=True)  # noqa: S603 - our own script
    made = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert made == {path.name: path.read_bytes() for path in (EXAMPLES / "formats").iterdir()}


def test_script_reproduces_the_documents_and_the_questions_about_a_few_of_them(tmp_path: Path) -> None:
    """The folder is the script's, but for run.json."""
    subprocess.run([sys.executable, EXAMPLES / "generate_synthetic.py", tmp_path], check=True)  # noqa: S603 - our own script
    made, shipped = (
        {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        for folder in (tmp_path, EXAMPLES / "synthetic")
    )
    assert shipped.pop(Path("run.json"))
    assert made == shipped


@pytest.mark.parametrize("example", ["synthetic", "cleaning"])
def test_examples_of_curation_are_accepted_with_all_sets(example: str) -> None:
    """A demo of them ends with a verdict."""
    folder = EXAMPLES / example
    choices, faults = validate.choose(data_set.settings_of(folder))
    assert faults == []
    checked = validate.validate(
        data_set.files_of(folder),
        choices,
        faults,
        opener=lambda path: path.open("rb"),
        unknown=data_set.unknown_files_of(folder),
        documents=taken_documents(folder, choices),
    )
    assert (checked.document.status, checked.document.issue_counts) == ("accepted", {})
    assert checked.document.records.validation >= 32


@pytest.mark.parametrize("path", sorted((EXAMPLES / "formats").iterdir()), ids=lambda path: path.stem)
def test_public_format_is_accepted_and_its_tables_found(path: Path) -> None:
    """A run takes it as it is, and no table is on both sides of the split, wherever the format has it."""
    choices, faults = validate.choose(None)
    document = validate.validate({"train": path}, choices, faults, opener=lambda path: path.open("rb")).document
    names = {"nova": "bedrock-conversation-2024", "question-answer": "document/question/answer"}
    assert document.accepted, document.issues
    assert list(document.files[0].formats) == [names.get(path.stem, path.stem.replace("input-", "input/"))]
    assert document.groups is not None
    assert (document.groups.count, document.groups.largest, document.leaked_test_records) == (40, 2, 0)


def test_folder_shows_a_sweep_few_shot_arms_and_judges_on_the_shipped_rows() -> None:
    """The README promises it with one command: a run.json that is refused would be the first thing that a user sees."""
    folder = EXAMPLES / "sweep-and-judges"
    files = data_set.files_of(folder)
    assert files["train"].read_bytes() == (EXAMPLES / "financial-tables.jsonl").read_bytes()
    choices, faults = validate.choose(data_set.settings_of(folder))
    assert faults == []
    document = validate.validate(files, choices, faults, opener=lambda path: path.open("rb")).document
    assert (document.status, document.issue_counts) == ("accepted", {})
    settings, records = choices.settings, document.records
    assert settings.evaluation.few_shot
    assert len(settings.evaluation.judges) == 2
    validated = records.validation > 0
    varied = vary_hyperparameters(choices.model, {}, settings.sweep, records.train, validated=validated)
    assert len(varied.hyperparameters) == 4


def test_folder_shows_a_learning_curve_of_sizes_with_the_same_hyperparameters() -> None:
    """Its points differ in nothing but the training set: above 500 records fewer epochs are recommended."""
    folder = EXAMPLES / "learning-curve"
    choices, faults = validate.choose(data_set.settings_of(folder))
    assert faults == []
    files = data_set.files_of(folder)
    document = validate.validate(files, choices, faults, opener=lambda path: path.open("rb")).document
    assert (document.status, document.issue_counts) == ("accepted", {})
    curve, records = choices.settings.learning_curve, document.records
    assert curve is not None
    assert (choices.settings.serve, len(curve.fractions)) == ("all", 4)
    assert records.test > 150
    sizes = [int(records.train * part) for part in curve.fractions]
    assert sizes[0] >= HAIKU.limits.train.min_records
    values = [hyperparameters.for_job(HAIKU, {}, train_records=size, has_validation=True) for size in sizes]
    assert values == [values[0]] * 4


def test_shipped_data_set_is_accepted_with_all_three_sets() -> None:
    """The demo shows training, early stopping and a verdict: the split gives all sets, and enough test groups."""
    choices, faults = validate.choose(None)
    files: dict[SetName, Path] = {"train": EXAMPLES / "financial-tables.jsonl"}
    document = validate.validate(files, choices, faults, opener=lambda path: path.open("rb")).document
    assert document.issue_counts == {}
    assert document.records.dump() == {"read": 600, "train": 420, "validation": 90, "test": 90, "dropped": 0}
    assert document.groups is not None
    assert document.groups.count == 300


@pytest.mark.parametrize("rule", RULES_OF_LINES)
def test_valid_example_breaks_no_rule(rule: str) -> None:
    """A rule that refused good data would cost its user more than no rule."""
    assert set(check(FOLDER / f"{rule}.valid.jsonl").counts) <= {"mixed-formats"}


@pytest.mark.parametrize("rule", RULES_OF_LINES)
def test_every_line_of_the_invalid_example_breaks_its_rule_alone(rule: str) -> None:
    """What a person reads about a line is its one fault, at the right line."""
    path = FOLDER / f"{rule}.invalid.jsonl"
    report = check(path)
    assert set(report.counts) - {"mixed-formats", "no-records"} == {rule}
    lines = path.read_bytes().removesuffix(b"\n").split(b"\n")
    expected = set(range(1, len(lines) + 1)) - SOUND_LINES.get(rule, set())
    assert {found.line for found in report.findings if found.rule == rule} == expected


@pytest.mark.parametrize("rule", RULES_OF_SETS)
def test_set_that_is_as_the_rule_asks_has_no_finding(rule: str) -> None:
    """Nor does a rule for whole sets refuse good data."""
    validation = validated(f"{rule}.valid")
    assert set(validation.document.issue_counts) - (SMALL - {rule}) == set()
    assert validation.document.accepted


@pytest.mark.parametrize("rule", RULES_OF_SETS)
def test_set_that_is_not_breaks_the_rule_alone(rule: str) -> None:
    """What a person reads about a set is its one fault, and errors alone refuse it."""
    validation = validated(f"{rule}.invalid")
    assert set(validation.document.issue_counts) - (SMALL - {rule}) == {rule}
    assert validation.document.accepted == (RULES[rule].severity == "warning")


def test_rules_and_examples_are_the_same() -> None:
    """No rule is without its two examples, and no file stands there that nothing reads."""
    names = {path.name.split(".", 2)[0] + "." + path.name.split(".")[1] for path in FOLDER.iterdir()}
    assert names == {f"{rule}.{kind}" for rule in RULES for kind in ("valid", "invalid")}
    assert all((FOLDER / f"{name}.jsonl").is_file() for name in names)


@pytest.mark.parametrize("rule", RULES)
def test_rule_says_in_a_line_what_it_asks_and_what_to_do(rule: str) -> None:
    """These words stand in the report: they must be sentences, and differ."""
    spec = RULES[rule]
    assert spec.asks != spec.advice
    assert all(text[0].isupper() or text.startswith("run.json") or text.startswith("docs/") for text in spec[2:])
    assert all(text.endswith(".") and "\n" not in text for text in spec[2:])


def test_example_of_a_long_line_is_longer_than_any_record() -> None:
    """It must be refused for its length, before it is parsed."""
    assert (FOLDER / "line-length.invalid.jsonl").stat().st_size > MAX_LINE_BYTES
