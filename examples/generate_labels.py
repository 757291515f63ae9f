"""Writes labels/train.jsonl: support tickets, each of one of twelve categories that the system text names.

    python examples/generate_labels.py > examples/labels/train.jsonl

The same seed gives the same bytes. A ticket says in one to three sentences what it is about, and often what it is not
about. The system text describes each category in a few words, so that a model without tuning can tell many of them
apart; the customers have other words for most things, and some of them fit several categories.
"""

import json
import random
import sys
from collections.abc import Iterator, Sequence
from typing import Any

SEED = 20261128
TICKETS = 600

# Each category with its description, with what it is about, what happened, and what the customer wants.
CATEGORIES: dict[str, tuple[str, str, str, str]] = {
    "billing": (
        "wrong charges and invoices",
        "my last statement|the invoice for {product}|a charge of {amount}|the VAT on your bill|"
        "the {amount} you took|a double payment",
        "I was charged twice|the sum is {amount} too high|you took the money a second time|"
        "the price is not the agreed one|"
        "a fee appears that nobody mentioned|the total does not add up",
        "send a corrected bill|explain the charge|take the fee off|tell me what this sum is for",
    ),
    "refund": (
        "money back after a return or cancellation",
        "the return of {product}|my reimbursement|{amount} that you owe me|the money for {product}|what I sent back",
        "I sent it back weeks ago|nothing has reached my bank|you confirmed the return in {month}|"
        "the money still has not come|"
        "I cancelled before it was posted|I gave it back at the counter",
        "pay the {amount} back|tell me when the money arrives|reimburse me|return what I paid",
    ),
    "delivery": (
        "late, lost or wrong shipments",
        "the parcel with {product}|your courier|the tracking of my package|a shipment from {month}|where {product} is",
        "the driver left it with a stranger|tracking has not moved for nine days|it should have been here in {month}|"
        "I got someone else's box|the courier says that it is lost|nobody rang the bell",
        "find the parcel|send it again|tell me when it arrives|ask the courier",
    ),
    "damaged item": (
        "goods that arrive broken",
        "the state of {product}|a crack in {product}|broken glass|the dent in {product}|{product} in pieces",
        "the box was crushed|it was scratched when I unpacked it|one side is dented|glass fell out of the box|"
        "it came in pieces|it does not switch on",
        "send an undamaged one|replace the broken part|come and fetch the pieces|look at my photographs",
    ),
    "account access": (
        "login, password and locked accounts",
        "my login|the password for your site|a locked profile|signing in|the code on my phone",
        "the code never reaches me|it throws me out each time|it says that the password is wrong|"
        "I was locked out after three attempts|"
        "the reset link is dead|I forgot which email I used",
        "unlock my profile|reset the password|let me in again|send a new code",
    ),
    "technical fault": (
        "errors and crashes of the app or site",
        "error {number}|a crash of your app|the search on your site|a white page at the checkout|"
        "pictures that do not load",
        "the page freezes|it closes by itself|nothing happens when I press the button|I see error {number} each time|"
        "it does not work since the update|the basket empties itself",
        "repair the app|tell your developers|say when it works again|fix the page",
    ),
    "product question": (
        "features, sizes and compatibility",
        "the size of {product}|what {product} is made of|the battery of {product}|using {product} outdoors|"
        "the colours of {product}",
        "I could not find the measurements|the page does not say which voltage it takes|"
        "I am 1.80 metres tall|I have the older model|"
        "I wonder whether it is real leather|I need one for the rain",
        "tell me whether it fits|say which size I need|let me know how long it lasts|confirm that it is waterproof",
    ),
    "subscription": (
        "plans, renewals and cancelling them",
        "my monthly plan|the membership|the renewal in {month}|my yearly plan|the box that I get each month",
        "it was extended although I had ended it|I hardly use it any more|I want two people on one plan|"
        "it renews in {month}|"
        "I am moving abroad|I would rather pay once a year",
        "end my membership|pause the box|change me to the monthly plan|let it end in {month}",
    ),
    "order change": (
        "changes to an order before it ships",
        "what I bought this morning|the order of {product}|the address on my order|the colour that I chose|"
        "my order from {month}",
        "I typed the wrong house number|I need two, not one|I took the blue one by mistake|I will be away that week|"
        "it has not left you yet|I forgot the gift card",
        "send it to my office instead|swap it for the red one|add one more|leave {product} out of it",
    ),
    "warranty": (
        "repairs within the guarantee",
        "the repair of {product}|the motor of {product}|my guarantee|a hinge that came off|the two years of cover",
        "it stopped working after half a year|the motor died|I have lost the receipt|it does not switch on any more|"
        "the hinge came off|a shop wants {amount} for the repair",
        "mend it|tell me whether it is covered|repair it under the guarantee|say where I can bring it",
    ),
    "privacy": (
        "personal data and unwanted mail",
        "your newsletter|what you store about me|my phone number|my old mailbox|my personal data",
        "I opted out three times|strangers have my number|my neighbour can see my address|I never agreed to this|"
        "the mails go on|somebody passed it on",
        "delete all that you know about me|stop writing to me|send me a copy of it|tell me who has it",
    ),
    "praise": (
        "thanks and compliments",
        "{product}|your colleague on the phone|the note in the box|how you helped me|your shop",
        "it is the best that I ever had|she was wonderful|you solved it so fast|it came a day early|"
        "my whole family loves it|"
        "it made my day",
        "thank her from me|keep it up|tell the whole team|stay as you are",
    ),
}
# The same frames for all categories: the words in them decide nothing.
ABOUT = (
    "I am writing about {0}.", "This is about {0}, once more.", "My question concerns {0}.",
    "It is {0} that I write for today.",
    "Somebody in {city} told me to ask you about {0}.", "A word on {0}, if I may.",
    "Today in {city} I thought again of {0}.",
)  # fmt: skip
HAPPENED = (
    "As it stands, {0}.", "In {month} I noticed: {0}.", "To be short, {0}.", "My {relative} saw it as well: {0}.",
    "You should know that {0}.",
    "Believe it or not, {0}.", "Since {month} or so, {0}.", "What I can say is that {0}.",
)  # fmt: skip
WANTED = (
    "Could you {0}?", "I would ask you to {0}.", "Please {0} before {month}.", "The best would be to {0}.",
    "If you can, {0}.",
    "My {relative} says that you should {0}.", "All that I want is that you {0}.",
)  # fmt: skip
OPENINGS = (
    "Hello,",
    "Hi there,",
    "Dear team,",
    "Good morning,",
    "Hello from {city},",
    "Hi, me again,",
    "Dear all,",
    "",
)
CLOSINGS = (
    "Kind regards, {name}",
    "Thanks, {name}",
    "{name}, {city}",
    "Yours, {name}",
    "{name}",
    "Customer {number}",
    "",
)
# What the ticket is not about: another category's matter.
ASIDES = (
    "By the way, this is not about {0}.", "Last {month} it was {0}, which you solved.", "{0} is another matter.",
    "My {relative} will write to you about {0}.",
)  # fmt: skip
SMALL_TALK = (
    "I live in {city} and have known you since {year}.", "My {relative} and I like your shop in {city}.",
    "It rains in {city} today.",
    "I wrote to {name} in {month}.", "My number is {number}.", "I am away from {month} on.",
    "We met your people in {city} in {year}.",
    "My {relative} told me in {month} that you are quick.", "You have {number} customers, I read.",
)  # fmt: skip
WORDS = {
    "product": ("the kettle", "the desk lamp", "the rucksack", "the headphones", "the coffee machine",
                "the garden chair", "the tent", "the keyboard", "the winter coat", "the mixer", "the bicycle light",
                "the watch"),
    "month": ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October"),
    "city": ("Leeds", "Porto", "Graz", "Lyon", "Gdansk", "Turku", "Ghent", "Bologna", "Malmo", "Cork"),
    "relative": ("wife", "husband", "son", "daughter", "neighbour", "sister", "brother", "boss", "flatmate", "aunt"),
    "name": ("A. Lindqvist", "Maria P.", "Tom Okafor", "J. Haas", "Ines", "R. Novak", "Sven", "Priya D.", "Lucy W."),
}  # fmt: skip


