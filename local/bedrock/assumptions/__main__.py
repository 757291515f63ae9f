"""Draws the register of assumptions in docs/simulated-bedrock.md, and checks the copy there.

python -m local.bedrock.assumptions                                    prints the tables
python -m local.bedrock.assumptions --write docs/simulated-bedrock.md  renews them between the markers
python -m local.bedrock.assumptions --check docs/simulated-bedrock.md  exits 1 if they are stale
"""

import argparse
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from local.bedrock.assumptions import UNSURE, Assumption, AssumptionSubject, Status, read_register

BEGIN, END = "<!-- assumptions:begin -->", "<!-- assumptions:end -->"


class StalePage(Exception):  # noqa: N818 - a state of affairs, told to a person
    """The file lacks the markers, or what stands between them is not the current register."""


def tables(subjects: tuple[AssumptionSubject, ...]) -> str:
    """A table of counts, and one for each subject, the assumptions that may be wrong first."""
    return "\n".join([*_counts(subjects), *(line for subject in subjects for line in _table(subject))]) + "\n"


def _counts(subjects: tuple[AssumptionSubject, ...]) -> Iterator[str]:
    yield f"| subject | {' | '.join(Status)} |"
    yield f"| --- |{' --- |' * len(Status)}"
    total: Counter[Status] = Counter()
    for subject in subjects:
        counts = Counter(each.status for each in subject.assumptions)
        total += counts
        yield f"| [{subject.title}](#{_anchor(subject)}) | {_row(counts)} |"
    yield f"| all | {_row(total)} |"


def _row(counts: Counter[Status]) -> str:
    return " | ".join(str(counts[status]) for status in Status)


def _anchor(subject: AssumptionSubject) -> str:
    return subject.title.lower().replace(" ", "-")


def _table(subject: AssumptionSubject) -> Iterator[str]:
    yield ""
    yield f"### {subject.title}"
    yield "| status | the project relies on | source, date | if it is wrong |"
    yield "| --- | --- | --- | --- |"
    for each in sorted(subject.assumptions, key=lambda each: list(Status).index(each.status), reverse=True):
        relies, otherwise = _cell(f"{each.statement} `{each.id}`"), _cell(each.if_wrong or "")
        yield f"| {_status(each)} | {relies} | {_cell(each.source)}, {each.date} | {otherwise} |"


def _status(assumption: Assumption) -> str:
    return f"**{assumption.status}**" if assumption.status in UNSURE else assumption.status


def _cell(text: str) -> str:
    return text.replace("|", r"\|")


def main(arguments: list[str] | None = None) -> None:
    """The command line; exits 1 where a page is stale or has no markers."""
    parser = argparse.ArgumentParser(
        prog="python -m local.bedrock.assumptions", description=(__doc__ or "").partition("\n")[0]
    )
    choice = parser.add_mutually_exclusive_group(required=True)
    choice.add_argument("--write", type=Path, metavar="FILE", help="renew the tables in this file")
    choice.add_argument("--check", type=Path, metavar="FILE", help="exit 1 if the tables in this file are stale")
    options = parser.parse_args(arguments)
    drawn = tables(read_register())
    try:
        if options.write:
            _write(options.write, drawn)
        else:
            _check(options.check, drawn)
    except StalePage as problem:
        sys.exit(str(problem))


def _write(page: Path, drawn: str) -> None:
    before, _, after = _split(page)
    page.write_text(f"{before}{BEGIN}\n{drawn}{END}{after}", encoding="utf-8")


def _check(page: Path, drawn: str) -> None:
    if _split(page)[1] != f"\n{drawn}":
        raise StalePage(f"{page} is stale. Renew it: make assumptions")


def _split(page: Path) -> tuple[str, str, str]:
    """What stands before, between and after the markers."""
    text = page.read_text(encoding="utf-8")
    before, begin, rest = text.partition(BEGIN)
    between, end, after = rest.partition(END)
    if not begin or not end:
        raise StalePage(f"{page} needs the markers {BEGIN} and {END}.")
    return before, between, after


if __name__ == "__main__":
    main()
