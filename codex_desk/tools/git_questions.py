"""The `git` tool: four questions in read-only forms."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from codex_desk.tools.errors import ToolRefusal
from codex_desk.tools.git import GitResult, git
from codex_desk.tools.hidden import hidden_paths
from codex_desk.tools.words import words
from codex_desk.tools.workspace import Workspace

Question = Literal["status", "diff", "log", "show"]

_STATUS = words(
    """
    -s --short -b --branch --porcelain --porcelain=v1 --porcelain=v2 --long --show-stash --ahead-behind --no-ahead-behind
    --ignored -u -uno -unormal -uall --untracked-files --untracked-files=no --untracked-files=normal --untracked-files=all
    --renames --no-renames
    """
)
_DIFF = words(
    """
    -p -u --patch -s --no-patch --raw --stat --shortstat --numstat --summary --compact-summary --dirstat --patch-with-stat
    --name-only --name-status --no-color --word-diff --minimal --patience --histogram --no-renames -M -C --find-renames
    --find-copies -B --check --full-index --abbrev -R --relative --no-relative -a --text -w -b --ignore-all-space
    --ignore-space-change --ignore-space-at-eol --ignore-cr-at-eol --ignore-blank-lines -W --function-context --exit-code
    --pickaxe-regex --pickaxe-all -m -c --cc
    """
)
_DIFF_VALUES = words(
    """
    -U -M -C -S -G --unified= --stat= --dirstat= --word-diff= --diff-algorithm= --find-renames= --find-copies= --abbrev=
    --diff-filter= --inter-hunk-context= --color=never --relative= --skip-to= --rotate-to=
    """
)
_LOG = words(
    """
    -n -i --oneline --graph --all --branches --tags --remotes --decorate --no-decorate --merges --no-merges --first-parent
    --reverse --follow --pretty --abbrev-commit --no-abbrev-commit --invert-grep --all-match -E -F -P --extended-regexp
    --fixed-strings --regexp-ignore-case --topo-order --date-order --author-date-order --left-right --cherry-pick --ancestry-path
    --full-history --simplify-by-decoration --simplify-merges --boundary --parents --children -g --walk-reflogs --log-size --root
    --no-walk --name-only --name-status
    """
)
_LOG_VALUES = words(
    """
    -n -L --max-count= --skip= --since= --until= --after= --before= --author= --committer= --grep= --grep-reflog= --format=
    --pretty= --date= --decorate= --branches= --tags= --remotes= --glob= --exclude= --min-parents= --max-parents=
    """
)
_COMMIT_COUNT = re.compile(r"-\d+")

_OPTIONS: dict[Question, tuple[frozenset[str], tuple[str, ...]]] = {
    "status": (_STATUS, ()),
    "diff": (_DIFF | {"--cached", "--staged", "--merge-base"}, tuple(_DIFF_VALUES)),
    "log": (_DIFF | _LOG, (*_DIFF_VALUES, *_LOG_VALUES)),
    "show": (_DIFF | _LOG, (*_DIFF_VALUES, *_LOG_VALUES)),
}
"""What may be asked: options as they are, and beginnings of options that carry a value. None of them writes or runs anything."""


async def ask_git(question: Question, args: Sequence[str], workspace: Workspace) -> GitResult:
    """The answer of git about the repository that the cwd lies in. Raises `ToolRefusal` for other forms and for a repository elsewhere."""
    allowed = checked_arguments(question, args)
    top = await _work_tree(workspace)
    return await git(question, *allowed, *_without_hidden(question, allowed, top, workspace), cwd=workspace.cwd)


def checked_arguments(question: Question, args: Sequence[str]) -> list[str]:
    """The same arguments, if every option is on the list and no path leads upward. Raises `ToolRefusal`."""
    flags, values = _OPTIONS[question]
    only_paths = False
    for arg in args:
        if not only_paths and arg == "--":
            only_paths = True
        elif not only_paths and arg.startswith("-"):
            counted = question in ("log", "show") and _COMMIT_COUNT.fullmatch(arg)
            if not (arg in flags or counted or arg.startswith(values)):
                raise ToolRefusal("bad_arguments", f"args: git {question} takes no {arg} here; only read-only options are let through")
        # Of two paths one of which lies outside, git diff compares files anywhere on the machine.
        elif arg.startswith(("/", "~")) or ".." in arg.split("/"):
            raise ToolRefusal("bad_arguments", f"args: {arg!r} leads out of the folder; name revisions and paths beneath it")
    return list(args)


async def _work_tree(workspace: Workspace) -> Path:
    """The top of the work tree, which must be readable: a repository's config may point to any folder as its work tree."""
    found = await git("rev-parse", "--show-toplevel", cwd=workspace.cwd)
    if not found.ok:
        detail = found.errors.strip().partition("\n")[0]
        raise ToolRefusal("no_repository", f"{workspace.cwd} is in no git work tree: {detail or 'git gave no answer in time'}")
    top = Path(found.output.removesuffix("\n"))
    readable = any(top.is_relative_to(root) for root in workspace.read_roots)
    hidden = hidden_paths(workspace.home, workspace.codex_home)
    if not readable or any(top.is_relative_to(path) for path in hidden):
        raise ToolRefusal("outside", f"the repository's work tree {top} lies outside of what this thread may read")
    return top


def _without_hidden(question: Question, args: Sequence[str], top: Path, workspace: Workspace) -> list[str]:
    """Path limits that keep hidden files out where they lie in the work tree itself."""
    hidden = [path for path in hidden_paths(workspace.home, workspace.codex_home) if path.is_relative_to(top)]
    if question not in ("status", "diff") or not hidden:
        return []
    limits = [f":(top,exclude,literal){path.relative_to(top)}" for path in hidden]
    return limits if "--" in args else ["--", *limits]
