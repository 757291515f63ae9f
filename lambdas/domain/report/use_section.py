"""The end of a run's page: the lines with which an application asks the tuned model."""

from string import Formatter

from lambdas.domain.report.run_report import SucceededReport


def use_lines(report: SucceededReport) -> str | None:
    """Lines of boto3, filled in; None where the report does not know the model or its format."""
    asked, model = report.format, report.custom_model_arn
    if asked is None or asked.template is None or model is None:
        return None
    # A run may be read whose model has no ARN of AWS's form.
    region = "".join(model.split(":")[3:4])
    names = dict.fromkeys(name for _, name, _, _ in Formatter().parse(asked.template) if name)
    fields = ", ".join(f"{name!r}: '…'" for name in names)
    system = [f"    system=[{{'text': {asked.system!r}}}],"] if asked.system else []
    return "\n".join(
        [
            "import boto3",
            "",
            f"fields = {{{fields}}}",
            f"prompt = {asked.template!r}.format(**fields)",
            f"answer = boto3.client('bedrock-runtime', region_name={region!r}).converse(",
            "    modelId='<the ARN of what serves it>',",
            *system,
            "    messages=[{'role': 'user', 'content': [{'text': prompt}]}],",
            f"    inferenceConfig={asked.inference!r},",
            ")",
            "print(answer['output']['message']['content'][0]['text'])",
        ]
    )
