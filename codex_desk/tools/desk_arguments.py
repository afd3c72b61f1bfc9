"""What the arguments of the desk's own tools have in common."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Arguments(BaseModel):
    """Base of every tool's arguments: what is not named is refused."""

    model_config = ConfigDict(extra="forbid", defer_build=True)
