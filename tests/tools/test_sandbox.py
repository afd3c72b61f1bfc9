from __future__ import annotations

import os
import socket
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from codex_desk.rights import Rights
from codex_desk.tools import sandbox as ladder
from codex_desk.tools.errors import ToolRefusal
from codex_desk.tools.sandbox import Sandbox, find_sandbox
from codex_desk.tools.seatbelt import profile
from codex_desk.tools.shell import run_shell
from codex_desk.tools.workspace import Workspace
from tests.tools.tool_ports import Hold, Port, with_rights


async def shell(workspace: Workspace, text: str) -> tuple[int, str]:
    """Exit code and output of a command that nobody may be asked about."""
    result = await run_shell(text, None, 60_000, workspace, Port())
    assert result.item is not None
    assert result.item.data["sandbox"] == workspace.sandbox.tier
    return result.item.data["exit_code"], result.item.data["output"]


async def test_the_cwd_can_be_written(boxed: Workspace) -> None:
    assert (await shell(boxed, "echo x > new"))[0] == 0
    assert (boxed.cwd / "new").read_text() == "x\n"


async def test_a_writable_root_can_be_written(boxed: Workspace) -> None:
    extra = boxed.project / "extra"
    extra.mkdir()
    assert (await shell(replace(boxed, writable_roots=(extra,)), f"echo x > {extra}/new"))[0] == 0
    assert (extra / "new").exists()


async def test_the_project_can_be_read_and_not_written(boxed: Workspace) -> None:
    (boxed.project / "file").write_text("kept\n")
    code, output = await shell(boxed, "cat ../file; echo x > ../file")
    assert (code != 0, output.startswith("kept\n"), (boxed.project / "file").read_text()) == (True, True, "kept\n")


async def test_nothing_else_can_be_written(boxed: Workspace, user_home: Path) -> None:
    targets = [user_home / "new", boxed.project.parent / "new", Path("/tmp/codex-desk-test-new"), Path("/etc/codex-desk-test-new")]
    await shell(boxed, "; ".join(f"echo x > {target}" for target in targets))
    assert [target for target in targets if target.exists()] == []


async def test_read_only_writes_nothing(boxed: Workspace) -> None:
    assert (await shell(with_rights(boxed, "read-only"), "echo x > new"))[0] != 0
    assert not (boxed.cwd / "new").exists()


async def test_a_link_does_not_lead_a_write_out(boxed: Workspace) -> None:
    (boxed.cwd / "out").symlink_to(boxed.project)
    await shell(boxed, "echo x > out/new")
    assert not (boxed.project / "new").exists()


@pytest.mark.parametrize("name", [".git/config", ".codex/config.toml", ".codex-desk/x", "AGENTS.md", "sub/AGENTS.md", "sub/.git/config"])
async def test_what_is_protected_can_be_read_and_not_written(boxed: Workspace, name: str) -> None:
    (boxed.cwd / name).parent.mkdir(parents=True, exist_ok=True)
    (boxed.cwd / name).write_text("kept\n")
    code, output = await shell(boxed, f"cat {name}; echo x > {name}")
    await shell(boxed, f"rm -rf {name}; mv {name} {name}.old; mkdir -p {name}")
    assert (code != 0, "kept" in output, (boxed.cwd / name).read_text()) == (True, True, "kept\n")


@pytest.mark.parametrize("name", [".git", ".codex", ".codex-desk"])
async def test_a_protected_folder_that_is_not_there_cannot_be_made(bubblewrapped: Workspace, name: str) -> None:
    assert (await shell(bubblewrapped, f"mkdir -p {name} && touch {name}/config"))[0] != 0
    assert (await shell(bubblewrapped, f"rmdir {name} && mkdir {name}"))[0] != 0
    assert list(bubblewrapped.cwd.iterdir()) == []


async def test_git_init_fails_in_the_sandbox(bubblewrapped: Workspace) -> None:
    assert (await shell(bubblewrapped, "git init"))[0] != 0
    assert not (bubblewrapped.cwd / ".git").exists()


