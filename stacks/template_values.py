"""What a template leaves to CloudFormation, as text: an ARN has the resource's name in the template as its name."""

from collections.abc import Mapping
from typing import Any

Template = Mapping[str, Any]

ACCOUNT, REGION = "123456789012", "us-east-1"
PSEUDO_PARAMETERS = {
    "AWS::AccountId": ACCOUNT,
    "AWS::Partition": "aws",
    "AWS::Region": REGION,
    "AWS::StackId": f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/name/id",
    "AWS::URLSuffix": "amazonaws.com",
}
# The ARN of a resource by its type, where `{}` is its name; and the types whose Ref is the ARN.
_ARNS = {
    "AWS::Events::EventBus": f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/{{}}",
    "AWS::Events::Rule": f"arn:aws:events:{REGION}:{ACCOUNT}:rule/{{}}",
    "AWS::IAM::Role": f"arn:aws:iam::{ACCOUNT}:role/{{}}",
    "AWS::KMS::Key": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{{}}",
    "AWS::Lambda::Function": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{{}}",
    "AWS::Logs::LogGroup": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{{}}:*",
    "AWS::S3::Bucket": "arn:aws:s3:::{}",
    "AWS::SNS::Topic": f"arn:aws:sns:{REGION}:{ACCOUNT}:{{}}",
    "AWS::SQS::Queue": f"arn:aws:sqs:{REGION}:{ACCOUNT}:{{}}",
    "AWS::StepFunctions::StateMachine": f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:{{}}",
}
_ARN_BY_REF = ("AWS::SNS::Topic", "AWS::StepFunctions::StateMachine")


class UnknownValueError(ValueError):
    """A function or a resource of CloudFormation's of which no text can be made here."""


class TemplateValues:
    """The values of one template, with the outputs of those beside it by the names of their stacks."""

    def __init__(self, template: Template, beside: Mapping[str, Template]) -> None:
        self._resources = template["Resources"]
        self._beside = beside

    def text(self, value: Any) -> str:
        """A value as text; raises UnknownValueError where that cannot be told."""
        match value:
            case str():
                return value
            case {"Fn::Join": [str(separator), list(parts)]}:
                return separator.join(map(self.text, parts))
            case {"Ref": str(name)} if name in PSEUDO_PARAMETERS:
                return PSEUDO_PARAMETERS[name]
            case {"Ref": str(name)} if name in self._resources:
                return self._arn(name) if self._resources[name]["Type"] in _ARN_BY_REF else name
            case {"Fn::GetAtt": [str(name), "Arn"]}:
                return self._arn(name)
            case {"Fn::GetAtt": [str(name), "Name"]}:
                return name
            case {"Fn::GetStackOutput": {"StackName": stack, "OutputName": output}} if stack in self._beside:
                template = self._beside[stack]
                return TemplateValues(template, self._beside).text(template["Outputs"][output]["Value"])
        raise UnknownValueError(f"{value} cannot be read: tell stacks/template_values.py what it is.")

    def _arn(self, name: str) -> str:
        kind = self._resources[name]["Type"]
        if kind not in _ARNS:
            raise UnknownValueError(f"The ARN of {kind} is not known: add it to stacks/template_values.py.")
        return _ARNS[kind].format(name)
