"""Answering what waits for the human."""

from __future__ import annotations

from codex_desk.tui.commands import Command
from codex_desk.tui.deck import Deck
from codex_desk.tui.grammar import Call, UsageError
from codex_desk.tui.model.approval import ANSWER_WORDS


async def decide(deck: Deck, call: Call) -> None:
    """Carry a card's answer out. Only a card asks for this: what is allowed must have been on the screen."""
    approval, answer = call.values["approval"], call.values["answer"]
    from codex_desk.engine.approvals import Decide

    match answer:
        case "deny":
            await deck.do(Decide(approval, approve=False))
        case "once" | "thread" | "tree" | "folder":
            await deck.do(Decide(approval, approve=True, scope=answer))
        case _:
            raise UsageError(f"no such answer: {answer!r}")
    deck.stage.say(f"{approval}: {'denied' if answer == 'deny' else 'allowed ' + ANSWER_WORDS[answer].removeprefix('allow ')}")


async def inbox(deck: Deck, call: Call) -> None:
    from codex_desk.tui.screens.inbox import Inbox

    thread_id = await deck.stage.ask(Inbox(await deck.desk()))
    if thread_id is not None:
        await deck.stage.open_thread(thread_id)


async def grants(deck: Deck, call: Call) -> None:
    revoke = call.get("revoke")
    if revoke is None:
        from codex_desk.tui.screens.pick import Picker, Row

        found = (await deck.desk()).grants()
        rows = [Row(str(one.id), " ".join(one.prefix), f"{one.scope} · {one.thread or one.folder or ''} · #{one.id}") for one in found]
        note = "What may run without asking. Enter revokes the one under the cursor."
        revoke = await deck.stage.ask(Picker("Grants", rows, note=note, empty="nothing was granted"))
        if revoke is None:
            return
    number = revoke.removeprefix("#")
    if not number.isdigit():
        raise UsageError(f"/grants --revoke takes a grant's number, not {revoke!r}")
    from codex_desk.engine.approvals import Revoke

    revoked = await deck.do(Revoke(int(number)))
    deck.stage.say(f"revoked: {' '.join(revoked.prefix)}")


COMMANDS = (
    Command("approvals", "everything that waits for your yes or no", inbox, key="i", palette="Approvals inbox"),
    Command("grants", "what may run without asking again", grants, "[--revoke ID]", palette="Grants"),
    Command("decide", "answer an approval card", decide, slash=False),
)
