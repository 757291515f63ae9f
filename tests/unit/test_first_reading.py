"""The README is short, and no link of the documentation is dead."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
PAGES = [ROOT / "README.md", *ROOT.glob("[CS]*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("docs/decisions/*.md")]


def test_readme_is_read_in_one_go() -> None:
    """Whoever looks at it first wants to know what it is; the rest is in docs/."""
    assert len(README.splitlines()) <= 150


def test_readme_draws_at_most_eight_boxes() -> None:
    """The full drawing is in docs/pipeline.md."""
    [drawing] = re.findall(r"```mermaid\n(.+?)```", README, re.DOTALL)
    boxes = re.findall(r"(\w+)\[", drawing)
    assert 5 <= len(boxes) == len(set(boxes)) <= 8


def test_pictures_are_light() -> None:
    """Each clone carries them."""
    pictures = [*(ROOT / "docs" / "images").iterdir()]
    assert pictures
    assert [picture.name for picture in pictures if picture.stat().st_size > 300_000] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    """A page that is moved must not leave a reader in front of nothing."""
    for file, anchor in re.findall(r"\]\((?!https?://)([^)#\s]*)(?:#([^)]+))?\)", page.read_text()):
        target = page.parent / file if file else page
        assert target.exists(), f"{file} is missing"
        if anchor:
            assert anchor in {
                _anchor(heading) for heading in re.findall(r"^#+ (.+)$", target.read_text(), re.MULTILINE)
            }


def _anchor(heading: str) -> str:
    """As GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
