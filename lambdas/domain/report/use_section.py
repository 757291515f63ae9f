"""The end of a run's page: the lines with which an application asks the tuned model."""

from string import Formatter

from lambdas.domain.report.run_report import SucceededReport


def use_lines(report: SucceededReport, environment: str | None = None) -> str | None:
    """Lines of boto3, filled in; None where the report does not know the model or its format.

    Where the run's model is promoted they call what the environment's endpoint names.
    """
    asked, model = report.format, report.custom_model_arn
    if asked is None or asked.template is None or model is None:
        return None
    # A run may be read whose model has no ARN of AWS's form.
    region = "".join(model.split(":")[3:4])
    names = dict.fromkeys(name for _, name, _, _ in Formatter().parse(asked.template) if name)
    fields = ", ".join(f"{name!r}: '…'" for name in names)
    system = "'<the system text of this question>'" if asked.system_varies else asked.system and repr(asked.system)
    if report.decision.verdict == "promote":
        imports, target = ["import json", ""], "endpoint['target_arn']"
        endpoint = [
            f"# Its format is the one below for as long as its run_id is {report.run_id}.",
            f"ssm = boto3.client('ssm', region_name={region!r})",
            f"parameter = ssm.get_parameter(Name='/{environment or '<environment>'}/endpoint')['Parameter']",
            "endpoint = json.loads(parameter['Value'])",
        ]
    else:
        imports, endpoint, target = [], [], "'<the ARN of what serves it>'"
    return "\n".join(
        [
            *imports,
            "import boto3",
            "",
            *endpoint,
            f"fields = {{{fields}}}",
            f"prompt = {asked.template!r}.format(**fields)",
            f"answer = boto3.client('bedrock-runtime', region_name={region!r}).converse(",
            f"    modelId={target},",
            *([f"    system=[{{'text': {system}}}],"] if system else []),
            "    messages=[{'role': 'user', 'content': [{'text': prompt}]}],",
            f"    inferenceConfig={asked.inference!r},",
            ")",
            "print(answer['output']['message']['content'][0]['text'])",
        ]
    )
