"""`fine-tune clean`: judges call the records of a data set correct or incorrect, on this machine."""

from collections.abc import Iterator
from pathlib import Path

from cli.curation import ReplyFile, cost_usd, expected_usd, read_all, read_set, write_json
from lambdas.domain.core.fact import Fact
from lambdas.domain.cost.price_file import Prices
from lambdas.domain.curation.asks import Ask, Replies
from lambdas.domain.curation.cleaning import (
    CleanedRecord,
    CleaningCounts,
    clean_asks,
    count_cleaning,
    judge_records,
    replies_about,
)
from lambdas.domain.curation.prompts import CHECKED_TOKENS, prompt_checksums
from lambdas.domain.curation.settings import CleanSettings
from lambdas.domain.report.removal_samples import tell_removal


class CleaningReport(Fact):
    """report.json of `fine-tune clean`; `cost_usd` is null where a price is not known."""

    cleaning: CleaningCounts
    settings: CleanSettings
    prompts: dict[str, str]
    cost_usd: float | None


def list_asks(folder: Path, clean: CleanSettings, replies: Replies) -> Iterator[Ask]:
    """What the judges must still be asked about the sets in the folder."""
    return clean_asks(read_all(folder), clean, replies)


def expected_cost(folder: Path, clean: CleanSettings, kept: ReplyFile, prices: Prices) -> tuple[int, float | None]:
    """How many asks are left, and about what they cost."""
    return expected_usd(list_asks(folder, clean, kept.replies), CHECKED_TOKENS, prices)


def save(folder: Path, clean: CleanSettings, kept: ReplyFile, prices: Prices, samples: Path) -> CleaningReport:
    """Writes cleaning.jsonl and report.json, and leaves removed records out of the folder's train.jsonl.

    Where a person must agree, some of these records are written to `samples` to look at.
    """
    judged = list(judge_records(read_all(folder), clean, kept.replies))
    _write_lines(folder / "cleaning.jsonl", judged)
    asked = {
        reply.id: reply
        for record in read_all(folder)
        for reply in replies_about(record, clean, kept.replies)
        if reply is not None
    }
    counts = count_cleaning(judged)
    if counts.needs_approval:
        samples.touch(mode=0o600)
        samples.write_text(tell_removal(lambda: judged, read_set(folder, "train")), errors="replace")
    _leave_out(folder / "train.jsonl", {each.index for each in judged if each.removed})
    report = CleaningReport(
        cleaning=counts,
        settings=clean,
        prompts=prompt_checksums(),
        cost_usd=cost_usd(asked.values(), prices),
    )
    write_json(folder / "report.json", report.dump())
    return report


def _write_lines(path: Path, lines: list[CleanedRecord]) -> None:
    with path.open("wb") as file:
        file.writelines(line.model_dump_json().encode() + b"\n" for line in lines)


def _leave_out(path: Path, removed: set[int]) -> None:
    if not removed:
        return
    cleaned = path.with_suffix(".cleaned")
    with path.open("rb") as source, cleaned.open("wb") as target:
        target.writelines(line for index, line in enumerate(source) if index not in removed)
    cleaned.replace(path)
