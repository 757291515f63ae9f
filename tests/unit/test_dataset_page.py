"""`dataset/report.html`: what people look at before they pay."""

import re
from pathlib import Path

from lambdas.domain.report.dataset_page import ONLY_STRUCTURE, GroupSize, count_group_sizes, list_findings, share_labels
from tests.unit.dataset_pages import checked, page_of, tickets

ATTACK = "</pre><script>alert(1)</script>"


def text_of(page: str) -> str:
    """The words of a page, without its style and pictures."""
    bare = re.sub(r"<style>.*?</style>|<svg.*?</svg>", "", page, flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]*>", " ", bare).split())


def test_an_accepted_data_set_is_shown_with_counts_lengths_labels_groups_and_samples(tmp_path: Path) -> None:
    """The picture of a data set on one page."""
    made = checked(tmp_path, tickets(240))
    page = page_of(made)
    text = text_of(page)
    assert "Accepted: a run would train on it" in text
    assert "240 records, 0 errors" in text
    assert f"Training {made.document.records.train} records" in text
    assert "tickets.jsonl, line 1: converted from prompt/completion to bedrock-conversation-2024" in text
    assert "user Name billing, delivery or returns. Customer0" in text
    assert "assistant billing As it came" in text
    assert "billing 80 33.3 % delivery 80 33.3 % returns 80 33.3 %" in text
    assert "Records in a group Groups 2 120" in text
    assert "No record repeats another one." in text
    assert len(re.findall("<svg", page)) == 2
    assert "Tokens of a prompt" in page
    assert "in each of 5 epochs" in text


def test_a_refused_data_set_is_shown_with_each_finding_and_what_to_do(tmp_path: Path) -> None:
    """Errors first and open; where nothing was split there are no groups to tell of."""
    lines: list[dict[str, str] | str] = [*tickets(60), {"prompt": "no answer"}, "{", tickets(1)[0]]
    page = page_of(checked(tmp_path, lines))
    text = text_of(page)
    assert "Refused: a run would start nothing" in text
    assert "tickets.jsonl, line 61: completion is missing." in text
    assert "tickets.jsonl, line 62: Not JSON" in text
    assert "What to do: Add the key" in text
    assert text.index("A key is missing (1)") < text.index("A record occurs twice (1)")
    assert len(re.findall("<details open>", page)) == 2
    assert "duplicate-record 1: the same prompt and the same answer as an earlier record" in text
    assert "Groups are looked for once the data set has no errors." in text


def test_a_file_without_any_record_has_a_page_too(tmp_path: Path) -> None:
    """Whoever uploaded it looks there first."""
    text = text_of(page_of(checked(tmp_path, [])))
    assert "The file has no records" in text
    assert "No record could be read." in text


def test_a_check_of_the_structure_alone_claims_nothing_of_what_it_did_not_look_at(tmp_path: Path) -> None:
    """Else a page without duplicates would say that there are none."""
    text = text_of(page_of(checked(tmp_path, [*tickets(60), tickets(1)[0]], rules="structure")))
    assert "Accepted" in text
    assert text.count(ONLY_STRUCTURE) == 3
    assert "No record repeats" not in text


def test_texts_of_the_data_set_are_nothing_that_a_browser_executes(tmp_path: Path) -> None:
    """File names, labels, records and the messages that quote them."""
    lines = [{**each, "prompt": ATTACK + each["prompt"]} for each in tickets(120)]
    lines += [{"prompt": f"{ATTACK} {n * 7919}", "completion": ATTACK} for n in range(60)]
    page = page_of(checked(tmp_path, [*lines, {ATTACK: "x"}], name="<b onload=x>.jsonl"))
    assert "<script" not in page
    assert "<b " not in page
    assert "&lt;script&gt;" in page


def test_examples_of_a_rule_stand_with_the_remedy_that_is_theirs(tmp_path: Path) -> None:
    """A rule has one remedy or several: each follows its examples."""
    document = checked(tmp_path, [*tickets(60), *({"prompt": f"n{n}"} for n in range(30))]).document
    [missing] = [each for each in list_findings(document) if each.rule == "missing-key"]
    assert missing.times == 30
    [(remedy, examples)] = missing.examples
    assert (len(examples), examples[0].remedy) == (20, remedy)


def test_many_labels_and_many_group_sizes_are_pooled(tmp_path: Path) -> None:
    """The page stays short."""
    rows = [
        {"prompt": f"Case {n} customer{n * 7919} order{n * 104729}", "completion": f"label {n % 50}"}
        for n in range(400)
    ]
    made = checked(tmp_path, rows)
    assert len(share_labels(made.document)) == 30
    assert "20 further labels are rarer." in text_of(page_of(made))
    assert made.prepared is not None
    numbers = [size for size in range(1, 13) for _ in range(size)]
    sizes = count_group_sizes(type(made.prepared)(sides={}, groups={"train": numbers}))
    assert sizes[0] == GroupSize(1, 1, 1)
    assert sizes[-1] == GroupSize(11, 12, 2)
    assert len(sizes) == 11
