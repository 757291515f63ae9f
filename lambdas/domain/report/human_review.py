"""`human_review.html`: people judge pairs of answers without knowing which arm gave which; and their votes, read back.

The page is one file that works from disk and needs no network: it keeps votes in the browser and saves them as a JSON
file. It holds the answers as left and right alone; which arm is which follows from the run's id and is worked out again
when the votes are read, so neither the page nor the votes tell.

Texts are JSON in a data block and are put into the page as text, never as HTML; the page's policy allows its own script
by checksum and nothing else.
"""

import base64
import hashlib
import unicodedata
from collections.abc import Iterable, Sequence
from importlib.resources import files
from typing import Literal, NamedTuple

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from lambdas.domain.core.outside_text import is_visible, name
from lambdas.domain.evaluation.judging.pairwise import Pair, Preference
from lambdas.domain.evaluation.judging.summary import (
    Judging,
    find_agreements,
    mean_kappa,
    summarise_votes,
)

PAIRS = 50
FORMAT: Literal["fine-tune-votes-1"] = "fine-tune-votes-1"


class VotesRejectedError(ValueError):
    """A file is not the votes on this run's review; the message says why and what to do."""


class Vote(BaseModel):
    """A person's vote on one record."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, defer_build=True)

    index: int = Field(ge=0)
    choice: Literal["left", "right", "tie"]


class Votes(BaseModel):
    """What the page saves; pairs without a vote are missing."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, defer_build=True)

    format: Literal["fine-tune-votes-1"]
    run_id: str = Field(min_length=1, max_length=200)
    reviewer: str = Field(min_length=1, max_length=80)
    votes: list[Vote] = Field(min_length=1, max_length=PAIRS)


class Review(NamedTuple):
    """One reviewer's preferences by record: "win", "loss" or "neither", seen from the arm."""

    reviewer: str
    preferences: dict[int, Preference]


def render_review(run_id: str, pairs: Sequence[Pair], *, simulated: bool) -> str:
    """The page for the first 50 of these pairs, in an order and on sides that follow from the run's id.

    Pairs come from `judging.choose_records`, so that people see a part of what the judges saw.
    """
    shown = sorted(pairs[:PAIRS], key=lambda pair: _digest(run_id, "order", pair.index))
    data = {
        "format": FORMAT,
        "run_id": run_id,
        "pairs": [
            {"index": pair.index, "task": pair.task, "reference": pair.reference, "left": left, "right": right}
            for pair in shown
            for left, right in [_sides(run_id, pair)]
        ],
    }
    # A cold start pays for the template engine only where it is needed.
    from markupsafe import Markup  # noqa: PLC0415

    from lambdas.domain.report.templates import environment  # noqa: PLC0415

    script = files(__package__ or "").joinpath("templates", "human_review.js").read_text(encoding="utf-8")
    return (
        environment()
        .get_template("human_review.html.j2")
        .render(
            run_id=run_id,
            pairs=len(shown),
            simulated=simulated,
            script=Markup(script),  # noqa: S704 - our own file, with nothing put into it
            script_checksum=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
            data=Markup(data_block(data)),  # noqa: S704 - made safe by data_block
        )
    )


def data_block(data: object) -> str:
    """A value as JSON fit for a script element: without `<`, no text can end the element or open a comment."""
    return orjson.dumps(data).decode().replace("<", "\\u003c")


def parse_votes(content: bytes, run_id: str, indexes: Sequence[int]) -> Review:
    """A reviewer's preferences; `indexes` are the records that the run's review has.

    Raises VotesRejectedError where the file is not what the page saves, is of another run, or votes on a record that
    the review does not have, or twice.
    """
    try:
        votes = Votes.model_validate_json(content)
    except ValidationError as error:
        fault = error.errors()[0]
        place = name("/".join(str(part) for part in fault["loc"])) or "the file"
        raise VotesRejectedError(
            f"These are not votes as human_review.html saves them: {place}: {fault['msg']}. Save them again."
        ) from error
    if votes.run_id != run_id:
        raise VotesRejectedError(f"These votes are on run {name(votes.run_id)}, not on {run_id}.")
    voted = [vote.index for vote in votes.votes]
    unknown, repeated = set(voted) - set(indexes), len(set(voted)) < len(voted)
    if unknown:
        shown = name(str(sorted(unknown)))
        raise VotesRejectedError(f"There are votes on records that this review does not have: {shown}.")
    if repeated:
        raise VotesRejectedError("There are several votes on one record. Save them again.")
    return Review(votes.reviewer, {vote.index: _preference(run_id, vote) for vote in votes.votes})


def check_reviewer(reviewer: str, judges: Iterable[str], reviewers: Iterable[str]) -> None:
    """Raises VotesRejectedError where people could take the reviewer for a judge or for another reviewer.

    `reviewers` are those who have voted before; one of exactly the same name votes anew.
    """
    if not reviewer.strip() or not all(map(is_visible, reviewer)):
        raise VotesRejectedError(
            f"The reviewer's name {name(reviewer)!r} is blank or has characters that cannot be seen. Correct it, and "
            "save the votes again."
        )
    if _compared_name(reviewer) in map(_compared_name, judges):
        raise VotesRejectedError(
            f"The reviewer's name {name(reviewer)} is that of a judge. Give your own name and save the votes again."
        )
    for other in reviewers:
        if other != reviewer and _compared_name(other) == _compared_name(reviewer):
            raise VotesRejectedError(
                f"The reviewer's name {name(reviewer)} can be taken for {name(other)}, who has voted before. Write it "
                "in the same way to replace those votes, or give another name."
            )


def with_review(judging: Judging, review: Review) -> Judging:
    """The report's `judging` with a reviewer's votes in the place of that reviewer's earlier ones.

    Each two raters' agreement is worked out anew; `kappa` stays that between judges.
    """
    people = [person for person in judging.people if person.reviewer != review.reviewer]
    people.append(summarise_votes(review.reviewer, review.preferences))
    judged = {
        judge.model_id: {
            pair.index: pair.preferences[judge.model_id] for pair in judging.pairs if judge.model_id in pair.preferences
        }
        for judge in judging.judges
    }
    voted = {person.reviewer: {int(index): one for index, one in person.preferences.items()} for person in people}
    return judging.model_copy(
        update={
            "people": people,
            "agreements": find_agreements({**judged, **voted}),
            "kappa": mean_kappa(find_agreements(judged)),
        }
    )


def _compared_name(text: str) -> str:
    """What two names that look alike have in common: compatible forms, case and invisible characters apart."""
    seen = "".join(filter(is_visible, unicodedata.normalize("NFKC", text).casefold()))
    return " ".join(unicodedata.normalize("NFKC", seen).split())


def _sides(run_id: str, pair: Pair) -> tuple[str, str]:
    return (pair.arm, pair.against) if _arm_is_left(run_id, pair.index) else (pair.against, pair.arm)


def _preference(run_id: str, vote: Vote) -> Preference:
    if vote.choice == "tie":
        return "neither"
    return "win" if (vote.choice == "left") == _arm_is_left(run_id, vote.index) else "loss"


def _arm_is_left(run_id: str, index: int) -> bool:
    return _digest(run_id, "side", index)[0] < 128


def _digest(run_id: str, purpose: str, index: int) -> bytes:
    return hashlib.sha256(f"{run_id}\n{purpose}\n{index}".encode()).digest()