async def test_a_protected_file_that_appears_is_reported(bubblewrapped: Workspace) -> None:
    result = await run_shell("echo x > AGENTS.md", None, 60_000, bubblewrapped, Port())
    assert result.item is not None
    assert f"appeared while it ran, though read-only to agents: {bubblewrapped.cwd}/AGENTS.md" in result.item.data["note"]


async def test_git_still_finds_the_repository_above(boxed: Workspace, repository: Path) -> None:
    assert await shell(boxed, "git -c safe.directory='*' log --format=%s") == (0, "first\n")


async def test_credentials_and_the_desk_are_hidden(bubblewrapped: Workspace, user_home: Path) -> None:
    (user_home / ".netrc").write_text("PASSWORD")
    # Even where the cwd is the folder that holds all of it.
    everywhere = replace(bubblewrapped, cwd=user_home.parent, project=user_home.parent)
    hidden = [
        user_home / ".ssh" / "id_ed25519",
        user_home / ".netrc",
        bubblewrapped.home / "desk.db",
        bubblewrapped.codex_home / "auth.json",
    ]
    for workspace in (bubblewrapped, everywhere, with_rights(everywhere, "read-only")):
        _, output = await shell(workspace, "; ".join(f"cat {path}" for path in hidden))
        assert [secret for secret in ("PRIVATE-KEY", "PASSWORD", "DESK-RECORDS", "CODEX-LOGIN") if secret in output] == []


async def test_a_mask_cannot_be_taken_off(bubblewrapped: Workspace, user_home: Path) -> None:
    secret = user_home / ".ssh"
    _, output = await shell(
        replace(bubblewrapped, cwd=user_home),
        f"umount {secret}; unshare -Um umount -l {secret}; chmod 777 {secret}; mv {secret} x; rm -rf {secret}; cat {secret}/* x/*",
    )
    assert ("PRIVATE-KEY" in output, (secret / "id_ed25519").read_text()) == (False, "PRIVATE-KEY")


async def test_no_capability_is_left(bubblewrapped: Workspace) -> None:
    _, output = await shell(bubblewrapped, "grep -E 'Cap(Prm|Eff|Bnd)' /proc/self/status")
    assert {line.split()[1].strip("0") for line in output.splitlines()} == {""}


async def test_other_processes_are_not_seen(bubblewrapped: Workspace) -> None:
    _, output = await shell(bubblewrapped, "ls /proc | grep -c '^[0-9]'; ls -d /proc/[0-9]*/root | wc -l")
    assert all(int(line) < 8 for line in output.splitlines())


CONNECT = "import socket, sys; socket.create_connection(('127.0.0.1', int(sys.argv[1])), 5)"


@pytest.mark.parametrize("network", [False, True])
async def test_the_network_is_there_by_right_only(boxed: Workspace, network: bool) -> None:
    workspace = with_rights(boxed, "workspace-write", network=network)
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        code, _ = await shell(workspace, f'/usr/bin/env python3 -c "{CONNECT}" {server.getsockname()[1]}')
    assert (code == 0) is network


@pytest.mark.parametrize("network", [False, True])
@pytest.mark.parametrize("place", ["in the cwd", "in /tmp", "named by TMUX"])
async def test_sockets_of_other_programs_cannot_be_reached(
    bubblewrapped: Workspace, user_home: Path, monkeypatch: pytest.MonkeyPatch, place: str, network: bool
) -> None:
    folder = {"in the cwd": bubblewrapped.cwd, "in /tmp": bubblewrapped.project.parent, "named by TMUX": user_home}[place]
    monkeypatch.chdir(folder)  # a socket's path is short
    with closing(socket.socket(socket.AF_UNIX)) as server:
        server.bind(str(folder / "s"))
        server.listen()
        if place == "named by TMUX":
            monkeypatch.setenv("TMUX", f"{folder / 's'},1,0")
        connect = f"import socket; socket.socket(socket.AF_UNIX).connect('{folder / 's'}')"
        code, _ = await shell(with_rights(bubblewrapped, "workspace-write", network=network), f'/usr/bin/env python3 -c "{connect}"')
    assert code != 0


async def test_a_timeout_ends_even_what_left_the_session(bubblewrapped: Workspace) -> None:
    hold = Hold(bubblewrapped.cwd / "hold")
    result = await run_shell("exec 3> hold; sleep 600 & setsid sleep 600 & echo begun; wait", None, 2000, bubblewrapped, Port())
    assert result.item is not None
    assert (result.item.data["timed_out"], result.item.data["output"]) == (True, "begun\n")
    await hold.released()


