"""The data gate on this machine: the same checks, conversion and split as in a run, on files instead of objects."""

import io
import json
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import BinaryIO

import orjson

from cli.commands.validate import COMMAND, FOLDER
from lambdas.domain.dataset.document import DatasetDocument
from lambdas.domain.dataset.figures import dataset_document
from lambdas.domain.dataset.preparation import Given, PreparedDataset, check_counts, prepare
from lambdas.domain.dataset.record_set import RecordSet, Rules, check_set, check_size, convert
from lambdas.domain.dataset.report import DatasetReport
from lambdas.domain.dataset.set_names import SET_NAMES, SetName
from lambdas.domain.models import catalogue
from lambdas.domain.preflight.settings import settings_findings
from lambdas.domain.settings import run_settings
from lambdas.domain.settings.run_limits import RunLimits, SettingFinding
from lambdas.domain.settings.run_settings import Choices
from local.checkout import CHECKOUT
from local.deployment import setting
from local.output_folder import replaced
from local.upload import NoDataSetError
from stacks.settings import settings_from

SUFFIXES = (".jsonl", ".csv")
# What a deployment lets a run buy is no question of its data.
NO_LIMITS = RunLimits(max_model_units=1_000_000)

# Opens a file, such as with a progress bar.
Opener = Callable[[Path], AbstractContextManager[BinaryIO]]


@dataclass(frozen=True)
class Validation:
    """The outcome: `dataset/report.json` as a run would write it, and what is needed to write the sets."""

    document: DatasetDocument
    given: Given
    choices: Choices
    prepared: PreparedDataset | None

    @property
    def accepted(self) -> bool:
        """Whether a run would go on."""
        return self.document.accepted


def files_of(data: Path) -> dict[SetName, Path]:
    """The sets in a file or folder; raises NoDataSetError where training is missing or a set stands twice."""
    if data.is_file():
        return {"train": data}
    found: dict[SetName, Path] = {}
    for name, suffix in product(SET_NAMES, SUFFIXES):
        if not (path := data / f"{name}{suffix}").is_file():
            continue
        if name in found:
            raise NoDataSetError(f"{data} has both {found[name].name} and {path.name}: remove one of them.")
        found[name] = path
    if "train" not in found:
        raise NoDataSetError(f"There is no file {data}, nor a folder {data} with train.jsonl or train.csv.")
    return found


def choose(
    settings: Path | None,
    *,
    base_model: str | None = None,
    system: str | None = None,
    context_tag: str | None = None,
    limits: RunLimits = NO_LIMITS,
) -> tuple[Choices, list[SettingFinding]]:
    """The settings of a run.json, with those given here in their place; the defaults where any is wrong.

    `limits` are a deployment's, which this machine's data gate does not ask for.
    Raises UnknownBaseModelError where `base_model` is none.
    """
    default = setting("base_model")
    options = {"base_model": base_model, "system": system, "context_tag": context_tag}
    chosen = {name: value for name, value in options.items() if value is not None}
    if base_model is not None:
        catalogue.base_model(base_model)
    text = None if settings is None else settings.read_bytes()
    parsed = run_settings.parse(_with_options(text, chosen), default, limits)
    if isinstance(parsed, Choices):
        return parsed, []
    return Choices(run_settings.RunSettings(), catalogue.base_model(default)), parsed


def _with_options(text: bytes | None, chosen: dict[str, str]) -> bytes | None:
    """A run.json with options in the place of its own; one that is no JSON object stays, to be refused."""
    try:
        document = {} if text is None else orjson.loads(text)
    except orjson.JSONDecodeError:
        return text
    return orjson.dumps(document | chosen) if chosen and isinstance(document, dict) else text


def settings_of(data: Path) -> Path | None:
    """The run.json of a folder, if it has one."""
    settings = data / run_settings.FILE_NAME
    return settings if settings.is_file() else None


def validate(
    files: dict[SetName, Path],
    choices: Choices,
    found: Sequence[SettingFinding],
    *,
    rules: Rules = "all",
    opener: Opener,
) -> Validation:
    """Checks the files; where they are accepted by all rules, says how they are split.

    `found` are those of the settings, which refuse the data set like any other error.
    """
    report, given = DatasetReport(), Given()
    for each in found:
        report.add("run-settings", run_settings.FILE_NAME, each.message, pointer=each.pointer)
    conversion = run_settings.conversion(choices.settings)
    for name, path in files.items():
        if not check_size(path.stat().st_size, name, path.name, choices.model, report):
            given[name] = RecordSet(path.name, size_bytes=path.stat().st_size)
            continue
        with opener(path) as stream:
            given[name] = check_set(stream, path.name, choices.model, report, conversion, rules=rules)
    if rules == "all":
        prepared = prepare(given, choices.wanted, report)
    else:
        prepared = None
        check_counts(given, choices.wanted, report)
    records = prepared.counts() if prepared else None
    report.add_settings(run_settings.FILE_NAME, settings_findings(choices, records, most_jobs=_most_sweep_jobs()))
    return Validation(dataset_document(report, given, choices.wanted, prepared), given, choices, prepared)


def _most_sweep_jobs() -> int:
    """What cdk.json lets a sweep have."""
    return settings_from(json.loads((CHECKOUT / "cdk.json").read_text())["context"]).max_sweep_jobs


def save(validation: Validation, files: dict[SetName, Path], opener: Opener, folder: Path = FOLDER) -> None:
    """Writes report.json, and the sets of an accepted data set, in place of an earlier check's."""
    with replaced(folder, COMMAND) as partial:
        if validation.prepared is not None:
            (partial / "dataset").mkdir()
            _write_sets(validation, validation.prepared, files, opener, partial / "dataset")
        (partial / "report.json").write_text(
            json.dumps(validation.document.dump(), indent=2, ensure_ascii=False) + "\n"
        )


def _write_sets(
    validation: Validation, prepared: PreparedDataset, files: dict[SetName, Path], opener: Opener, folder: Path
) -> None:
    conversion = run_settings.conversion(validation.choices.settings)
    with ExitStack() as stack:
        written: dict[str, io.BufferedWriter] = {
            name: stack.enter_context((folder / f"{name}.jsonl").open("wb"))
            for name in SET_NAMES
            if prepared.records(name)
        }
        for name, read in validation.given.items():
            with opener(files[name]) as stream:
                lines = convert(stream, read, validation.choices.model, conversion)
                for side, line in zip(prepared.sides[name], lines, strict=True):
                    written[SET_NAMES[side]].write(line + b"\n")
