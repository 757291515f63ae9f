"""`arms.json` and `index.html`: the four arms of two runs, beside the post's figures; and people's votes on them."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from jinja2 import ChoiceLoader, PackageLoader
from pydantic import ValidationError
from rich.table import Table

from cli.seeds.arms.judging import PEOPLES
from cli.seeds.arms.table import ArmsTable, JudgedRival
from cli.seeds.cited import Cited
from cli.stored_report import NoReportError
from lambdas.domain.evaluation.comparisons import Comparison
from lambdas.domain.evaluation.judging.summary import JudgeSummary, ReviewerSummary
from lambdas.domain.report.human_review import VotesRejectedError, check_reviewer, parse_votes, with_review
from lambdas.domain.report.templates import environment, label, metric_name
from local.output_folder import replace_file
from local.terminal import Console

PAGE, TABLE = "index.html", "arms.json"


def write_table(folder: Path, table: ArmsTable, cited: Cited) -> None:
    """Writes both files."""
    replace_file(folder / TABLE, table.model_dump_json(indent=2) + "\n")
    replace_file(folder / PAGE, render(table, cited))


def read_table(folder: Path) -> ArmsTable:
    """What an earlier command wrote. Raises NoReportError."""
    path = folder / TABLE
    try:
        return ArmsTable.model_validate_json(path.read_bytes())
    except OSError:
        raise NoReportError(f"{path} does not exist: run `make seeds POST=002` first.") from None
    except ValidationError as error:
        raise NoReportError(f"{path} is not what this version writes: run `make seeds POST=002` again.") from error


def with_votes(table: ArmsTable, votes: bytes) -> ArmsTable:
    """The table with a person's votes on one of the three pages. Raises VotesRejectedError."""
    rejected: VotesRejectedError | None = None
    for place, rival in enumerate(table.judged):
        indexes = [pair.index for pair in rival.judging.pairs if not pair.identical][:PEOPLES]
        try:
            review = parse_votes(votes, rival.review_id, indexes)
        except VotesRejectedError as error:
            # A file names the page that it is of: one of the three takes it, or none.
            rejected = error
            continue
        judging = rival.judging
        names = [judge.model_id for judge in judging.judges], [person.reviewer for person in judging.people]
        check_reviewer(review.reviewer, *names)
        voted = rival.model_copy(update={"judging": with_review(judging, review)})
        return table.model_copy(update={"judged": [*table.judged[:place], voted, *table.judged[place + 1 :]]})
    raise rejected or VotesRejectedError("The table has no pages to vote on.")


def render(table: ArmsTable, cited: Cited) -> str:
    """The page."""
    pages = environment().overlay(
        loader=ChoiceLoader([PackageLoader("cli.seeds"), PackageLoader("lambdas.domain.report")])
    )
    return pages.get_template("arms.html.j2").render(
        table=table, cited=cited, post=cited.arms, metric=metric_name(table.metric), peoples=PEOPLES, raters=raters
    )


def raters(rival: JudgedRival) -> Sequence[JudgeSummary | ReviewerSummary]:
    """Judges, then people."""
    return [*rival.judging.judges, *rival.judging.people]


def tell_table(console: Console, table: ArmsTable) -> None:
    """The arms, the paired differences, and what judges prefer."""
    name = metric_name(table.metric)
    arms = Table("arm", "records", "synthetic", name, "95 % interval", title="The four arms", title_justify="left")
    for each in table.arms:
        interval = "-" if each.interval is None else f"{each.interval[0]:.1f} to {each.interval[1]:.1f}"
        score = "-" if each.score is None else f"{each.score:.1f}"
        arms.add_row(each.arm, f"{each.records:,}", f"{each.synthetic:,}", score, interval)
    console.print(arms)
    for told in (*map(_tell_difference, table.comparisons), *_tell_raters(table)):
        console.write_line(told)


def _tell_difference(found: Comparison) -> str:
    between = f"{found.arm} against {found.against}: {found.difference:+.1f} points"
    if found.interval is None:
        return f"{between}, too few groups for an interval."
    low, high = found.interval
    chance = ", which may be chance" if low <= 0 <= high else ""
    return f"{between} ({low:+.1f} to {high:+.1f}){chance}."


def _tell_raters(table: ArmsTable) -> Iterator[str]:
    for rival in table.judged:
        for each in raters(rival):
            name = label(each.model_id) if isinstance(each, JudgeSummary) else f"{each.reviewer} (a person)"
            rate = "no pair decided" if each.win_rate is None else f"{each.win_rate:.1f} % of decided pairs"
            yield (
                f"{name} prefers few with synthetic to {rival.against} in {rate}: {each.wins} won, {each.losses} lost, "
                f"{each.ties} tied of {each.pairs}."
            )