async def test_what_is_left_in_the_background_ends_with_the_command(bubblewrapped: Workspace) -> None:
    hold = Hold(bubblewrapped.cwd / "hold")
    await shell(bubblewrapped, "exec 3> hold; setsid sleep 600 > /dev/null 2>&1 &")
    await hold.released()


async def test_a_cwd_that_is_hidden_is_refused(boxed: Workspace) -> None:
    with pytest.raises(ToolRefusal) as refused:
        await shell(replace(boxed, cwd=boxed.home, project=boxed.home), "ls")
    assert refused.value.code == "hidden"


async def test_a_root_that_became_a_link_is_not_bound(bubblewrapped: Workspace) -> None:
    swapped = bubblewrapped.project / "swapped"
    swapped.symlink_to(bubblewrapped.home.parent)
    target = bubblewrapped.home.parent / "new"
    await shell(replace(bubblewrapped, writable_roots=(swapped,)), f"echo x > {swapped}/new; echo x > {target}")
    assert not target.exists()


async def test_full_access_is_not_wrapped(workspace: Workspace) -> None:
    everything = with_rights(workspace, "danger-full-access")
    assert Sandbox("bubblewrap", "/usr/bin/bwrap").wrap(["ls"], everything) == ["ls"]


async def test_the_canary_rejects_what_only_pretends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pretender = tmp_path / "bwrap"
    pretender.write_text('#!/bin/sh\nwhile [ "$1" != -- ]; do shift; done; shift; exec "$@"\n')
    pretender.chmod(0o755)
    monkeypatch.setattr(ladder, "_candidates", lambda: iter([Sandbox("bubblewrap", str(pretender)), Sandbox("codex", str(pretender))]))
    assert (await find_sandbox()).tier == "none"


async def test_the_canary_rejects_what_does_not_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ladder, "_candidates", lambda: iter([Sandbox("bubblewrap", "/bin/false"), Sandbox("bubblewrap", "/nonexistent")]))
    assert (await find_sandbox()).tier == "none"


async def test_the_canary_takes_the_next_rung(found_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ladder, "_candidates", lambda: iter([Sandbox("codex", "/bin/false"), found_sandbox]))
    assert await find_sandbox() == found_sandbox


def test_codex_is_told_the_mode_the_roots_and_the_network(workspace: Workspace) -> None:
    workspace = replace(workspace, writable_roots=(Path('/a "b"'),), rights=Rights("workspace-write", False, True))
    argv = Sandbox("codex", "/bin/codex").wrap(["ls", "-l"], workspace)
    assert argv[:2] == ["/bin/codex", "sandbox"]
    assert argv[-3:] == ["--", "ls", "-l"]
    assert {
        'sandbox_mode="workspace-write"',
        "sandbox_workspace_write.network_access=true",
        'sandbox_workspace_write.writable_roots=["/a \\"b\\""]',
    } <= set(argv)


def test_the_seatbelt_profile_allows_the_roots_and_then_takes_back_what_is_protected(workspace: Workspace) -> None:
    lines = profile(workspace).splitlines()
    allowed = lines.index(f'(allow file-write* (subpath "{workspace.cwd}"))')
    taken = next(number for number, line in enumerate(lines) if "[gG][iI][tT]" in line)
    hidden = lines.index(f'(deny file-read* file-write* network-outbound (subpath "{workspace.home}"))')
    assert lines.index("(deny file-write*)") < allowed < taken < hidden
    assert "(deny network*)" in lines


def test_the_seatbelt_profile_of_read_only_allows_no_root(workspace: Workspace) -> None:
    assert str(workspace.cwd) not in profile(with_rights(workspace, "read-only"))


def test_the_tests_of_the_sandbox_are_not_all_skipped_in_ci(found_sandbox: Sandbox) -> None:
    if os.environ.get("CODEX_DESK_CI") == "1":
        assert found_sandbox.tier != "none"
    else:
        pytest.skip("only asked with CODEX_DESK_CI=1")
