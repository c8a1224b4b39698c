"""What every answer has in common."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Answer(BaseModel):
    """Something that the server sends: every field is there, also one that has a default."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=True)
