"""What the stand-in does itself: read, run, replace, review, and a report on its own folder."""

from __future__ import annotations

import re
from pathlib import Path

from codex_desk.runtimes.offline.parsing import Command, Place, Read, Replace, Review, Run, parse_commands
from codex_desk.runtimes.offline.script import Call, Result, Script, Steps, fenced

TODO = r"\b(TODO|FIXME|XXX)\b"
MAX_LISTED = 10
MAX_NAMES = 20

_NUMBERED = re.compile(r"^ *\d+\t", re.MULTILINE)


def work(text: str, place: Place) -> Script:
    """Obeys the commands in a text one after the other; without one, reports on the folder."""
    commands = parse_commands(text)
    if not commands:
        return (yield from report(place))
    answers: list[str] = []
    for command in commands:
        answers.append((yield from _obey(command, place)))
    return "\n\n".join(answers)


def _obey(command: Command, place: Place) -> Script:
    match command:
        case Read(file):
            return (yield from _read(file, place))
        case Run(line):
            return (yield from _run(line))
        case Replace():
            return (yield from _replace(command, place))
        case Review():
            return (yield from _review())


def _read(file: str, place: Place) -> Script:
    path, pages = yield from _find(file, place)
    if path is None:
        return f"Could not read `{file}`: {pages}"
    return f"`{path}`:\n\n{fenced(pages)}"


def _find(file: str, place: Place) -> Steps[tuple[str | None, str]]:
    """The path under which a file was found, and its text; or None, and why it was not found. Relative names are looked up in the cwd, then
    in the writable roots."""
    candidates = [file] if Path(file).is_absolute() else [file, *(str(root / file) for root in place.roots)]
    refusal = ""
    for candidate in candidates:
        text, offset = "", 1
        while True:
            (result,) = yield [Call("read", {"path": candidate} | ({"offset": offset} if offset > 1 else {}))]
            if result.error is not None:
                refusal = refusal or result.error
                break
            text += _NUMBERED.sub("", result.text("text"))
            following = result.value.get("next_offset")
            if not isinstance(following, int) or following <= offset:
                return candidate, text
            offset = following
    return None, refusal


def _run(command: str) -> Script:
    (result,) = yield [Call("shell", {"command": command})]
    if result.error is not None:
        return f"Could not run `{command}`: {result.error}"
    how = "ran out of time" if result.value.get("timed_out") else f"ended with exit code {result.value.get('exit_code')}"
    note = f"\n\n{result.text('note')}" if result.text("note") else ""
    output = result.text("output")
    return f"`{command}` {how}." + (f"\n\n{fenced(output)}" if output.strip() else " It printed nothing.") + note


def _replace(command: Replace, place: Place) -> Script:
    path, text = yield from _find(command.file, place)
    if path is None:
        return f"Could not change `{command.file}`: {text}"
    lines = [line for line in text.split("\n") if command.old in line]
    if not lines:
        return f"`{path}` does not contain `{command.old}`; nothing was changed."
    (result,) = yield [Call("apply_patch", {"patch": _patch(path, lines, command)})]
    if result.error is not None:
        return f"Could not change `{path}`: {result.error}"
    count = sum(line.count(command.old) for line in lines)
    places = "1 place" if count == 1 else f"{count} places"
    return f"Replaced `{command.old}` with `{command.new}` in `{path}`, {places}."


def _patch(path: str, lines: list[str], command: Replace) -> str:
    """One hunk for each line, in the file's order, which is the order in which hunks are looked for."""
    hunks = [f"@@\n-{line}\n+{line.replace(command.old, command.new)}" for line in lines]
    return "\n".join(["*** Begin Patch", f"*** Update File: {path}", *hunks, "*** End Patch"])


def _review() -> Script:
    status, numbers, diff, todos = yield [
        Call("git", {"question": "status", "args": ["--short", "--branch"]}),
        Call("git", {"question": "diff", "args": ["HEAD", "--stat"]}),
        Call("git", {"question": "diff", "args": ["HEAD"]}),
        Call("grep", {"pattern": TODO}),
    ]
    sections = [_changes(status), _sized(numbers), _new_todos(diff), _todos(todos)]
    return "Review of this folder.\n\n" + "\n\n".join(section for section in sections if section)


def _changes(status: Result) -> str:
    if status.error is not None:
        return f"No git status: {status.error}"
    branch, _, changed = status.text("output").partition("\n")
    branch = branch.removeprefix("## ")
    files = [line for line in changed.splitlines() if line.strip()]
    if not files:
        return f"Branch `{branch}`; nothing has changed since the last commit."
    return f"Branch `{branch}`; {_count(len(files), 'changed path')}:\n\n{fenced(changed)}"


def _sized(numbers: Result) -> str:
    """The summary line of `git diff --stat`, such as "2 files changed, 3 insertions(+)"."""
    rows = numbers.text("output").strip().splitlines()
    return f"{rows[-1].strip()}." if numbers.error is None and rows else ""


def _new_todos(diff: Result) -> str:
    added = [line[1:].strip() for line in diff.text("output").splitlines() if line.startswith("+") and re.search(TODO, line)]
    return _listed(f"{_count(len(added), 'to-do')} in the change", added)


def _todos(found: Result) -> str:
    if found.error is not None:
        return f"No search for to-dos: {found.error}"
    rows = [f"{row.get('path')}:{row.get('line')}: {str(row.get('text')).strip()}" for row in found.rows("matches")]
    return _listed(f"{_count(len(rows), 'to-do')} in the folder", rows) if rows else "No to-dos in the folder."


def _listed(title: str, rows: list[str]) -> str:
    return f"{title}:\n\n{fenced(chr(10).join(rows), MAX_LISTED)}" if rows else ""


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def report(place: Place) -> Script:
    """What the folder is, which instructions were loaded for it, and how git finds it."""
    status, listing = yield [Call("git", {"question": "status", "args": ["--short", "--branch"]}), Call("list", {"path": "."})]
    lines = [f"A report on `{place.cwd}`; the commands that I know are `read F`, `run C`, `replace A with B in F` and `review`."]
    if listing.error is None:
        names = [f"`{entry.get('name')}`" for entry in listing.rows("entries")]
        lines.append(f"In it: {', '.join(names[:MAX_NAMES])}{' …' if len(names) > MAX_NAMES else ''}" if names else "It is empty.")
    lines.append(_instructions(place))
    lines.append(_changes(status))
    return "\n\n".join(lines)


def _instructions(place: Place) -> str:
    if not place.instructions:
        return "No instruction files were loaded."
    blocks = [f"Loaded: {title}\n\n{fenced(text, MAX_LISTED)}" for title, text in place.instructions]
    return "\n\n".join(blocks)
