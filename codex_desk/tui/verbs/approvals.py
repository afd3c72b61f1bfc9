"""Answering what waits for the human."""

from __future__ import annotations

from codex_desk.engine.errors import Refusal
from codex_desk.engine.views import ApprovalView
from codex_desk.text import one_line
from codex_desk.tui.commands import Command
from codex_desk.tui.deck import Deck
from codex_desk.tui.grammar import Call, UsageError
from codex_desk.tui.model.approval import ANSWER_WORDS, words_for


async def decide(deck: Deck, call: Call) -> None:
    """Carry a card's answer out. Only a card asks for this: what is allowed must have been on the screen."""
    deck.stage.say(await _answer(deck, call.values["approval"], call.values["answer"]))


async def _answer(deck: Deck, approval: str, answer: str) -> str:
    """Carry an answer out and say what it did; empty where the human left it open."""
    from codex_desk.engine.approvals import Decide

    match answer:
        case "words":
            words = await _words(deck, approval)
            if not words:
                return ""
            await deck.do(Decide(approval, approve=True, answer=words))
            return f"{approval}: answered"
        case "deny":
            await deck.do(Decide(approval, approve=False))
            return f"{approval}: denied"
        case "once" | "thread" | "tree" | "folder":
            decided = await deck.do(Decide(approval, approve=True, scope=answer))
            if isinstance(decided, ApprovalView) and decided.kind == "budget":
                return f"{approval}: {words_for(decided, answer)}"
            return f"{approval}: allowed {ANSWER_WORDS[answer].removeprefix('allow ')}"
    raise UsageError(f"no such answer: {answer!r}")


async def _words(deck: Deck, approval: str) -> str | None:
    """The human's own words for what asks for them."""
    from codex_desk.tui.screens.ask import Reply

    asked = next((one for one in (await deck.desk()).approvals() if one.id == approval), None)
    if asked is None:
        raise Refusal("decided", f"{approval} is answered already, or waits no more")
    return await deck.stage.ask(Reply(asked.id, f"{asked.text}\n\n{asked.why}"))


async def _revoke(deck: Deck, number: int) -> str:
    from codex_desk.engine.approvals import Revoke

    rule = next((" ".join(one.prefix) for one in (await deck.desk()).grants() if one.id == number), "")
    await deck.do(Revoke(number))
    return f"revoked: {one_line(rule, 120)}   it is asked for again"


async def inbox(deck: Deck, call: Call) -> None:
    from codex_desk.tui.screens.inbox import Inbox

    place = await deck.stage.ask(
        Inbox(await deck.desk(), lambda approval, answer: _answer(deck, approval, answer), lambda number: _revoke(deck, number))
    )
    if place is not None:
        await deck.stage.open_thread(place.thread_id)


async def grants(deck: Deck, call: Call) -> None:
    revoke = call.get("revoke")
    if revoke is not None:
        number = revoke.removeprefix("#")
        if not number.isdigit():
            raise UsageError(f"/grants --revoke takes a grant's number, not {revoke!r}")
        deck.stage.say(await _revoke(deck, int(number)))
        return
    from codex_desk.tui.screens.grants import Grants

    place = await deck.stage.ask(Grants(await deck.desk(), lambda number: _revoke(deck, number)))
    if place is not None:
        await deck.stage.open_thread(place.thread_id)


COMMANDS = (
    Command("approvals", "everything that waits for your yes or no", inbox, key="i", palette="Approvals inbox"),
    Command("grants", "what may run without asking again", grants, "[--revoke ID]", palette="Grants"),
    Command("decide", "answer an approval card", decide, slash=False),
)
