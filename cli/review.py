"""People's votes into a run's report: read a votes file, add it to report.json, and write report.html again."""

from pathlib import Path

from cli.run_folder import PREFIX, adapters_of
from cli.stored_report import NoReportError, parse_report
from lambdas.adapters.stores.stored_answers import arm_key
from lambdas.domain.core.errors import InvalidState
from lambdas.domain.core.run import report_key
from lambdas.domain.evaluation.judging.summary import Judging
from lambdas.domain.report import human_review
from lambdas.domain.report.human_review import PAIRS, with_review
from lambdas.domain.report.run_report import RunReport, SucceededReport
from lambdas.steps.report_file import write_report
from lambdas.steps.result_pages import read_materials, write_page
from local.output_folder import require_utf8


def add_votes(folder: Path, votes: Path) -> Judging:
    """Adds a reviewer's votes, in place of that reviewer's earlier ones, and returns the report's `judging`.

    Raises NoReportError, and VotesRejectedError where the file does not hold votes on this run's pairs.
    """
    require_utf8([folder, votes])
    report = _report(folder)
    judging = report.judging
    indexes = [pair.index for pair in judging.pairs if not pair.identical][:PAIRS]
    review = human_review.parse_votes(votes.read_bytes(), report.run_id, indexes)
    human_review.check_reviewer(
        review.reviewer, [judge.model_id for judge in judging.judges], [person.reviewer for person in judging.people]
    )
    _require_answers(folder, report)
    report = report.model_copy(update={"judging": with_review(judging, review)})
    adapters = adapters_of(folder)
    try:
        materials = read_materials("", PREFIX, list(report.arms), adapters=adapters)
        write_page("", PREFIX, report, materials, adapters=adapters)
    except InvalidState as error:
        raise NoReportError(f"{folder} has answers that this version of the project cannot read. {error}") from error
    write_report("", PREFIX, report, adapters=adapters)
    return report.judging


def _report(folder: Path) -> SucceededReport:
    path = folder / report_key(PREFIX)
    if not path.is_file():
        raise NoReportError(f"{path} does not exist: fetch the run's folder of the output bucket, or run `make demo`.")
    report = parse_report(path.read_bytes(), path, RunReport)
    if report.status != "succeeded":
        raise NoReportError(f"{path} is not of a run that succeeded: there is nothing to compare.")
    return parse_report(path.read_bytes(), path, SucceededReport)


def _require_answers(folder: Path, report: SucceededReport) -> None:
    files = [folder / arm_key(PREFIX, arm) for arm in report.arms]
    missing = [str(file) for file in files if not file.is_file()]
    if missing:
        raise NoReportError(f"Missing: {', '.join(missing)}. Fetch the run's whole folder of the output bucket.")
