"""What a command is, and the table that feeds the slash menu, the palette, the leader keys, the menus and the help."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from codex_desk.tui.deck import Deck
from codex_desk.tui.grammar import Call, Grammar, UsageError

Run = Callable[[Deck, Call], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Command:
    """One thing a person can ask for."""

    name: str
    """As typed after the slash, and the end of its key's binding id (`leader.attach`)."""
    help: str
    """One clause, without a full stop."""
    run: Run
    arguments: str = ""
    """The usage line, in the command line's grammar."""
    key: str = ""
    """The key after the leader; empty for none."""
    row_key: str = ""
    """The key in the sidebar; empty where it is not an action on a row."""
    palette: str = ""
    """How the palette calls it; empty: not there."""
    slash: bool = True
    """Whether it can be typed; False for what only keys and the palette offer."""

    @property
    def usage(self) -> str:
        return f"/{self.name} {self.arguments}".rstrip()


class CommandTable:
    """The commands by name and by key. Two of one name or key are a mistake, and raise `ValueError`."""

    def __init__(self, commands: Iterable[Command]) -> None:
        self._commands: dict[str, Command] = {}
        for command in commands:
            if command.name in self._commands:
                raise ValueError(f"two commands are named {command.name}")
            self._commands[command.name] = command
        for keys in ([one.key for one in self], [one.row_key for one in self]):
            doubled = {key for key in keys if key and keys.count(key) > 1}
            if doubled:
                raise ValueError(f"two commands share the key {', '.join(sorted(doubled))}")

    def __iter__(self) -> Iterator[Command]:
        return iter(self._commands.values())

    def __getitem__(self, name: str) -> Command:
        return self._commands[name]

    def slash_menu(self) -> list[tuple[str, str]]:
        """(name, help) of what can be typed."""
        return [(one.name, one.help) for one in self if one.slash]

    def leader_keys(self, keymap: Mapping[str, str]) -> dict[str, str]:
        """Key after the leader → command name. `keymap` (binding id → keys, comma-separated) moves them: `leader.attach = "A"`."""
        found: dict[str, str] = {}
        for one in self:
            for key in keymap.get(f"leader.{one.name}", one.key).split(","):
                if key.strip():
                    found[key.strip()] = one.name
        return found

    def row_actions(self) -> list[Command]:
        """What the sidebar offers for the thread under its cursor."""
        return [one for one in self if one.row_key]

    def parse(self, line: str) -> tuple[Command, Call]:
        """A typed line, with its slash. Raises `UsageError`."""
        name, _, rest = line.strip().removeprefix("/").partition(" ")
        command = self._commands.get(name)
        if command is None or not command.slash:
            raise UsageError(f"there is no command /{name}; F1 lists them. A space before the slash sends it as text")
        try:
            return command, Grammar(command.arguments).parse(rest)
        except UsageError as error:
            raise UsageError(f"/{name} {error}   usage: {command.usage}") from error
