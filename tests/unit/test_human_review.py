"""The review by people: blind, escaped, shuffled by the run, and its votes read with care."""

import hashlib
import json
import re
from base64 import b64encode
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdas.domain.evaluation.judging.pairwise import Pair, Preference
from lambdas.domain.evaluation.judging.summary import summarise_votes
from lambdas.domain.report.human_review import (
    PAIRS,
    Review,
    VotesRejectedError,
    data_block,
    parse_votes,
    render_review,
)

RUN = "20261121-a1b2"
EVIL = "</script><script>alert(1)</script><!-- <script> --> <img src=x onerror=alert(1)> \u2028 {{ 7 * 7 }}"
MANY = [Pair(index, f"task {index}", f"reference {index}", f"ours {index}", f"theirs {index}") for index in range(70)]


class Page(HTMLParser):
    """Reads a page as a browser does: its elements, and what stands inside its scripts."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.handlers: list[str] = []
        self.scripts: list[str] = []
        self.policy = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.handlers += [name for name, _ in attrs if name.startswith("on")]
        if ("http-equiv", "Content-Security-Policy") in attrs:
            self.policy = dict(attrs)["content"] or ""
        if tag == "script":
            self.scripts.append("")

    def handle_data(self, data: str) -> None:
        if self.lasttag == "script" and data.strip():
            self.scripts[-1] += data


def shown(html: str) -> list[dict[str, Any]]:
    """The pairs in a page."""
    pairs: list[dict[str, Any]] = json.loads(Page(html).scripts[0])["pairs"]
    return pairs


def saved(run_id: str, choices: dict[int, str], **changes: Any) -> bytes:
    """Votes as the page saves them."""
    votes = [{"index": index, "choice": choice} for index, choice in choices.items()]
    return json.dumps(
        {"format": "fine-tune-votes-1", "run_id": run_id, "reviewer": "Ann", "votes": votes} | changes
    ).encode()


def test_texts_of_the_data_set_are_data_and_nothing_else() -> None:
    """A data set that could run a script in a reviewer's browser could vote for itself."""
    page = Page(render_review(EVIL, [Pair(0, EVIL, EVIL, EVIL, EVIL + "x")], simulated=True))
    assert len(page.scripts) == 2
    assert "img" not in page.tags
    assert not page.handlers
    pair = json.loads(page.scripts[0])["pairs"][0]
    assert (pair["task"], {pair["left"], pair["right"]}) == (EVIL, {EVIL, EVIL + "x"})


@given(st.recursive(st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=5))
def test_a_data_block_holds_any_value_without_a_character_that_could_end_it(value: Any) -> None:
    """In a script element only `<` can begin an end tag or a comment (HTML standard, script data state)."""
    block = data_block(value)
    assert "<" not in block
    assert json.loads(block) == value


def test_the_policy_allows_the_pages_own_script_and_nothing_else() -> None:
    """The checksum is of the script as it stands in the page, or the page would do nothing at all."""
    page = Page(render_review(RUN, MANY, simulated=False))
    checksum = b64encode(hashlib.sha256(page.scripts[1].encode()).digest()).decode()
    assert f"script-src 'sha256-{checksum}'" in page.policy
    assert page.policy.startswith("default-src 'none'")


def test_the_page_needs_no_network() -> None:
    """It is opened from disk, perhaps by someone without access to anything else."""
    html = render_review(RUN, MANY, simulated=False)
    assert not re.search(r"(?:src|href)=|https?:|@import|url\(", html.replace("link.href = URL", ""))


def test_a_page_has_50_pairs_and_does_not_tell_the_arms_apart() -> None:
    """A reviewer who could know the arm would judge the arm."""
    html = render_review(RUN, MANY, simulated=False)
    pairs = shown(html)
    assert len(pairs) == PAIRS
    assert all(pair.keys() == {"index", "task", "reference", "left", "right"} for pair in pairs)
    ours_left = sum(pair["left"].startswith("ours") for pair in pairs)
    assert 12 <= ours_left <= 38
    assert [pair["index"] for pair in pairs] != sorted(pair["index"] for pair in pairs)
    assert not re.search(r"\b(?:tuned|base|arm)\b", html.replace("base-uri", ""))


