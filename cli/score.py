"""`fine-tune score`: a run's scoring, gate and page for answers from anywhere."""

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations, zip_longest
from pathlib import Path

from cli.answer_files import AnswerFile, AnswersRefusedError, ReadLine
from cli.folders import SCORE
from cli.validate import Opener, choose
from lambdas.domain.core.counted import counted
from lambdas.domain.dataset.formats import Record
from lambdas.domain.dataset.record_facts import MAX_RECORDS
from lambdas.domain.dataset.split.context import Context, context
from lambdas.domain.dataset.split.groups import group
from lambdas.domain.dataset.split.signature import Signature, sign
from lambdas.domain.dataset.told_answers import ToldAnswers
from lambdas.domain.evaluation.answers import MOST_ERRORS_PERCENT, UnansweredLine, describe_errors
from lambdas.domain.evaluation.arms import BASE, CHAMPION, TUNED, Arm, Arms
from lambdas.domain.evaluation.evaluate import evaluate
from lambdas.domain.evaluation.gate import Verdict
from lambdas.domain.report.arm_figures import summarise_arm, with_reductions
from lambdas.domain.report.error_list import find_errors
from lambdas.domain.report.errors_csv import errors_csv
from lambdas.domain.report.page import render_scores
from lambdas.domain.report.scored_report import Groups, ScoredFile, ScoredReport
from lambdas.domain.settings.run_settings import RunSettings
from local.output_folder import replaced

EXIT_STATUS: Mapping[Verdict, int] = {"promote": 0, "inconclusive": 3, "reject": 4}

_ARM = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_FEW_SHOT = re.compile(rf"({TUNED}|{BASE})-few-shot-(\d{{1,2}})")

Files = Mapping[str, AnswerFile]


def name_files(tuned: Path, base: Path, others: Sequence[str]) -> dict[str, AnswerFile]:
    """The files by arm; `others` are `name=file` each. Raises AnswersRefusedError."""
    files = {TUNED: AnswerFile(tuned), BASE: AnswerFile(base)}
    for given in others:
        name, separator, path = given.partition("=")
        if not separator or not path or not _ARM.fullmatch(name):
            raise AnswersRefusedError(f"--arm {given!r} is no name=file: a name has letters, digits and . _ - alone.")
        if name in files or name == CHAMPION:
            raise AnswersRefusedError(f"--arm {given!r}: there is an arm {name} already. Give each a name of its own.")
        files[name] = AnswerFile(Path(path))
    for file in files.values():
        if not file.path.is_file():
            raise AnswersRefusedError(
                f"There is no file {file.path}. It is read several times, so it cannot be a pipe."
            )
    for (first, one), (second, other) in combinations(files.items(), 2):
        if one.path.samefile(other.path):
            raise AnswersRefusedError(f"{one.path} is given for {first} and for {second}: each arm has its own file.")
    return files


def read_settings(path: Path | None) -> RunSettings:
    """The settings in a run.json; of them `evaluation.gate`, `evaluation.task_kind` and `system` are used.

    Raises AnswersRefusedError.
    """
    choices, found = choose(path)
    if found:
        raise AnswersRefusedError(f"{path}: {'; '.join(f'{one.pointer} {one.message}'.strip() for one in found)}")
    return choices.settings


@dataclass
class CheckedAnswers:
    """What one reading of all files tells: each record's group, each arm's errors, and what the prompts name."""

    groups: list[int]
    grouping: Groups
    errors: dict[str, Counter[str]]
    told: ToldAnswers


def check(files: Files, opener: Opener, system: str | None) -> CheckedAnswers:
    """Reads all files side by side, a record at a time. Raises AnswersRefusedError at the first line that is wrong.

    `system` is the system text that all prompts had.
    """
    errors, told = {arm: Counter[str]() for arm in files}, ToldAnswers()
    grouping, same_as_tuned = _Grouping(), {arm: arm != TUNED for arm in files}
    for rows in zip_longest(*(file.read(opener) for file in files.values())):
        lines = _require_lines(dict(zip(files, rows, strict=True)), files, len(grouping.numbers))
        prompt, reference = _require_same(lines, files)
        for arm, read in lines.items():
            if isinstance(read.line, UnansweredLine):
                errors[arm][read.line.error] += 1
        if prompt is not None and reference is not None:
            told.add(f"{system}\n{prompt}" if system else prompt, reference)
        grouping.add(lines, files, prompt, reference or "")
        for arm, same in same_as_tuned.items():
            same_as_tuned[arm] = same and lines[arm].line == lines[TUNED].line
    if not grouping.numbers:
        raise AnswersRefusedError(f"{files[TUNED].path} and all other files are empty: there is nothing to score.")
    for arm, same in same_as_tuned.items():
        if same:
            raise AnswersRefusedError(
                f"{files[TUNED].path} and {files[arm].path} have the same answers to all records: there is nothing to "
                "compare. Is one of them the wrong file?"
            )
    groups, made = grouping.finish()
    return CheckedAnswers(groups, made, errors, told)


def _require_lines(rows: Mapping[str, ReadLine | None], files: Files, record: int) -> dict[str, ReadLine]:
    """The lines of a record, where each file has one."""
    lines = {arm: read for arm, read in rows.items() if read is not None}
    ended = next((arm for arm in rows if arm not in lines), None)
    if ended is not None:
        longer, read = next(iter(lines.items()))
        raise files[longer].refused(
            read.number,
            f"{files[ended].path} has {counted(record, 'record')} and no such line. All files have a line for each "
            "record, in the "
            'same order; one without an answer is {"index", "error"}.',
        )
    return lines


