"""EventBridge's event for a new object in S3, as far as a run needs it."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from lambdas.domain.core.run import Source


class _Bucket(BaseModel):
    model_config = ConfigDict(defer_build=True)

    name: str = Field(min_length=3, max_length=255)


class _Object(BaseModel):
    model_config = ConfigDict(defer_build=True)

    # As long as S3 lets keys and versions be: what starts a run stands in its state.
    key: str = Field(min_length=1, max_length=1024)
    version_id: str | None = Field(default=None, alias="version-id", max_length=1024)
    sequencer: str | None = Field(default=None, max_length=1024)


class _Detail(BaseModel):
    model_config = ConfigDict(defer_build=True)

    bucket: _Bucket
    object: _Object


class ObjectCreated(BaseModel):
    """The event "Object Created". Keys arrive as they are, not URL-encoded."""

    model_config = ConfigDict(defer_build=True)

    source: Literal["aws.s3"]
    detail_type: Literal["Object Created"] = Field(alias="detail-type")
    detail: _Detail

    def created(self) -> Source:
        """The object."""
        made = self.detail.object
        return Source(self.detail.bucket.name, made.key, made.version_id, made.sequencer)
