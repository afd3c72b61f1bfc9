"""How a call of a board tool reads: what it was about, what came of it, and the entries that it read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

Fields = Mapping[str, object]


def subject(tool: str, arguments: Fields) -> str | None:
    """What a call is about; None for other tools, and for arguments that are not such a tool's."""
    match tool, arguments:
        case "board_post", {"kind": str(kind), "text": str(text)}:
            to = arguments.get("to")
            return f"{kind}{f' to {to}' if to else ''}: {text}"
        case "board_claim", {"paths": [*paths]}:
            note = arguments.get("note")
            return ", ".join(map(str, paths)) + (f": {note}" if note else "")
        case "board_decide", {"text": str(text)}:
            return text
        case "board_promote", {"entry": int(entry)}:
            return f"e{entry}"
        case "board_read", _:
            since, author = arguments.get("since"), arguments.get("author")
            kinds = _list(arguments.get("kinds"))
            parts = (
                "" if since is None else f"since e{since}" if since else "all of it",
                ", ".join(map(str, kinds)),
                f"by {author}" if author else "",
            )
            return " · ".join(filter(None, parts))
    return None


def outcome(tool: str, arguments: Fields, found: Fields) -> str | None:
    """What came of a call; None for other tools, and for a result that is not such a tool's."""
    match tool, found:
        case "board_read", {"entries": [*entries]}:
            return f"{len(entries)} {'entry' if len(entries) == 1 else 'entries'}" if entries else "nothing new"
        case "board_claim", {"entry": int(entry), "conflicts": [*conflicts]}:
            others = (f"{one.get('path')} is also {one.get('author')}'s (e{one.get('entry')})" for one in _fields(conflicts))
            return "; ".join((f"e{entry}", *others))
        case "board_decide", {"entry": int(entry)}:
            cites = ", ".join(f"e{one}" for one in _list(arguments.get("cites")))
            return f"e{entry}, on {cites}" if cites else f"e{entry}"
        case "board_promote", {"kind": str(kind), "source": str(source)}:
            return f"{kind} by {source}"
        case "board_post", {"entry": int(entry)}:
            return f"e{entry}"
    return None


def opened(tool: str, found: Fields) -> str | None:
    """The entries that a read gave, one a line; None for other tools."""
    match tool, found:
        case "board_read", {"entries": [*entries]}:
            return "\n".join(map(_entry, _fields(entries))) or "nothing new"
    return None


def _entry(one: Fields) -> str:
    to = one.get("to")
    gone = one.get("invalidated_by") or one.get("superseded_by")
    about = f" (does not hold since e{gone})" if gone else ""
    return f"e{one.get('id')}  {one.get('kind')}  {one.get('author')}{f' → {to}' if to else ''}{about}  {one.get('text')}"


def _list(value: object) -> Sequence[object]:
    return value if isinstance(value, list | tuple) else ()


def _fields(values: Sequence[object]) -> list[Fields]:
    return [one for one in values if isinstance(one, Mapping)]
