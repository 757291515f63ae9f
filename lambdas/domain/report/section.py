"""The base of the sections of report.json."""

from pydantic import SerializerFunctionWrapHandler, model_serializer

from lambdas.domain.core.fact import Fact


class Section(Fact):
    """A part of report.json. A key that has a default is written only where it was given."""

    @model_serializer(mode="wrap")
    def _write_given(self, write: SerializerFunctionWrapHandler) -> dict[str, object]:
        fields = type(self).model_fields
        return {
            name: value
            for name, value in write(self).items()
            if name in self.model_fields_set or fields[name].is_required()
        }
