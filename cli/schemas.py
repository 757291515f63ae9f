"""The JSON Schemas in docs/schemas, made from the types: `make schemas` writes them, a test keeps them current."""

import json
from collections.abc import Mapping

from pydantic import BaseModel

from lambdas.domain.report.run_report import RunReport
from lambdas.domain.settings.run_settings import RunSettings
from local.checkout import CHECKOUT

FOLDER = CHECKOUT / "docs" / "schemas"
# By the file's name.
SCHEMAS: Mapping[str, type[BaseModel]] = {"run.schema.json": RunSettings, "report.schema.json": RunReport}


def schema_text(model: type[BaseModel]) -> str:
    """The JSON Schema of a type, as its file has it."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **model.model_json_schema()}
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def main() -> None:
    """Writes each file."""
    FOLDER.mkdir(exist_ok=True)
    for name, model in SCHEMAS.items():
        (FOLDER / name).write_text(schema_text(model))


if __name__ == "__main__":
    main()
