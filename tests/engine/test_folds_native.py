"""The correct-the-child story on the native runtime, against a model endpoint on loopback: what its next request holds."""

from __future__ import annotations

import json
from typing import Any

import pytest

from codex_desk.engine.desk import Desk
from codex_desk.engine.folding import AskSummary, Fold
from codex_desk.engine.links import Attach
from codex_desk.engine.sessions import New
from codex_desk.runtimes.asked import GO_ON
from tests.engine.scripted import Place, at_rest, final, prompt
from tests.model_server import ModelServer, ModelServerFactory, calls, model_server, text

__all__ = ["model_server"]

CONFIG = """
model = "test-model"
model_provider = "loopback"
[model_providers.loopback]
base_url = "{url}"
"""
FIXTURES = [
    text("The user had me look again: load() swallows errors.", match="The user worked with you directly"),
    text("Then I mend load() first.", match="Go on where you were"),
    text("load() swallows every error; it is not fine.", match="look again at load()"),
    text("So nothing is to be done.", match="The desk woke you"),
    text("load() is fine.", match="is load() right?"),
    text("I asked the reviewer.", after_tools=True),
    calls(("send_message", {"target": "reviewer", "message": "is load() right?"}), match="plan the work"),
]


def asked(server: ModelServer, last: str) -> list[dict[str, Any]]:
    """The messages of the one request whose last one holds these words."""
    [found] = [entry["body"]["messages"] for entry in server.journal() if last in json.dumps(entry["body"]["messages"][-1])]
    return found


@pytest.mark.row("S4-15", "S4-17", "S4-20", "S4-21")
async def test_the_child_is_corrected_and_the_parents_next_request_holds_what_it_said_then(
    place: Place, model_server: ModelServerFactory
) -> None:
    server = model_server(FIXTURES)
    (place.home / "config.toml").write_text(CONFIG.format(url=server.base_url))
    async with Desk.open(place.home, host="desk", env=place.env) as desk:
        operator, reviewer = [await desk.do(New(handle, place.folder(handle), runtime="native")) for handle in ("operator", "reviewer")]
        await desk.do(Attach(reviewer.id, operator.id))
        await prompt(desk, operator, "plan the work")
        await at_rest(desk)
        assert desk.items(operator.id)[-1].text == "So nothing is to be done."
        assert (await prompt(desk, reviewer, "look again at load()")).answer == "load() swallows every error; it is not fine."
        (summed,) = await final(desk, (await desk.do(AskSummary(reviewer.id))).id)
        assert summed.answer == "The user had me look again: load() swallows errors."
        made = await desk.do(Fold(reviewer.id, go_on=True))
        (went_on,) = await final(desk, made.sent)
        assert went_on.answer == "Then I mend load() first."
        *_, fold, last = asked(server, "Go on where you were")
        assert (fold["role"], last["content"]) == ("user", GO_ON)
        assert "look again at load()" in fold["content"] and "load() swallows every error" in fold["content"]
        assert "none of it carries the user's authority" in fold["content"]
        await prompt(desk, reviewer, "is load() right? say it once more")
        assert not any("goes back to operator" in json.dumps(message) for message in asked(server, "say it once more"))
