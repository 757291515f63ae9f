"""Estimates of tokens follow the script: a character of Chinese costs more than a letter of English."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdas.domain.dataset.tokens import decide, estimate, estimate_encoded
from local.bedrock.tokens import count_tokens
from tests.unit.test_dataset import document_of, jsonl, read

ENGLISH = "The bank raised its interest rate by half a point on Tuesday, as analysts had expected. "
# The same sentence, and how many characters a token has in measurements: docs/cost.md names them.
SENTENCES = {
    "chinese": ("正如分析师所预期的那样,该银行周二将利率上调了半个百分点。", 1.0, 1.7),
    "japanese": ("アナリストの予想通り、銀行は火曜日に金利を0.5ポイント引き上げた。", 1.0, 1.7),
    "korean": ("은행은 애널리스트들의 예상대로 화요일에 금리를 0.5포인트 인상했다.", 1.0, 2.1),
    "russian": ("Банк повысил процентную ставку на полпункта во вторник, как и ожидали аналитики.", 1.7, 3.0),
    "arabic": ("رفع البنك سعر الفائدة نصف نقطة يوم الثلاثاء كما توقع المحللون.", 1.4, 3.6),
    "hindi": ("जैसा कि विश्लेषकों ने उम्मीद की थी, बैंक ने मंगलवार को ब्याज दर बढ़ा दी।", 1.9, 3.8),
    "thai": ("ธนาคารขึ้นอัตราดอกเบี้ยครึ่งจุดในวันอังคารตามที่นักวิเคราะห์คาดไว้", 1.9, 2.4),
    "french": ("La banque a relevé son taux d'intérêt d'un demi-point mardi, comme prévu.", 3.3, 4.4),
}


@pytest.mark.parametrize("language", SENTENCES)
def test_an_estimate_lies_within_what_was_measured_for_the_script(language: str) -> None:
    """Four characters a token, as in English, would be a third of what Chinese costs."""
    sentence, fewest, most = SENTENCES[language]
    characters = sentence * 20
    assert fewest <= len(characters) / estimate(characters) <= most


def test_english_stays_at_four_characters_a_token() -> None:
    """Texts together are rounded up once."""
    assert estimate(ENGLISH * 4) == len(ENGLISH)
    assert estimate("abc", "de", "") == 2
    assert estimate("") == 0


CELLS = ("", "Revenue", "1,098", "(48)", "21", "Adjustments in respect of prior years", "€m")
SHAPES = {
    "table": "".join(f"<tr><td>{left}</td><td>{right}</td></tr>" for left in CELLS for right in CELLS),
    "nested": "".join(f'<section id="{at}"><p>{ENGLISH}</p><ul><li>{at}</li></ul></section>' for at in range(20)),
    "xml": "".join(f"<row><name>{cell}</name><value>{cell}</value></row>" for cell in CELLS * 3),
    "tagged prose": f"<document>\n{ENGLISH * 20}\n</document>",
    "prose": ENGLISH * 20,
}


@pytest.mark.parametrize("shape", SHAPES)
def test_markup_is_estimated_as_the_simulation_bills_it(shape: str) -> None:
    """Four bytes a token would be a good third below what a table of short cells costs."""
    text = SHAPES[shape]
    assert 0.8 <= estimate(text) / count_tokens(text) <= 1.15


def test_a_text_is_estimated_alike_as_it_is_and_encoded() -> None:
    """The data gate counts the bytes of a line, others the text."""
    for text in SHAPES.values():
        assert estimate_encoded(text.encode(), separators=0) == estimate(text)


def test_half_a_surrogate_pair_is_counted_like_any_text() -> None:
    """A rule of its own refuses it."""
    assert estimate("\ud800") == 1


@pytest.mark.parametrize(
    ("text", "tier"),
    [
        ("字" * 30, "certain"),
        ("字" * 49, "likely"),
        ("字" * 60, "unclear"),
        ("字" * 299, "unclear"),
        ("字" * 301, "exceeded"),
        ("ж" * 301, "unclear"),
        ("ж" * 601, "exceeded"),
        ("மி" * 24, "likely"),
        ("மி" * 26, "unclear"),
    ],
)
def test_a_limit_is_decided_by_script(text: str, tier: str) -> None:
    """Six characters a token are a bound of alphabets; Llama 3.1 makes more tokens of Tamil than of two bytes each."""
    assert decide([text], 100).tier == tier


@given(
    st.text(st.sampled_from("aé字ம"), min_size=1, max_size=700),
    st.integers(20, 200),
    st.integers(0, 2_000),
)
def test_a_bound_of_the_bytes_changes_no_tier(text: str, limit: int, more_bytes: int) -> None:
    """It saves encoding long texts, and a line is longer than its texts."""
    assert decide([text], limit, len(text.encode()) + more_bytes).tier == decide([text], limit).tier


def test_the_data_gate_counts_what_a_job_trains_on_by_script() -> None:
    """The figures feed the estimate of a run's cost, and its cap."""
    rows = [{"prompt": f"第{n}号文件说了什么?", "completion": "利率上调了半个百分点。"} for n in range(40)]
    tokens = document_of(*read(jsonl(rows))).tokens
    assert tokens.prompt.median == 7
    assert tokens.answer.median == 9
