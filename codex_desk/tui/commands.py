"""What a command is, and the table that feeds the slash menu, the palette, the leader keys, the menus and the help."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import field, replace

from codex_desk.frozen import frozen
from codex_desk.tui.deck import Deck
from codex_desk.tui.grammar import Call, Grammar, UsageError
from codex_desk.tui.model.completion import Known

Run = Callable[[Deck, Call], Awaitable[None]]


@frozen
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
    """The key after the leader, or several with commas between; empty for none."""
    row_key: str = ""
    """The key in the sidebar, likewise; empty where it is not an action on a row."""
    palette: str = ""
    """How the palette calls it; empty: not there."""
    aliases: Sequence[str] = ()
    """Other ways to type it, words with spaces between; what follows is its arguments."""
    slash: bool = True
    """Whether it can be typed; False for what only keys and the palette offer."""
    offers: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """What stands in the usage line (`MODE`, `--rights`) → the words that it takes, for completion. Handles, folders and themes are known without."""

    @property
    def usage(self) -> str:
        return f"/{self.name} {self.arguments}".rstrip()

    @property
    def leader_id(self) -> str:
        """What a keymap calls its key after the leader."""
        return f"leader.{self.name}"

    @property
    def row_id(self) -> str:
        """What a keymap calls its key in the sidebar."""
        return f"sidebar.{self.name}"


class CommandTable:
    """The commands by name and by key. Two of one name or key are a mistake, and raise `ValueError`."""

    def __init__(self, commands: Iterable[Command]) -> None:
        self._commands: dict[str, Command] = {}
        for command in commands:
            if command.name in self._commands:
                raise ValueError(f"two commands are named {command.name}")
            self._commands[command.name] = command
        for keys in ([key for one in self for key in _parted(one.key)], [key for one in self for key in _parted(one.row_key)]):
            doubled = {key for key in keys if keys.count(key) > 1}
            if doubled:
                raise ValueError(f"two commands share the key {', '.join(sorted(doubled))}")

    def __iter__(self) -> Iterator[Command]:
        return iter(self._commands.values())

    def __getitem__(self, name: str) -> Command:
        return self._commands[name]

    def slash_menu(self) -> list[Known]:
        """What can be typed."""
        return [Known(one.name, one.help, one.arguments, one.offers) for one in self if one.slash]

    def with_keys(self, keys: Mapping[str, Sequence[str]]) -> CommandTable:
        """The same commands with the keys in force, by id (`leader.attach`, `sidebar.attach`); an id that is not there keeps its own."""
        return CommandTable(
            replace(
                one,
                key=",".join(keys.get(one.leader_id, [one.key])) if one.key else "",
                row_key=",".join(keys.get(one.row_id, [one.row_key])) if one.row_key else "",
            )
            for one in self
        )

    def leader_keys(self) -> dict[str, str]:
        """Key after the leader → command name."""
        return {key: one.name for one in self for key in _parted(one.key)}

    def row_keys(self) -> dict[str, str]:
        """Key in the sidebar → command name."""
        return {key: one.name for one in self for key in _parted(one.row_key)}

    def row_actions(self) -> list[Command]:
        """What the sidebar offers for the thread under its cursor."""
        return [one for one in self if one.row_key]

    def parse(self, line: str) -> tuple[Command, Call]:
        """A typed line, with its slash. Raises `UsageError`."""
        typed = line.strip().removeprefix("/")
        name, _, rest = typed.partition(" ")
        command = self._commands.get(name)
        for one in self:
            for alias in one.aliases:
                if f"{typed} ".startswith(f"{alias} "):
                    name, command, rest = alias, one, typed[len(alias) :].strip()
        if command is None or not command.slash:
            raise UsageError(f"there is no command /{name}; /help lists them. A space before the slash sends it as text")
        try:
            return command, Grammar(command.arguments).parse(rest)
        except UsageError as error:
            raise UsageError(f"/{name} {error}   usage: {command.usage}") from error


def _parted(keys: str) -> list[str]:
    return [key for key in keys.split(",") if key]
