"""The native runtime with the stand-in as its model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codex_desk.runtimes.base import TurnInput
from codex_desk.runtimes.native import NativeRuntime

if TYPE_CHECKING:
    from pydantic_ai.models import Model


class OfflineRuntime(NativeRuntime):
    """Needs no endpoint. Its history is the native runtime's, so that a session goes on with a real model after its runtime is changed."""

    def __init__(self) -> None:
        super().__init__(model_for=_stand_in)


def _stand_in(turn: TurnInput) -> Model:
    from codex_desk.runtimes.offline.model import make_model

    return make_model(turn)
