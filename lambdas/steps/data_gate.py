"""The data gate: checks the files that a user gave, then converts and splits them.

A run uses it on objects, `fine-tune validate` on files of this machine.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import PurePosixPath
from typing import BinaryIO, NamedTuple, Protocol

from lambdas.domain.core import outside_text
from lambdas.domain.core.errors import ServiceBusy
from lambdas.domain.core.finding import Finding
from lambdas.domain.core.state_budget import MOST_FINDINGS
from lambdas.domain.curation.document_count import DocumentCount
from lambdas.domain.curation.given_documents import WHY, TakenDocuments
from lambdas.domain.curation.planned_asks import PlannedAsks, curation_figures, explain_nothing_to_write
from lambdas.domain.dataset.checking import check_set
from lambdas.domain.dataset.converting import convert
from lambdas.domain.dataset.document import DatasetDocument
from lambdas.domain.dataset.figures import dataset_document
from lambdas.domain.dataset.finding_log import FindingLog
from lambdas.domain.dataset.folder import DOCUMENT_ENDINGS, explain_unknown
from lambdas.domain.dataset.formats import Record
from lambdas.domain.dataset.preparation import Given, PreparedDataset, check_counts, prepare
from lambdas.domain.dataset.record_set import RecordSet, Rules
from lambdas.domain.dataset.report import DatasetReport
from lambdas.domain.dataset.rules.record import further_reserved_words
from lambdas.domain.dataset.set_limits import check_size, max_bytes
from lambdas.domain.dataset.set_names import SET_NAMES, SetName, part_name
from lambdas.domain.dataset.training_parts import with_parts
from lambdas.domain.evaluation.gate import WIN_RATE
from lambdas.domain.evaluation.task_detection import TaskDetector
from lambdas.domain.evaluation.task_kind import TaskKind
from lambdas.domain.preflight.curve_reach import curve_reach_findings
from lambdas.domain.preflight.settings import settings_findings
from lambdas.domain.preflight.verdict_reach import test_group_findings, test_pair_findings
from lambdas.domain.settings import run_settings
from lambdas.domain.settings.run_limits import SettingFinding, doubtful_models
from lambdas.domain.settings.run_settings import Choices
from lambdas.domain.training.learning_curve import asked_sizes

_DOCUMENT = "Correct the document and upload the folder again, train.jsonl last; or leave it out."
_MODEL_ID = "Correct the id: the preflight asks each model, and refuses the run where one does not answer."


class GivenFile(Protocol):
    """A file being read; `version_id` is None where there are no versions."""

    @property
    def stream(self) -> BinaryIO:
        """Its bytes."""

    @property
    def size_bytes(self) -> int:
        """How many there are."""

    @property
    def version_id(self) -> str | None:
        """Which version it is."""


class GivenFiles(Protocol):
    """The files that a user gave."""

    @property
    def places(self) -> Mapping[SetName, str]:
        """The path or URI of each set that the user may have given; "train" is always one of them."""

    def opened(self, name: SetName, version_id: str | None = None) -> AbstractContextManager[GivenFile | None]:
        """Reads a set, at a version if one is given; gives None if it does not exist."""


class LineSink(Protocol):
    """Where a set is written to."""

    def write(self, line: bytes) -> object:
        """Adds a line and its line feed."""


@dataclass(frozen=True)
class CheckedDataset:
    """What the gate found; `prepared` is None for a data set that is refused, or that was not checked by all rules.

    `task_kind` is what the answers of all files tell. `job_findings` are the preflight's findings on hyperparameters,
    candidates and the groups of the test set. `planned_asks` is what models are asked about the training data, where
    the run wants that.
    """

    document: DatasetDocument
    task_kind: TaskKind
    choices: Choices
    given: Given
    prepared: PreparedDataset | None
    job_findings: Sequence[Finding]
    planned_asks: PlannedAsks | None = None


class _Listeners(NamedTuple):
    """What is told each record while the files are read."""

    detector: TaskDetector
    documents: DocumentCount | None

    def add(self, given: SetName, record: Record) -> None:
        """Tells the next record of a given set."""
        self.detector.add(record.turns[-1])
        if self.documents is not None:
            self.documents.add(given, record)


def check_dataset(
    files: GivenFiles,
    choices: Choices,
    found: Sequence[SettingFinding],
    *,
    most_jobs: int,
    rules: Rules = "all",
    unknown: Sequence[str] = (),
    doubled: Sequence[Sequence[str]] = (),
    documents: TakenDocuments | None = None,
    refuse_job_settings: bool = False,
    log: FindingLog | None = None,
) -> CheckedDataset:
    """Checks the files, and says how their records are split if all rules are asked for and none refuses them.

    `found` are the findings in run.json: they refuse the data set, too, but its files are checked all the same.
    `unknown` are the names of files beside them that no run reads, `doubled` those of each set that has several,
    `documents` what was found under the prefix of documents to write about. A run leaves job settings that cannot be
    used to its preflight, which refuses them with all else that it finds; with `refuse_job_settings` they are errors
    here. `log` is given each finding.
    """
    report = DatasetReport(log=log)
    _add_files(unknown, doubled, documents, report)
    _report_settings(choices, found, report)
    detector = TaskDetector()
    # Only a run with curation pays for the look at each record's document.
    settings = choices.settings
    counter = DocumentCount() if settings.clean or settings.synthesis else None
    given = _check_files(files, choices, report, rules, _Listeners(detector, counter))
    for each in _metric_findings(choices, detector):
        report.add("run-settings", run_settings.FILE_NAME, each.message, pointer=each.pointer)
    prepared = None
    if "train" in given and rules == "all":
        prepared = _with_parts(prepare(given, choices.wanted, report), given, choices)
    elif "train" in given:
        check_counts(given, choices.wanted, report)
    planned_asks = counter.count(given, prepared, documents) if counter and prepared else None
    if planned_asks is not None and not _has_documents(choices, planned_asks, documents, report):
        prepared = None
    job_findings = _job_findings(choices, prepared, most_jobs)
    report.add_job_settings(run_settings.FILE_NAME, job_findings, refuse=refuse_job_settings)
    reach = _reach(given, choices, prepared) if prepared else []
    report.add_test_groups((given.get("test") or given["train"]).file if prepared else "", reach)
    document = dataset_document(report, given, choices.wanted, prepared)
    if planned_asks is not None and prepared is not None:
        document = document.model_copy(
            update={"curation": curation_figures(settings.clean, settings.synthesis, planned_asks)}
        )
    findings = [*reach, *job_findings][:MOST_FINDINGS]
    return CheckedDataset(document, detector.kind(), choices, given, prepared, findings, planned_asks)


def _has_documents(
    choices: Choices, planned: PlannedAsks, documents: TakenDocuments | None, report: DatasetReport
) -> bool:
    """Whether a teacher has something to write about, which is told before anything costs; also where there is none."""
    synthesis = choices.settings.synthesis
    nothing = explain_nothing_to_write(synthesis, planned, files_read=documents is not None)
    if nothing is not None:
        report.add("run-settings", run_settings.FILE_NAME, nothing, pointer="/synthesis")
    return nothing is None


def _report_settings(choices: Choices, found: Sequence[SettingFinding], report: DatasetReport) -> None:
    """What is wrong in run.json, whatever the data is like."""
    for each in found:
        report.add("run-settings", run_settings.FILE_NAME, each.message, pointer=each.pointer)
    for each in doubtful_models(run_settings.asked_models(choices.settings)):
        if each.pointer not in {one.pointer for one in found}:
            report.add("job-settings", run_settings.FILE_NAME, each.message, pointer=each.pointer, remedy=_MODEL_ID)
    added = [("/system", choices.settings.system or "")]
    for finding in further_reserved_words(added, choices.model):
        report.add(finding.rule, run_settings.FILE_NAME, finding.message, pointer=finding.pointer)


def _add_files(
    unknown: Sequence[str], doubled: Sequence[Sequence[str]], documents: TakenDocuments | None, report: DatasetReport
) -> None:
    """Tells which files of the folder are left out; without a document there is nothing to write about."""
    for file_name in unknown:
        report.add("unknown-file", file_name, explain_unknown(file_name))
    for names in doubled:
        report.add("two-files", names[-1], f"{' and '.join(map(outside_text.name, names))} are of the same set.")
    if documents is None:
        return
    for path, reason in documents.left_out:
        report.add("unknown-file", path, WHY[reason], remedy=_DOCUMENT)
    if not documents.counts.used:
        where = f"{outside_text.name(documents.prefix)}*{', *'.join(DOCUMENT_ENDINGS)}"
        message = f"The folder has no document that can be written about ({where})."
        report.add("run-settings", run_settings.FILE_NAME, message, pointer="/synthesis/documents")


def _job_findings(choices: Choices, prepared: PreparedDataset | None, most_jobs: int) -> list[Finding]:
    if prepared is None:
        return settings_findings(choices, None, most_jobs=most_jobs)
    counts, parts = prepared.counts(), prepared.parts
    found = settings_findings(choices, counts, most_jobs=most_jobs, parts=parts)
    # With an error in them the run gets other candidates.
    if all(each.severity != "error" for each in found):
        found += curve_reach_findings(choices, counts, parts, len(set(prepared.test_groups)))
    return found


def _with_parts(prepared: PreparedDataset | None, given: Given, choices: Choices) -> PreparedDataset | None:
    """With the parts of the training set that a learning curve asks for; a model that exists is not trained on any."""
    curve = choices.settings.learning_curve
    if prepared is None or curve is None or choices.settings.custom_model is not None:
        return prepared
    asked = asked_sizes(curve, prepared.records("train"))
    return with_parts(prepared, given, choices.wanted, [each.records for each in asked])


def _metric_findings(choices: Choices, detector: TaskDetector) -> Iterator[SettingFinding]:
    """A kind or a metric that is set and says nothing of the answers: it would be told after the money is spent."""
    kind, metric = choices.settings.evaluation.task_kind, choices.settings.evaluation.gate.metric
    if kind and (unfitting := detector.explain_unfitting(kind)):
        yield SettingFinding("/evaluation/task_kind", unfitting)
    elif metric not in ("primary", WIN_RATE) and (
        meaningless := detector.explain_meaningless(metric, kind or detector.kind())
    ):
        yield SettingFinding("/evaluation/gate/metric", meaningless)


def _reach(given: Given, choices: Choices, prepared: PreparedDataset) -> list[Finding]:
    """What the test set can never show."""
    evaluation = choices.settings.evaluation
    wanted, share = evaluation.gate.smallest_gain, choices.settings.split.test
    split_groups = None if "test" in given else len(set(prepared.groups["train"]))
    if evaluation.gate.metric == WIN_RATE:
        pairs = len(set(prepared.test_groups))
        return test_pair_findings(pairs, evaluation.judged_pairs, wanted, split_groups=split_groups, share=share)
    return test_group_findings(prepared.test_groups, wanted, split_groups=split_groups, share=share)


def _check_files(
    files: GivenFiles, choices: Choices, report: DatasetReport, rules: Rules, listeners: _Listeners
) -> Given:
    given: Given = {}
    for name, place in files.places.items():
        file_name = PurePosixPath(place).name
        with files.opened(name) as file:
            if file is not None:
                given[name] = _check_file(file, name, file_name, choices, report, rules, listeners)
            elif name == "train":
                report.add("no-records", file_name, f"{place} does not exist any more.")
    return given


def _check_file(
    file: GivenFile,
    name: SetName,
    file_name: str,
    choices: Choices,
    report: DatasetReport,
    rules: Rules,
    listeners: _Listeners,
) -> RecordSet:
    if check_size(file.size_bytes, name, file_name, choices.model, report):
        conversion = run_settings.conversion(choices.settings)
        checked = check_set(
            file.stream,
            file_name,
            choices.model,
            report,
            conversion,
            rules=rules,
            on_record=partial(listeners.add, name),
            max_bytes=max_bytes(name, choices.model),
        )
    else:
        checked = RecordSet(file_name, size_bytes=file.size_bytes)
    checked.version_id = file.version_id
    return checked


def write_sets(
    files: GivenFiles,
    checked: CheckedDataset,
    prepared: PreparedDataset,
    open_set: Callable[[str], AbstractContextManager[LineSink]],
) -> list[bytes]:
    """Reads each file again, at the version that was checked, and writes each record to its set.

    A training record also goes to each part of the training set that has it.

    Returns the few-shot examples' lines. Raises ServiceBusy if a file is not the one that was checked.
    """
    conversion = run_settings.conversion(checked.choices.settings)
    examples = dict.fromkeys(prepared.examples, b"")
    with ExitStack() as stack:
        writers = {name: stack.enter_context(open_set(name)) for name in SET_NAMES if prepared.records(name)}
        parts = [stack.enter_context(open_set(part_name(size))) for size in prepared.parts.sizes]
        for name, read in checked.given.items():
            with files.opened(name, read.version_id) as file:
                if file is None:
                    raise ServiceBusy(f"{read.file} was deleted after it was checked: check the data set again.")
                lines = convert(file.stream, read, checked.choices.model, conversion)
                for place, (side, line) in enumerate(zip(prepared.sides[name], lines, strict=True)):
                    writers[SET_NAMES[side]].write(line)
                    if name != "train":
                        continue
                    for part in prepared.parts.having(place):
                        parts[part].write(line)
                    if place in examples:
                        examples[place] = line
    return list(examples.values())
