"""The list of grants that no run on the embedded AWS uses fits the templates: `make permissions` tells the rest."""

from local.permissions.accounting import is_like, read_accepted, unknown
from local.permissions.grants import Grant, grants
from tests.stacks.conftest import Templates


def all_grants(templates: Templates) -> list[Grant]:
    return [grant for template in (templates.data, templates.pipeline) for _, grant in grants(template)]


def test_each_entry_names_grants_that_there_are(disposable_templates: Templates) -> None:
    """As `make permissions` deploys: an entry without a grant would hide the next one of its name."""
    assert list(unknown(read_accepted(), all_grants(disposable_templates))) == []


def test_each_entry_has_a_reason() -> None:
    assert [str(entry) for entry in read_accepted() if not entry.reason.strip().endswith(".")] == []


def test_each_entry_names_one_action() -> None:
    """A pattern would accept a later grant that nobody has looked at."""
    assert [str(entry) for entry in read_accepted() if "*" in entry.action] == []


def test_a_grant_has_one_name_in_a_template(keyed_templates: Templates) -> None:
    """Two grants of one name would count as used where one of them is."""
    found = all_grants(keyed_templates)
    assert sorted(found) == sorted(set(found))
    assert {"Functions/StartJobsRole", "Workflow/FineTuning/Role", "Customization/Role"} <= {
        grant.holder for grant in found
    }


def test_no_role_of_an_environment_answers_a_request_for_approval(keyed_templates: Templates) -> None:
    """People do: a function that could would approve what it asks for."""
    answering = [grant for grant in all_grants(keyed_templates) if is_like("states:SendTaskSuccess", grant.action)]
    assert answering == []
