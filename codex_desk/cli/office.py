"""A small office to try the desk in: one repository, three role desks in it, each with its own AGENTS.md, and a change worth asking for."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from codex_desk.engine.errors import Refusal
from codex_desk.frozen import frozen

if TYPE_CHECKING:
    from codex_desk.engine.desk import Desk
    from codex_desk.engine.views import ThreadView

ROLES: Mapping[str, str] = {
    "operator": """\
# Operator

You lead. You change no files yourself: you ask the implementor for one bounded change at a time, the reviewer to look at the diff, wait for
either, and put what comes back together for the user.
""",
    "reviewer": """\
# Reviewer

You review diffs and change nothing. Say what was changed, what could break, and what is missing, most important first.
""",
    "implementor": """\
# Implementor

You make the change that was asked for, in the repository's root, and no other. Say in one line what you changed and where.
""",
}
"""What each role's AGENTS.md says, by handle."""

CHANGED_FILE = "stock.py"
FAULT = "return sum(prices) / len(prices)"
REPAIR = "return sum(prices) / len(prices) if prices else 0.0"

FILES: Mapping[str, str] = {
    "AGENTS.md": "# The shop\n\nPlain Python, no dependencies. What a docstring promises, the code does.\n",
    CHANGED_FILE: f'''\
"""What the shop has in stock, and what it is worth."""

from __future__ import annotations


def worth(prices: list[float], pieces: list[int]) -> float:
    """The value of all pieces together."""
    return sum(price * count for price, count in zip(prices, pieces, strict=True))


def mean_price(prices: list[float]) -> float:
    """The mean price; 0.0 where nothing is in stock."""
    {FAULT}
''',
}

TASK = f"implementor: replace `{FAULT}` with `{REPAIR}` in {CHANGED_FILE}; then reviewer: review the diff"
"""What the user asks of the operator, in words that the offline stand-in understands too: `then` waits for the answer before."""


@frozen
class Office:
    """The folder that holds an office."""

    root: Path

    @property
    def home(self) -> Path:
        """A desk's home of its own: nothing of the user's is touched or read."""
        return self.root / "home"

    @property
    def repository(self) -> Path:
        return self.root / "repo"

    @property
    def built(self) -> bool:
        return (self.home / "desk.db").exists()

    @property
    def first(self) -> Path:
        """The folder whose session is opened."""
        return self.folder_of("operator")

    def folder_of(self, role: str) -> Path:
        return self.repository / ".agents" / "workspace-roles" / role

    def environment(self, outer: Mapping[str, str]) -> dict[str, str]:
        """The surroundings without the user's own settings and global instructions; who started the process stays known."""
        kept = {name: value for name, value in outer.items() if not name.startswith("CODEX_DESK_") or name == "CODEX_DESK_THREAD"}
        return kept | {"CODEX_DESK_HOME": str(self.home), "CODEX_HOME": str(self.root / "codex")}

    def lay_out(self) -> None:
        """Make the repository and the roles' folders. Refuses a folder that holds something else, and a machine without git."""
        git = empty_or_new(self.root)
        texts = {self.repository / name: text for name, text in FILES.items()}
        texts |= {self.folder_of(role) / "AGENTS.md": text for role, text in ROLES.items()}
        for path, text in texts.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        init_repository(git, self.repository, "The shop as it is")

    async def move_in(self, desk: Desk) -> dict[str, ThreadView]:
        """Make the three sessions, by handle, and attach reviewer and implementor to operator."""
        from codex_desk.engine.links import Attach
        from codex_desk.engine.sessions import New

        made: dict[str, ThreadView] = {}
        for role in ROLES:
            roots = (self.repository,) if role == "implementor" else ()
            made[role] = await desk.do(New(role, self.folder_of(role), add_dirs=roots, runtime="offline"))
        for child in ("reviewer", "implementor"):
            await desk.do(Attach(made[child].id, made["operator"].id))
        return {role: desk.thread(thread.id) for role, thread in made.items()}


def empty_or_new(root: Path) -> str:
    """The git program, for an office that is to be built here. Refuses a folder that holds something else, and a machine without git."""
    git = shutil.which("git")
    if git is None:
        raise Refusal("no_git", "the demo needs git: its reviewer looks at a diff")
    if root.exists() and (not root.is_dir() or any(root.iterdir())):
        raise Refusal("bad_value", f"{root} is not an empty folder; take another --dir")
    return git


def init_repository(git: str, folder: Path, message: str) -> None:
    """Make a repository of a folder, with all that is in it as the first commit."""
    for args in (["init", "--quiet", "--initial-branch=main"], ["add", "--all"], ["commit", "--quiet", f"--message={message}"]):
        _git(git, folder, args)


def _git(git: str, folder: Path, args: list[str]) -> None:
    """Run git as nobody in particular: no configuration and no hooks of the user's."""
    identity = {
        f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER") for what, value in (("NAME", "demo"), ("EMAIL", "demo@localhost"))
    }
    outer = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    environment = outer | identity | {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    ran = subprocess.run([git, "-C", str(folder), *args], env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if ran.returncode != 0:
        raise Refusal("no_git", f"git {args[0]} failed: {ran.stderr.strip()}")
