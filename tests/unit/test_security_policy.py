"""SECURITY.md is found, and what it refers to exists."""

import re
from pathlib import Path

from stacks.settings import Settings

ROOT = Path(__file__).parents[2]
POLICY = (ROOT / "SECURITY.md").read_text()


def test_readme_leads_to_the_security_policy() -> None:
    """Whoever finds a hole looks there first."""
    assert "](SECURITY.md)" in (ROOT / "README.md").read_text()


def test_policy_says_how_to_report_and_who_can_do_what() -> None:
    """A repository's host shows this file by its name; an address that nobody reads would lose the report."""
    headings = re.findall(r"^## (.+)$", POLICY, re.MULTILINE)
    assert headings[0] == "Report a vulnerability"
    assert "privately" in POLICY
    assert not re.search(r"\w@\w", POLICY)
    for party in ("uploader", "reader of the output bucket", "approver", "Another user of the machine"):
        assert party in POLICY


def test_links_of_the_policy_lead_somewhere() -> None:
    """A promise with its evidence gone is none."""
    links = re.findall(r"\]\(([^)#]+)(?:#([^)]+))?\)", POLICY)
    assert links
    for file, anchor in links:
        text = (ROOT / file).read_text()
        headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
        assert not anchor or anchor in {heading.lower().replace(" ", "-") for heading in headings}


def test_the_settings_that_the_policy_names_exist() -> None:
    """Whoever sets a limit that does not exist believes to be protected."""
    named = set(re.findall(r"`([a-z]+(?:_[a-z]+)+|gate)`", POLICY))
    assert {
        "gate",
        "max_runs_per_day",
        "max_run_cost_usd",
        "max_model_units",
        "max_sweep_jobs",
        "allowed_models",
    } <= named
    assert named <= set(Settings.model_fields)
