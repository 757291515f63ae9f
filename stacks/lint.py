"""cfn-lint over the synthesised templates and the state machine's definition: `python -m stacks.lint cdk.out`.

cdk-nag looks for what is unsafe, cfn-lint for what CloudFormation and Step Functions would refuse.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cfnlint.api import lint
from cfnlint.config import ManualArgs

from stacks.settings import REGIONS_BY_MODEL

MACHINE = "AWS::StepFunctions::StateMachine"
# Findings that stay: a rule's id, the end of the path in the template ("" for any), and why.
ACKNOWLEDGED = (
    ("W3005", "", "CDK lets whatever has a role depend on the role and its policy; the first of these is implied."),
    (
        "E3601",
        "/JobsDone/OutputPath",
        "cfn-lint's schema knows no OutputPath of a Succeed state. The Amazon States Language has it for all but "
        "Fail states.",
    ),
)


@dataclass(frozen=True)
class LintFinding:
    """What cfn-lint says of a place in a template."""

    rule: str
    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.rule} at {self.path}: {self.message}"


def findings(template: Mapping[str, Any]) -> list[LintFinding]:
    """All that is not acknowledged, in any Region where a model can be tuned."""
    regions = sorted({region for regions in REGIONS_BY_MODEL.values() for region in regions})
    matches = lint(json.dumps(_with_definition(template)), config=ManualArgs(regions=regions))
    found = [LintFinding(str(each.rule.id), "/".join(map(str, each.path or ())), str(each.message)) for each in matches]
    return [each for each in found if not _is_acknowledged(each)]


def _with_definition(template: Mapping[str, Any]) -> dict[str, Any]:
    """With each state machine's definition as an object: cfn-lint 1.58 cannot tell what it finds in one as a text."""
    resources = {}
    for name, resource in template["Resources"].items():
        properties = resource.get("Properties", {})
        if resource["Type"] == MACHINE and isinstance(properties["DefinitionString"], str):
            others = {key: value for key, value in properties.items() if key != "DefinitionString"}
            definition = {"Definition": json.loads(properties["DefinitionString"])}
            resources[name] = {**resource, "Properties": {**others, **definition}}
        else:
            resources[name] = resource
    return {**template, "Resources": resources}


def _is_acknowledged(finding: LintFinding) -> bool:
    return any(rule == finding.rule and finding.path.endswith(end) for rule, end, _ in ACKNOWLEDGED)


def _all_findings(folder: Path) -> Iterator[str]:
    templates = sorted(folder.glob("*.template.json"))
    if not templates:
        yield f"{folder} has no templates: run make synth first."
    for path in templates:
        yield from (f"{path.name}: {finding}" for finding in findings(json.loads(path.read_text())))


if __name__ == "__main__":
    lines = list(_all_findings(Path(sys.argv[1])))
    sys.exit("\n".join(lines) if lines else 0)
