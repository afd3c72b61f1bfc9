"""Prompts and turns: send, wait, interrupt, resume, compact."""

from __future__ import annotations

from codex_desk.engine.views import Delivery, MessageView, ThreadView
from codex_desk.text import one_line
from codex_desk.tui.commands import Command
from codex_desk.tui.deck import Deck
from codex_desk.tui.grammar import Call, UsageError
from codex_desk.tui.model.words import name

DELIVERIES: tuple[Delivery, ...] = ("after_turn", "next_step", "interrupt")


async def send(deck: Deck, call: Call) -> None:
    ref = call.get("thread")
    if ref is None:
        from codex_desk.tui.screens.pick import Picker, thread_choice

        ref = await deck.stage.ask(Picker("Send to", [thread_choice(one) for one in deck.others()], empty="there is no session yet"))
        if ref is None:
            return
    target = await deck.named(ref)
    text = call.get("text")
    if text is None:
        from codex_desk.tui.screens.ask import Ask

        text = await deck.stage.ask(Ask(f"Send to {name(target)}", "The prompt"))
        if not text:
            return
    sender = call.get("from")
    from codex_desk.engine.mailbox import Send

    sender_id = (await deck.named(sender)).id if sender else None
    sent: MessageView = await deck.do(Send(target.id, text, sender_id, _delivery(call)))
    deck.stage.say(f"#{sent.id} to {sent.to} is {sent.state}")


async def wait(deck: Deck, call: Call) -> None:
    try:
        numbers = [int(number.removeprefix("#")) for number in call.many]
        timeout = float(call.get("timeout") or 600)
    except ValueError as error:
        raise UsageError("/wait takes message numbers such as #42, and --timeout seconds") from error
    if not numbers:
        raise UsageError("/wait takes message numbers such as #42")
    desk = await deck.desk()
    deck.stage.say(f"waiting for {', '.join(f'#{number}' for number in numbers)}")
    try:
        final = await desk.run_until(numbers, timeout=timeout, any_of="any" in call.flags)
    except TimeoutError:
        final = [desk.message(number) for number in numbers]
        deck.stage.say("waited in vain: " + ", ".join(f"#{one.id} is {one.state}" for one in final), "error")
        return
    deck.stage.say("   ".join(f"#{one.id} {one.state}: {one_line(one.answer or one.reason or '', 80)}" for one in final))


async def interrupt(deck: Deck, call: Call) -> None:
    thread = await deck.named(call.get("thread"))
    deck.stage.say(await (stop_chain if "chain" in call.flags else stop)(deck, thread))


async def stop(deck: Deck, thread: ThreadView) -> str:
    """Interrupt a thread; says what that means for it."""
    from codex_desk.engine.turns import Interrupt

    await deck.do(Interrupt(thread.id))
    return f"{name(thread)} is stopped; only you start it again: a prompt or /resume"


async def stop_chain(deck: Deck, thread: ThreadView) -> str:
    """Interrupt all that the prompt behind a thread's work caused; says what that means."""
    from codex_desk.engine.turns import Interrupt

    await deck.do(Interrupt(thread.id, chain=True))
    bill = (await deck.desk()).bill(thread.id)
    if bill is None or bill.stopped is None:
        return f"{name(thread)} is stopped; nothing else works for it"
    names = ", ".join(one.thread for one in bill.spenders if one.held) or name(thread)
    held = f", {len(bill.held)} held" if bill.held else ""
    return f"stopped: {one_line(names, 80)}{held}; /resume lets all of it go on"


async def resume(deck: Deck, call: Call) -> None:
    deck.stage.say(await go_on(deck, await deck.named(call.get("thread"))))


async def go_on(deck: Deck, thread: ThreadView) -> str:
    """Give the hand back, with as much again of what a budget held there; says so."""
    from codex_desk.engine.turns import Resume

    before = (await deck.desk()).bill(thread.id)
    await deck.do(Resume(thread.id))
    after = (await deck.desk()).bill(thread.id)
    given = (
        []
        if before is None or after is None
        else [new.name for old, new in zip(before.spent, after.spent, strict=True) if new.granted > old.granted]
    )
    more = f", with as much again of {', '.join(given)}" if given else ""
    return f"{name(thread)} goes on{more}"


async def compact(deck: Deck, call: Call) -> None:
    thread = await deck.named(call.get("thread"))
    from codex_desk.engine.turns import Compact

    deck.stage.say(f"compacting {name(thread)} in one model call")
    await deck.do(Compact(thread.id))
    deck.stage.say(f"{name(thread)} is compacted")


def _delivery(call: Call) -> Delivery:
    if "steer" in call.flags:
        return "next_step"
    if "replace" in call.flags:
        return "interrupt"
    asked = call.get("delivery")
    if asked is None:
        return "after_turn"
    for delivery in DELIVERIES:
        if asked == delivery:
            return delivery
    raise UsageError(f"--delivery is {', '.join(DELIVERIES)}, not {asked!r}")


COMMANDS = (
    Command(
        "interrupt",
        "stop the running turn, or all that its prompt caused; what was done is kept",
        interrupt,
        "[THREAD] [--chain]",
        row_key="x",
        palette="Stop the running turn",
    ),
    Command("resume", "let a stopped or held thread go on", resume, "[THREAD]", palette="Resume a stopped thread"),
    Command(
        "send",
        "prompt another thread, or speak for one",
        send,
        "THREAD TEXT [--from THREAD] [--delivery C] [--steer] [--replace]",
        palette="Send to another thread",
        offers={"--delivery": DELIVERIES},
    ),
    Command("wait", "say when messages are answered", wait, "MESSAGE… [--any] [--timeout S]"),
    Command("compact", "shorten what the model reads, in one model call", compact, "[THREAD]", palette="Compact the history"),
)
