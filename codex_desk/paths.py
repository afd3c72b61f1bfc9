"""Where files live: the desk's home, Codex's home, and the project that a folder belongs to."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from codex_desk.frozen import frozen

HOME_VARIABLE = "CODEX_DESK_HOME"
DEFAULT_MARKERS = (".git",)


class HomeError(Exception):
    """The desk's home cannot be used; the message says why and what to do."""

    code = "home_unusable"

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


def desk_home(env: Mapping[str, str]) -> Path:
    """`CODEX_DESK_HOME`, else the platform's user data folder for codex-desk; absolute, not created."""
    chosen = env.get(HOME_VARIABLE)
    if chosen:
        return _absolute(chosen, HOME_VARIABLE)
    import platformdirs

    return platformdirs.user_data_path("codex-desk", appauthor=False)


def codex_home(env: Mapping[str, str]) -> Path:
    """`CODEX_HOME`, else `~/.codex`: where Codex keeps its settings, its history and the global AGENTS.md."""
    chosen = env.get("CODEX_HOME")
    return _absolute(chosen, "CODEX_HOME") if chosen else _absolute("~/.codex", "HOME")


def _absolute(text: str, variable: str) -> Path:
    try:
        return Path(text).expanduser().absolute()
    except RuntimeError:
        raise HomeError(f"{variable}: there is no home folder for {text}. Set {variable} to an absolute path.") from None


def project_of(cwd: Path, markers: Sequence[str] = DEFAULT_MARKERS) -> Path:
    """The nearest ancestor of the folder's real path, itself included, that holds a root marker; without one the folder itself."""
    folder = cwd.resolve()
    for ancestor in (folder, *folder.parents):
        if any(is_there(ancestor / marker) for marker in markers):
            return ancestor
    return folder


def is_there(path: Path) -> bool:
    """Whether the path leads to something that we may see; never raises."""
    try:
        path.stat()
    except (OSError, ValueError):  # ValueError: a null byte
        return False
    return True


@frozen
class Home:
    """The one folder that holds everything the desk keeps."""

    root: Path

    @property
    def config_toml(self) -> Path:
        """The user's settings, never written by us."""
        return self.root / "config.toml"

    @property
    def settings_toml(self) -> Path:
        """The desk's own settings, above the user's."""
        return self.root / "settings.toml"

    @property
    def database(self) -> Path:
        return self.root / "desk.db"

    @property
    def run(self) -> Path:
        """Locks and sockets of living processes."""
        return self.root / "run"

    @property
    def backups(self) -> Path:
        return self.root / "backups"

    @property
    def themes(self) -> Path:
        return self.root / "themes"

    @property
    def agents(self) -> Path:
        """The user's roles."""
        return self.root / "agents"

    def create(self) -> Home:
        """Make the folders, mode 0700, and take everybody else's rights from the files, whatever the umask. Raises `HomeError`."""
        try:
            self.root.parent.mkdir(parents=True, exist_ok=True)
            for folder in (self.root, self.run, self.backups, self.themes, self.agents):
                _make_private(folder)
            for file in self._private_files():
                _close_to_others(file)
        except OSError as error:
            raise HomeError(f"{self.root} cannot be used: {error.strerror or error}. {_REMEDY}") from error
        return self

    def _private_files(self) -> Iterator[Path]:
        yield self.config_toml
        yield self.settings_toml
        yield from self.root.glob(f"{self.database.name}*")
        yield from self.backups.iterdir()


_REMEDY = f"Set {HOME_VARIABLE} to a folder of your own."


def _make_private(folder: Path) -> None:
    """The folder may be a link, but what it leads to must be a folder of ours."""
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
    except FileExistsError:
        raise HomeError(f"{folder} is not a folder. {_REMEDY}") from None
    info = folder.stat()
    if info.st_uid != os.geteuid():
        raise HomeError(f"{folder} belongs to another user. {_REMEDY}")
    if stat.S_IMODE(info.st_mode) != 0o700:
        folder.chmod(0o700)


def _close_to_others(file: Path) -> None:
    try:
        info = file.lstat()
    except FileNotFoundError:
        return
    # What a link leads to lies outside the home and is the user's to guard.
    if stat.S_ISREG(info.st_mode) and info.st_mode & 0o077:
        file.chmod(0o600)


def guard_file(file: Path) -> None:
    """Make the file if it is missing, and make it mode 0600 whatever the umask. Raises `HomeError`.

    For a file that a library would create by itself, such as a database: called before, so that it is never open to others.
    """
    try:
        descriptor = os.open(file, os.O_CREAT | os.O_WRONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, 0o600)
        try:
            info = os.fstat(descriptor)
            if info.st_uid != os.geteuid() or not stat.S_ISREG(info.st_mode):
                raise HomeError(f"{file} is not a file of yours. {_REMEDY}")
            os.fchmod(descriptor, 0o600)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise HomeError(f"{file} cannot be used: {error.strerror or error}. {_REMEDY}") from error
