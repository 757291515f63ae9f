"""Texts from outside, as they stand in messages and on a terminal."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdas.domain.core.notification import notification
from lambdas.domain.core.outside_text import (
    name,
    own_sentence,
    sentence,
    shortened_to_bytes,
    visible,
    with_own_links,
    without_links,
)

LINKS = ("http://", "https://", "ftp://", "www.", "mailto:", "javascript:")
QUOTA = "https://us-west-2.console.aws.amazon.com/servicequotas/home/services/bedrock/quotas/L-BE77399C"
hostile = st.text(alphabet=st.one_of(st.characters(), st.sampled_from('\x1b\u202e\n\u200b\\"')), max_size=300)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x1b[2J", r"a\x1b[2J"),
        ("a\u202eb", r"a\u202eb"),
        ("a\U000e0041", r"a\U000e0041"),
        ("a\nb\t", r"a\nb\t"),
        ("a\x9b1m\x7f", r"a\x9b1m\x7f"),
        ("\u3164\u2060\u00ad\ufe01", r"\u3164\u2060\xad\ufe01"),
        ("\udc80", r"\udc80"),
        ("Größe, 大きさ, 🙂", "Größe, 大きさ, 🙂"),
    ],
)
def test_what_cannot_be_seen_is_spelt_out(text: str, shown: str) -> None:
    """A person must see what is there, and what a person can read stays as it is."""
    assert visible(text) == shown


@given(hostile)
def test_a_name_is_one_short_visible_line_without_links(text: str) -> None:
    """Whatever a key or a file is called, and shown twice it is the same."""
    shown = name(text)
    assert len(shown) <= 80
    assert shown.isprintable()
    assert name(shown) == shown
    assert sentence(text).isprintable()


@pytest.mark.parametrize("link", ["http://evil.example/x", "HTTPS://e.example", "www.e.example", "mailto:a@b.example"])
def test_links_from_outside_are_broken(link: str) -> None:
    """A mail client offers what looks like a link, whoever wrote it."""
    for broken in (name(link), sentence(link), own_sentence(link), notification("s", link).message):
        assert not [start for start in LINKS if start in broken.lower()]


def test_a_link_hidden_by_an_invisible_character_stays_broken() -> None:
    """Else what is taken out of the text would make the link."""
    assert "http://" not in name("ht\u200btp://evil.example")
    assert without_links("www.evil.example") == "www[.]evil.example"


def test_the_project_s_own_links_stay() -> None:
    """The page of a quota is what a person needs; another page of the console can be anybody's trap."""
    text = f"Ask: {QUOTA}, not https://console.aws.amazon.com/cloudformation/home#/stacks?templateURL=http://e.example"
    shown = with_own_links(text)
    assert QUOTA in shown
    assert shown.count("://") == 1
    assert "s3://bucket/key" in with_own_links("s3://bucket/key")
    documentation = "https://docs.aws.amazon.com/bedrock/latest/userguide/model-lifecycle.html"
    assert with_own_links(f"See {documentation}.") == f"See {documentation}."


@given(hostile, st.integers(10, 200))
def test_a_cut_text_has_at_most_so_many_bytes_as_json(text: str, most: int) -> None:
    """Step Functions counts bytes of JSON: a quote is two, a letter up to four."""
    shown = visible(text)
    assert len(json.dumps(shortened_to_bytes(shown, most), ensure_ascii=False).encode()) <= most


@given(hostile, hostile)
def test_a_notification_is_what_sns_takes(subject: str, text: str) -> None:
    """A refused message is a message that nobody gets."""
    made = notification(subject * 10, text)
    assert len(made.subject) <= 100
    assert made.subject.isascii()
    assert made.subject.isprintable()
    assert all(line.isprintable() for line in made.message.split("\n"))


def test_a_notification_stays_within_sns_s_limit() -> None:
    """SNS refuses more than 256 KB."""
    assert len(notification("s", "\u5927" * 1_000_000).message.encode()) < 256 * 1024


def test_every_message_comes_from_the_one_constructor() -> None:
    """One that is put together elsewhere would have its names raw."""
    lambdas = Path(__file__).parents[2] / "lambdas"
    made = [str(file.relative_to(lambdas)) for file in lambdas.rglob("*.py") if "Notification(" in file.read_text()]
    assert made == ["domain/core/notification.py"]