def records(
    seed: int = SEED, tickets: int = TICKETS, labels: Sequence[str] = tuple(CATEGORIES)
) -> Iterator[dict[str, Any]]:
    """The data set's records; categories are drawn, some more often than others."""
    system = "You sort support tickets. Reply with the category alone, which is one of:\n" + "\n".join(
        f"- {label}: {CATEGORIES[label][0]}" for label in labels
    )
    # Chosen words need no secrecy, but the same bytes each time.
    draw = random.Random(seed)  # noqa: S311
    weights = [3 + place % 3 for place in range(len(labels))]
    for _ in range(tickets):
        [label] = draw.choices(labels, weights)
        yield {
            "system": system,
            "messages": [
                {"role": "user", "content": ticket(draw, label)},
                {"role": "assistant", "content": label},
            ],
        }


def ticket(draw: random.Random, label: str) -> str:
    """A ticket: one to three sentences on its matter, one or two that decide nothing, in any order."""
    _, about, happened, wanted = CATEGORIES[label]
    matters = [(ABOUT, about), (HAPPENED, happened), (WANTED, wanted)]
    sentences = [write(draw, *matter) for matter in draw.sample(matters, k=draw.choice((1, 2, 2, 3)))]
    other = draw.choice([each for each in CATEGORIES if each != label])
    beside = [(ASIDES, CATEGORIES[other][1]), (SMALL_TALK, "")]
    sentences += [write(draw, *each) for each in draw.sample(beside, k=draw.choice((1, 2)))]
    draw.shuffle(sentences)
    parts = [fill(draw, draw.choice(OPENINGS)), *sentences, fill(draw, draw.choice(CLOSINGS))]
    return " ".join(part for part in parts if part)


def write(draw: random.Random, frames: tuple[str, ...], matters: str) -> str:
    """One of the matters in one of the frames."""
    text = draw.choice(frames).replace("{0}", draw.choice(matters.split("|")))
    return fill(draw, text[0].upper() + text[1:])


def fill(draw: random.Random, text: str) -> str:
    """The text with words and figures in its places."""
    chosen = {kind: draw.choice(words) for kind, words in WORDS.items()}
    amount, number = f"{draw.randint(5, 400)}.{draw.randint(10, 99)} euros", draw.randint(100, 9999)
    return text.format(**chosen, amount=amount, number=number, year=draw.randint(2012, 2025))


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8", newline="\n")  # type: ignore[union-attr] # a console's stream has it
    for record in records():
        sys.stdout.write(json.dumps(record, ensure_ascii=False) + "\n")
