"""The data gate on this machine: a run's own checks, conversion and split, on files instead of objects."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NamedTuple

import orjson

from cli.folders import VALIDATE, VALIDATE_FOLDER
from cli.settings import settings_here
from lambdas.domain.curation.given_documents import TakenDocuments
from lambdas.domain.dataset.finding_log import FindingLog
from lambdas.domain.dataset.record_set import Rules
from lambdas.domain.dataset.set_names import SetName
from lambdas.domain.models import catalogue
from lambdas.domain.report.dataset_page import render_dataset_page
from lambdas.domain.settings import run_settings
from lambdas.domain.settings.run_limits import RunLimits, SettingFinding
from lambdas.domain.settings.run_settings import Choices
from lambdas.steps.data_gate import CheckedDataset, check_dataset, write_sets
from local.deployment import setting
from local.output_folder import replaced

# What an environment lets a run buy does not matter to its data.
NO_LIMITS = RunLimits(max_model_units=1_000_000)

# Opens a file, such as with a progress bar.
Opener = Callable[[Path], AbstractContextManager[BinaryIO]]


class LocalFile(NamedTuple):
    """A file being read."""

    stream: BinaryIO
    size_bytes: int
    version_id: None = None


@dataclass(frozen=True)
class LocalFiles:
    """The sets among the files of this machine."""

    paths: Mapping[SetName, Path]
    opener: Opener

    @property
    def places(self) -> Mapping[SetName, str]:
        """The path of each set."""
        return {name: str(path) for name, path in self.paths.items()}

    @contextmanager
    def opened(self, name: SetName, version_id: str | None = None) -> Iterator[LocalFile]:
        """Reads a set."""
        with self.opener(self.paths[name]) as stream:
            yield LocalFile(stream, self.paths[name].stat().st_size)


def choose(
    settings: Path | None,
    *,
    base_model: str | None = None,
    default: str | None = None,
    system: str | None = None,
    context_tag: str | None = None,
    mapping: Mapping[str, str] | None = None,
    limits: RunLimits = NO_LIMITS,
) -> tuple[Choices, list[SettingFinding]]:
    """The settings of a run.json, overridden by those given here, and the findings in it; with any, the defaults.

    Without a model in either it is `default`, or cdk.json's. `limits` are an environment's; `fine-tune validate` has
    none. Raises UnknownBaseModelError for an unknown `base_model`.
    """
    options = {"base_model": base_model, "system": system, "context_tag": context_tag, "mapping": mapping}
    chosen = {name: value for name, value in options.items() if value is not None}
    if base_model is not None:
        catalogue.base_model(base_model)
    text = None if settings is None else settings.read_bytes()
    return run_settings.choose(_with_options(text, chosen), default or setting("base_model"), limits)


def with_mapping(settings: Path | None, mapping: Mapping[str, str]) -> bytes:
    """The run.json of a run whose columns are mapped by options."""
    text = None if settings is None else settings.read_bytes()
    return _with_options(text, {"mapping": mapping}) or b""


def _with_options(text: bytes | None, chosen: Mapping[str, object]) -> bytes | None:
    """A run.json overridden by options; one that is not a JSON object stays as it is, to be refused."""
    try:
        document = {} if text is None else orjson.loads(text)
    except orjson.JSONDecodeError:
        return text
    return orjson.dumps(document | dict(chosen)) if chosen and isinstance(document, dict) else text


def validate(
    files: Mapping[SetName, Path],
    choices: Choices,
    found: Sequence[SettingFinding],
    *,
    rules: Rules = "all",
    opener: Opener,
    unknown: Sequence[str] = (),
    doubled: Sequence[Sequence[str]] = (),
    documents: TakenDocuments | None = None,
    refuse_job_settings: bool = False,
    log: FindingLog | None = None,
) -> CheckedDataset:
    """Checks the files as a run does.

    `found` are the findings in run.json, which refuse the data set, too; `unknown` are files that no run reads,
    `doubled` those of each set that has several, `documents` those that a teacher would write about. With
    `refuse_job_settings` what the preflight of a run would refuse in run.json is refused here. `log` is given each
    finding.
    """
    most_jobs = settings_here().max_sweep_jobs
    return check_dataset(
        LocalFiles(files, opener),
        choices,
        found,
        most_jobs=most_jobs,
        rules=rules,
        unknown=unknown,
        doubled=doubled,
        documents=documents,
        refuse_job_settings=refuse_job_settings,
        log=log,
    )


@contextmanager
def output(folder: Path = VALIDATE_FOLDER) -> Iterator["Output"]:
    """Where a check writes to, in place of what an earlier one wrote there; its log becomes issues.csv."""
    with replaced(folder, VALIDATE) as partial:
        (partial / "dataset").mkdir()
        with (partial / "dataset" / "issues.csv").open("wb") as file:
            log = FindingLog(_Lines(file).write)
            yield Output(partial, log)
            log.close()


class Output(NamedTuple):
    """A folder to write to, and its list of all findings."""

    folder: Path
    log: FindingLog

    def save(self, checked: CheckedDataset, files: Mapping[SetName, Path], opener: Opener) -> None:
        """Writes report.json, report.html, and the sets of an accepted data set."""
        if checked.prepared is not None:
            write_sets(LocalFiles(files, opener), checked, checked.prepared, set_writer(self.folder / "dataset"))
        document = json.dumps(checked.document.dump(), indent=2, ensure_ascii=False)
        (self.folder / "report.json").write_text(document + "\n")
        page = render_dataset_page(checked.document, checked.given, checked.prepared)
        (self.folder / "report.html").write_text(page, encoding="utf-8")


class _Lines(NamedTuple):
    file: BinaryIO

    def write(self, line: bytes) -> None:
        """Adds a line and its line feed."""
        self.file.write(line + b"\n")


def set_writer(folder: Path) -> Callable[[str], AbstractContextManager[_Lines]]:
    """Opens the file of a set in a folder."""

    @contextmanager
    def open_set(name: str) -> Iterator[_Lines]:
        with (folder / f"{name}.jsonl").open("wb") as file:
            yield _Lines(file)

    return open_set
