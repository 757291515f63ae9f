"""Writes json/train.jsonl: short business letters, each with the fields that a JSON object is to have.

    python examples/generate_json.py > examples/json/train.jsonl

The same seed gives the same bytes. The system text describes the keys. Letters name a second company, a second date
and a second figure as well, so that not each company is the sender; some name no amount, which is null then.
"""

import json
import random
import sys
from collections.abc import Iterator
from typing import Any

SEED = 20261128
LETTERS = 420

SYSTEM = (
    "Read the letter and reply with a JSON object alone. Its keys are:\n"
    "- sender: the company that writes\n"
    "- kind: one of invoice, reminder, order, complaint\n"
    "- reference: the code of the letter\n"
    "- date: the date of the letter, as it is written there\n"
    "- amount: the amount of money that the letter is about, as a number, or null where there is none"
)
FIRST = (
    "Alder",
    "Bright",
    "Castle",
    "Dove",
    "Elm",
    "Fern",
    "Grey",
    "Harrow",
    "Ink",
    "Juniper",
    "Kestrel",
    "Lark",
    "Mill",
)
SECOND = ("brook", "water", "field", "gate", "stead", "ridge", "mouth", "wick", "combe", "haven")
TRADES = (
    "Foods",
    "Tools",
    "Logistics",
    "Textiles",
    "Software",
    "Paper",
    "Marine",
    "Ceramics",
    "Dairies",
    "Instruments",
)
MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
GOODS = (
    "twelve pallets of tiles", "forty boxes of paper", "two pumps", "a set of valves", "nine crates of pears",
    "the new scanner",
    "six desks", "a year of support", "the spare blades", "three rolls of felt", "the lamps for the hall",
    "eighty filters",
)  # fmt: skip
TOWNS = ("Porto", "Graz", "Lyon", "Gdansk", "Turku", "Ghent", "Bologna", "Malmo", "Cork", "Leeds", "Basel", "Riga")
# What each kind of letter says; a kind shares words with others.
BODIES: dict[str, tuple[str, ...]] = {
    "invoice": (
        "We charge {money} for {goods}.", "For {goods}, delivered to {town}, the price is {money}.",
        "Please pay {money} for {goods} within {days} days.", "{goods} went to {town}; {money} are due in {days} days.",
    ),
    "reminder": (
        "Our books still show {money} for {goods}.", "We have not yet received {money} for {goods} sent to {town}.",
        "{money} for {goods} are overdue by {days} days.", "May we ask once more for {money}, due for {goods}.",
    ),
    "order": (
        "Kindly send {goods} to {town} for {money}.", "We would like {goods} at {money}, to arrive in {days} days.",
        "Please put us down for {goods}.", "Our people in {town} need {goods} within {days} days.",
    ),
    "complaint": (
        "{goods} came to {town} with dents.", "Half of {goods} is missing, and we want {money} back.",
        "{goods} stopped working after {days} days.",
        "We are not content with {goods}, which arrived {days} days late.",
    ),
}  # fmt: skip
HEADS = (
    "{sender}, {town}. {date}. Our code is {code}.",
    "{date}. This comes from {sender} and is for {other}; the code is {code}.",
    "Letter {code} of {sender}, written on {date}.",
    "Dear people of {other}, on {date} {sender} writes to you. Code: {code}.",
    "{town}, {date}, {sender}, {code}.",
)  # fmt: skip
MIDDLES = (
    "We spoke about it on {day}.", "Your colleague at {other} knows of it.", "Your last letter came on {day}.",
    "The files of {other} say the same.", "Our agent in {town} will call you.",
    "It follows our talk of {day} in {town}.",
)  # fmt: skip
ENDS = (
    "Yours, {name}", "Kind regards, {name}, {sender}", "{name} for {sender}", "With best wishes to {other}, {name}",
    "{name}, {town}",
)  # fmt: skip
NAMES = ("A. Lindqvist", "M. Pereira", "T. Okafor", "J. Haas", "I. Costa", "R. Novak", "S. Berg", "P. Das", "L. West")


def records() -> Iterator[dict[str, Any]]:
    """The data set's records."""
    # Chosen words need no secrecy, but the same bytes each time.
    draw = random.Random(SEED)  # noqa: S311
    for _ in range(LETTERS):
        text, fields = letter(draw)
        yield {
            "system": SYSTEM,
            "messages": [
                {"role": "user", "content": text},
                {"role": "assistant", "content": json.dumps(fields)},
            ],
        }


def letter(draw: random.Random) -> tuple[str, dict[str, Any]]:
    """A letter and its fields."""
    kind = draw.choice(list(BODIES))
    body = draw.choice(BODIES[kind])
    cents = draw.choice((0, draw.randint(1, 9) * 10 + draw.randint(1, 9)))
    amount = round(draw.randint(40, 990) + cents / 100, 2)
    money = f"{amount:.2f}" if cents else f"{amount:.0f}"
    words = {
        "sender": company(draw),
        "other": company(draw),
        "date": day(draw),
        "day": day(draw),
        "code": f"{draw.choice('ABKRTX')}{draw.choice('ELNOU')}-{draw.randint(10, 99)}-{draw.randint(10, 99)}",
        "goods": draw.choice(GOODS),
        "town": draw.choice(TOWNS),
        "days": draw.randint(3, 60),
        "money": draw.choice(("{0} euros", "EUR {0}")).format(money),
        "name": draw.choice(NAMES),
    }
    parts = [draw.choice(HEADS), *draw.sample([body, draw.choice(MIDDLES)], k=2), draw.choice(ENDS)]
    filled = [part.format(**words) for part in parts]
    text = "\n".join(part[0].upper() + part[1:] for part in filled)
    fields = {
        "sender": words["sender"],
        "kind": kind,
        "reference": words["code"],
        "date": words["date"],
        "amount": (amount if cents else int(amount)) if "{money}" in body else None,
    }
    return text, fields


def company(draw: random.Random) -> str:
    """The name of a company that does not exist."""
    return f"{draw.choice(FIRST)}{draw.choice(SECOND)} {draw.choice(TRADES)}"


def day(draw: random.Random) -> str:
    """A date as letters have it."""
    return f"{draw.randint(1, 28)} {draw.choice(MONTHS)} {draw.randint(2022, 2025)}"


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8", newline="\n")  # type: ignore[union-attr] # a console's stream has it
    for record in records():
        sys.stdout.write(json.dumps(record, ensure_ascii=False) + "\n")