def _require_same(lines: Mapping[str, ReadLine], files: Files) -> tuple[str | None, str | None]:
    """The record's prompt and reference, which are the same in all files that tell them."""
    found = []
    for key in ("prompt", "reference"):
        told = [(arm, read) for arm, read in lines.items() if getattr(read, key) is not None]
        for arm, read in told[1:]:
            first, theirs = told[0]
            if getattr(read, key) != getattr(theirs, key):
                raise files[arm].refused(
                    read.number,
                    f"The {key} differs from that in {files[first].path}, line {theirs.number}. All files have the "
                    "same records in the same order.",
                )
        found.append(getattr(told[0][1], key) if told else None)
    return found[0], found[1]


@dataclass
class _Grouping:
    """Collects the records' groups: those that the lines name, else what detection needs of prompts."""

    numbers: list[int | None] = field(default_factory=list)
    _named: dict[str, int] = field(default_factory=dict)
    _signatures: list[Signature] = field(default_factory=list)
    _contexts: list[Context] = field(default_factory=list)
    _ungrouped: tuple[AnswerFile, int] | None = None

    def add(self, lines: Mapping[str, ReadLine], files: Files, prompt: str | None, reference: str) -> None:
        """The next record."""
        name = _require_one_group(lines, files)
        if name is not None:
            self.numbers.append(self._named.setdefault(name, len(self._named)))
        else:
            self.numbers.append(None)
            if prompt is not None and self._ungrouped is None:
                self._ungrouped = next((files[arm], read.number) for arm, read in lines.items() if read.prompt)
        if self._named and self._ungrouped:
            file, number = self._ungrouped
            raise file.refused(number, "The record names no group, others do. Give each record one, or none.")
        if not self._named:
            self._keep(prompt, reference)

    def _keep(self, prompt: str | None, reference: str) -> None:
        """What detection needs; a record that nobody has answered is compared with nothing."""
        if len(self.numbers) > MAX_RECORDS:
            raise AnswersRefusedError(
                f"There are more than {MAX_RECORDS} records, too many to find those that share a context: name the "
                'group of each record ("group").'
            )
        record = Record(None, [prompt or "", reference])
        self._signatures.append(sign(record))
        self._contexts.append(context(record))

    def finish(self) -> tuple[list[int], Groups]:
        """Each record's group, and how many there are; records that nobody answered are groups of their own."""
        if self._named:
            lone = len(self._named)
            groups = [lone + place if known is None else known for place, known in enumerate(self.numbers)]
            return groups, Groups(count=len(self._named), source="given")
        groups = group(self._signatures, self._contexts)
        return groups, Groups(count=len(set(groups)), source="detected")


def _require_one_group(lines: Mapping[str, ReadLine], files: Files) -> str | None:
    """The group that the files name for a record."""
    named = [(arm, read) for arm, read in lines.items() if read.group is not None]
    for arm, read in named[1:]:
        if read.group != named[0][1].group:
            raise files[arm].refused(
                read.number, f"The group {read.group!r} is another than in {files[named[0][0]].path}."
            )
    return named[0][1].group if named else None


def score(files: Files, checked: CheckedAnswers, settings: RunSettings) -> ScoredReport:
    """The report. Raises AnswersRefusedError where the tuned model gave too few answers for any verdict."""
    arms, records = plan_arms(files), len(checked.groups)
    missing = {}
    for arm, found in checked.errors.items():
        described = describe_errors(found, records)
        if described is None:
            continue
        if arms[arm].model_id is None:
            raise AnswersRefusedError(
                f"{files[arm].path} has no answer to {described}. At most {MOST_ERRORS_PERCENT} % may be missing: no "
                "verdict could be trusted."
            )
        missing[arm] = f"No answer to {described}."
    evaluation = evaluate(files, arms, checked.groups, settings.evaluation, None, missing=missing, told=checked.told)
    figures = {
        arm: summarise_arm(
            counted,
            evaluation.means.get(arm, {}),
            model_id=files[arm].path.name,
            few_shot=arms[arm].few_shot,
            right=evaluation.right.get(arm),
            classification=evaluation.classifications.get(arm),
            fields=evaluation.fields.get(arm),
            missing=missing.get(arm),
        )
        for arm, counted in evaluation.figures.items()
    }
    return ScoredReport(
        arms=with_reductions(figures),
        task=evaluation.task,
        comparisons=evaluation.comparisons,
        decision=evaluation.decision,
        extremes=evaluation.extremes,
        groups=checked.grouping,
        files={
            arm: ScoredFile(
                file=file.path.name, records=records, errors=checked.errors[arm].total(), sha256=file.checksum()
            )
            for arm, file in files.items()
        },
    )


def plan_arms(files: Files) -> Arms:
    """The arms as the gate sees them: `base-few-shot-3` is the base with three examples, any other a model untuned."""
    arms: Arms = {}
    for name in files:
        shown = _FEW_SHOT.fullmatch(name)
        model, examples = (shown[1], int(shown[2])) if shown else (name, 0)
        arms[name] = Arm(model_id=None if model == TUNED else model, few_shot=examples)
    return arms


def save(report: ScoredReport, files: Files, folder: Path) -> None:
    """Writes report.json, report.html and errors.csv in place of an earlier scoring's."""
    with replaced(folder, SCORE) as partial:
        text = json.dumps(report.dump(), indent=2, ensure_ascii=False)
        (partial / "report.json").write_text(text + "\n", encoding="utf-8")
        (partial / "report.html").write_text(render_scores(report, files), encoding="utf-8")
        with (partial / "errors.csv").open("wb") as file:
            file.writelines(line + b"\n" for line in errors_csv(find_errors(report, files)))
