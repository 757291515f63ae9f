"""How much a new user reads on the way from the README to an application that gets the tuned model's answer."""

import re

from local.checkout import CHECKOUT

WORDS_A_MINUTE, MINUTES = 200, 10
# Each file of the way, and where what is needed on it ends.
WAY = {
    "README.md": "## What a run costs",
    "docs/use-the-model.md": "## What serve checks",
    "examples/application/handler.py": None,
}


def words(text: str) -> int:
    """Without drawings and the targets of links; code is read, too."""
    text = re.sub(r"```mermaid.*?```", "", re.sub(r"\]\([^)]*\)", "]", text), flags=re.DOTALL)
    return len(re.findall(r"[A-Za-z0-9][\w'.,/-]*", text))


def test_the_way_from_the_readme_to_an_answer_in_an_application_is_short() -> None:
    """What has to be known later stands behind it."""
    read = 0
    for name, end in WAY.items():
        text = (CHECKOUT / name).read_text()
        assert end is None or text.count(f"\n{end}\n") == 1
        read += words(text.partition(f"\n{end}\n")[0] if end else text)
    assert read < WORDS_A_MINUTE * MINUTES