def test_order_and_sides_follow_from_the_run() -> None:
    """The same run gives the same page, another run another order."""
    assert render_review(RUN, MANY, simulated=False) == render_review(RUN, MANY, simulated=False)
    pages = [render_review(f"run-{number}", MANY, simulated=False) for number in range(5)]
    assert len({tuple(pair["index"] for pair in shown(page)) for page in pages}) == 5


@given(st.text(min_size=1, max_size=20).filter(str.strip), st.sets(st.integers(0, 29), min_size=1, max_size=PAIRS))
def test_votes_come_back_as_preferences_for_the_arm_whichever_side_it_was_on(run_id: str, indexes: set[int]) -> None:
    """Whoever always takes our answer has it win each time; the sides are worked out again from the run alone."""
    pairs = shown(render_review(run_id, [MANY[index] for index in sorted(indexes)], simulated=False))
    ours = {pair["index"]: "left" if pair["left"].startswith("ours") else "right" for pair in pairs}
    review = parse_votes(saved(run_id, ours), run_id, sorted(indexes))
    assert review == Review("Ann", dict.fromkeys(ours, "win"))
    theirs = {index: "right" if side == "left" else "left" for index, side in ours.items()}
    assert set(parse_votes(saved(run_id, theirs), run_id, sorted(indexes)).preferences.values()) == {"loss"}
    ties = parse_votes(saved(run_id, dict.fromkeys(ours, "tie")), run_id, sorted(indexes))
    assert set(ties.preferences.values()) == {"neither"}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not votes"),
        (b"[]", "not votes"),
        (saved(RUN, {}), "votes: List should have at least 1"),
        (saved(RUN, {0: "both"}), "votes/0/choice"),
        (saved(RUN, {0: "left"}, extra=1), "extra: Extra inputs"),
        (saved(RUN, {0: "left"}, reviewer=""), "reviewer"),
        (saved(RUN, {0: "left"}, format="votes-0"), "format"),
        (saved("other", {0: "left"}), "on run other, not on"),
        (saved(RUN, {0: "left", 7: "tie"}), r"does not have: \[7\]"),
        (saved(RUN, {0: "left"}, votes=[{"index": 0, "choice": "left"}] * 2), "several votes on one record"),
        (saved(RUN, {0: "left"}, votes=[{"index": 0, "choice": "left"}] * 51), "at most 50"),
    ],
)
def test_votes_that_are_not_on_this_review_are_refused_with_the_reason(content: bytes, message: str) -> None:
    """The file comes from outside: by mail, edited, of another run."""
    with pytest.raises(VotesRejectedError, match=message):
        parse_votes(content, RUN, [0, 1, 2])


LONG = "\x1b]8;;http://evil.example\x07" + "x" * 100_000


@pytest.mark.parametrize(
    "content",
    [
        saved(RUN, {0: "left"}, **{LONG: 1}),
        saved(LONG[:200], {0: "left"}),
        saved(RUN, {0: "left"}, votes=[{"index": 10**4000 + n, "choice": "left"} for n in range(20)]),
    ],
    ids=["key", "run", "records"],
)
def test_names_from_a_votes_file_are_told_cut_and_spelt_out(content: bytes) -> None:
    """The message is printed in a terminal: a file from outside must neither fill nor command it."""
    with pytest.raises(VotesRejectedError) as refused:
        parse_votes(content, RUN, [0, 1, 2])
    assert len(str(refused.value)) < 400
    assert "\x1b" not in str(refused.value)
    assert "://" not in str(refused.value)


def test_a_review_is_summarised_as_a_judge_is() -> None:
    """People stand beside the judges in the report."""
    preferences: dict[int, Preference] = {**dict.fromkeys(range(12), "win"), 12: "loss", 13: "loss", 14: "neither"}
    found = summarise_votes("Ann", preferences)
    assert (found.pairs, found.wins, found.losses, found.ties) == (15, 12, 2, 1)
    assert found.win_rate == pytest.approx(1200 / 14)
    assert found.interval == pytest.approx((60.06, 95.99), abs=0.01)


def test_no_pairs_make_a_page_that_says_so() -> None:
    """Two arms may answer everything alike."""
    html = render_review(RUN, [], simulated=False)
    assert "no pairs to compare" in html
    assert len(Page(html).scripts) == 1


def test_a_simulated_review_is_marked() -> None:
    """Nobody should spend an hour on simulated answers without knowing it."""
    assert "SIMULATED" in render_review(RUN, MANY, simulated=True)
    assert "SIMULATED" not in render_review(RUN, MANY, simulated=False)
