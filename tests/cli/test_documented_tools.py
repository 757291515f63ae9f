"""Commands of other tools in the documents: the AWS CLI's are operations that AWS has, make's are targets of ours."""

import json
import re
from collections.abc import Iterator

import botocore.session
import pytest
from botocore import xform_name
from botocore.model import OperationModel

from local.checkout import CHECKOUT
from tests.cli.test_documented_commands import DOCUMENTS, words_of

_AWS = re.compile(r"`aws ([^`\n]+)`|^(?:\$ )?aws ([^\n]+)$", re.MULTILINE)
_MAKE = re.compile(r"(?:`|^)make ([a-z][a-z-]*)", re.MULTILINE)
# Commands that the AWS CLI makes of several calls, and options that all of its commands take. No test has the AWS CLI:
# tests/local/test_journey.py deploys the application by the calls that `package` and `deploy` are made of, and
# tests/local/test_documented_roll_back.py rolls back by those of the documented commands.
_ITS_OWN = {("s3", "cp"), ("s3", "ls"), ("s3", "sync"), ("cloudformation", "package"), ("cloudformation", "deploy"),
            ("sso", "login"), ("configure", "list-profiles")}  # fmt: skip
_EVERYWHERE = {"--query", "--region", "--output", "--profile", "--cli-read-timeout", "--cli-binary-format"}


def found(pattern: re.Pattern[str]) -> Iterator[tuple[str, str]]:
    for path in DOCUMENTS:
        if path.name != "CHANGELOG.md":
            for match in pattern.finditer(path.read_text()):
                yield str(path.relative_to(CHECKOUT)), next(filter(None, match.groups()))


AWS_COMMANDS = sorted({one for one in found(_AWS) if tuple(one[1].split()[:2]) not in _ITS_OWN})
TARGETS = sorted(set(found(_MAKE)))


@pytest.fixture(scope="module")
def session() -> botocore.session.Session:
    return botocore.session.Session()


def operation_of(session: botocore.session.Session, service: str, command: str) -> OperationModel | None:
    model = session.get_service_model(service)
    names = {xform_name(name, "-"): name for name in model.operation_names}
    return model.operation_model(names[command]) if command in names else None


@pytest.mark.parametrize(
    ("document", "command"), AWS_COMMANDS, ids=[f"{name}: {words}" for name, words in AWS_COMMANDS]
)
def test_a_command_of_the_aws_cli_is_an_operation_with_these_parameters(
    session: botocore.session.Session, document: str, command: str
) -> None:
    """Whoever copies it has something to delete, and no time to look up what was meant."""
    service, name, *words = words_of(command)
    operation = operation_of(session, service, name)
    assert operation is not None, f"{service} has no operation {name}"
    members = operation.input_shape.members if operation.input_shape else {}
    known = {f"--{xform_name(member, '-')}" for member in members} | _EVERYWHERE
    given = {word.partition("=")[0] for word in words if word.startswith("--")}
    assert given <= known


def test_the_application_is_deployed_with_what_its_template_takes() -> None:
    """The AWS CLI uploads the code beside the template, and refuses a parameter that the template does not have."""
    commands = [words for document, words in found(_AWS) if document == "docs/use-the-model.md"]
    [package, deploy] = [words_of(words) for words in commands if words.startswith("cloudformation ")]
    assert (package[1], deploy[1]) == ("package", "deploy")
    template = json.loads((CHECKOUT / package[package.index("--template-file") + 1]).read_text())
    assert package[package.index("--output-template-file") + 1] == deploy[deploy.index("--template-file") + 1]
    given = {word.partition("=")[0] for word in deploy[deploy.index("--parameter-overrides") + 1 :]}
    needed = {name for name, one in template["Parameters"].items() if "Default" not in one}
    assert needed <= given <= set(template["Parameters"])
    assert deploy[deploy.index("--capabilities") + 1] == "CAPABILITY_IAM"


@pytest.mark.parametrize(("document", "target"), TARGETS, ids=[f"{name}: make {target}" for name, target in TARGETS])
def test_a_target_of_make_is_in_the_makefile(document: str, target: str) -> None:
    assert re.search(rf"^{target}:", (CHECKOUT / "Makefile").read_text(), re.MULTILINE)


def test_they_are_found() -> None:
    """A search that finds nothing proves nothing."""
    assert ("docs/upgrade.md", "ssm get-parameter-history --name /<environment>/champion") in AWS_COMMANDS
    assert {"demo", "deploy", "destroy", "smoke", "journey"} <= {target for _, target in TARGETS}
