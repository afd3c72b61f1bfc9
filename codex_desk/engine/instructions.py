"""AGENTS.md discovery, by Codex's rules: what a session's folder tells its agent.

The global file comes first and is not counted; then one file of every folder from the project's root down to the cwd, which share a budget
of bytes. Unlike Codex, a file counts only if it is a regular one whose real path lies in the project (or, for the global one, in its folder).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from codex_desk.files import FileRefused, read_beneath
from codex_desk.frozen import frozen
from codex_desk.paths import DEFAULT_MARKERS, project_of

OVERRIDE_NAME = "AGENTS.override.md"
DEFAULT_NAME = "AGENTS.md"
DEFAULT_MAX_BYTES = 32 * 1024
_SEPARATOR = "\n\n--- project-doc ---\n\n"


@frozen
class Instructions:
    """What the instruction files come to, in the words that the model gets."""

    text: str
    """Empty where no file says anything. The bodies stand verbatim: what is shown to people passes `visible`."""
    sources: tuple[Path, ...]
    """The files in `text`, in order, named as they were found (not where a link leads)."""
    sha256: str
    """Of `text`, as hex."""
    truncated: bool
    """The budget ended before the project's files did."""
    skipped: tuple[tuple[Path, str], ...]
    """Files that were found and left out, each with the reason."""


def discover(
    cwd: Path,
    *,
    codex_home: Path,
    markers: Sequence[str] = DEFAULT_MARKERS,
    fallback_names: Sequence[str] = (),
    max_bytes: int = DEFAULT_MAX_BYTES,
) -> Instructions:
    """Read the instruction files of a folder.

    `fallback_names` count where a folder has neither an override nor an AGENTS.md; `max_bytes` is the budget that the project's files share,
    0 leaves them all out. A file that cannot be read is skipped, never an error.
    """
    folder = cwd.resolve()
    reading = _Reading()
    shared = reading.global_file(codex_home)
    if max_bytes > 0:
        names = tuple(dict.fromkeys((OVERRIDE_NAME, DEFAULT_NAME, *filter(None, fallback_names))))
        root = project_of(folder, markers)
        reading.project_files(root, folder, names, max_bytes)
    text = _wrapped(folder, shared, reading.docs)
    return Instructions(text, tuple(reading.sources), sha256(text.encode()).hexdigest(), reading.truncated, tuple(reading.skipped))


def _wrapped(cwd: Path, shared: str, docs: Sequence[str]) -> str:
    """The form in which Codex 0.169 gives them to the model, as the first part of a user message."""
    if not shared and not docs:
        return ""
    # A folder's name need not be UTF-8; a prompt must be.
    named = str(cwd).encode("utf-8", "replace").decode()
    title = f"# AGENTS.md instructions for {named}" if docs else "# AGENTS.md instructions"
    body = _SEPARATOR.join(filter(None, (shared, "\n\n".join(docs))))
    return f"{title}\n\n<INSTRUCTIONS>\n{body}\n</INSTRUCTIONS>"


@dataclass(slots=True)
class _Reading:
    """What one discovery has found so far."""

    docs: list[str] = field(default_factory=list)
    sources: list[Path] = field(default_factory=list)
    skipped: list[tuple[Path, str]] = field(default_factory=list)
    truncated: bool = False

    def global_file(self, codex_home: Path) -> str:
        """The first of the two global files that says anything, trimmed as Codex trims it."""
        root = codex_home.resolve()
        for name in (OVERRIDE_NAME, DEFAULT_NAME):
            path = codex_home / name
            data = self._read(root, path)
            if data is None:
                continue
            try:
                text = data.decode().strip()
            except UnicodeDecodeError:
                self.skipped.append((path, "not UTF-8"))
                continue
            if text:
                self.sources.append(path)
                return text
            self.skipped.append((path, "empty"))
        return ""

    def project_files(self, root: Path, cwd: Path, names: Sequence[str], budget: int) -> None:
        """One file of each folder, until the budget is used up."""
        for folder in _downwards(root, cwd):
            path, data = self._first(root, folder, names, budget + 1)
            if path is None:
                continue
            if budget == 0 and data:
                self.truncated = True
                self.skipped.append((path, "past project_doc_max_bytes"))
                continue
            # Cut by bytes wherever that falls; as in Codex, half a character becomes a replacement character.
            kept = data[:budget]
            text = kept.decode("utf-8", "replace")
            if not text.strip():
                self.skipped.append((path, "empty"))
                continue
            self.docs.append(text)
            self.sources.append(path)
            self.truncated |= len(data) > len(kept)
            budget -= len(kept)

    def _first(self, root: Path, folder: Path, names: Sequence[str], limit: int) -> tuple[Path | None, bytes]:
        """The first name of the folder that is a readable file; an empty one hides those after it."""
        for name in names:
            path = folder / name
            data = self._read(root, path, limit)
            if data is not None:
                return path, data
        return None, b""

    def _read(self, root: Path, path: Path, limit: int | None = None) -> bytes | None:
        try:
            return read_beneath(root, path, limit)
        except (FileNotFoundError, NotADirectoryError):
            if path.is_symlink():
                self.skipped.append((path, "a link that leads nowhere"))
        except FileRefused as refusal:
            self.skipped.append((path, str(refusal)))
        except (OSError, ValueError) as error:  # ValueError: a configured name with a null byte
            self.skipped.append((path, getattr(error, "strerror", None) or str(error)))
        return None


def _downwards(root: Path, cwd: Path) -> Iterator[Path]:
    """Every folder from the root to the cwd, both included."""
    folder = root
    yield folder
    for part in cwd.relative_to(root).parts:
        folder /= part
        yield folder
