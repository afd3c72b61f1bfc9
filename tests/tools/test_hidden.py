from __future__ import annotations

import socket
from contextlib import closing
from pathlib import Path

import pytest

from codex_desk.tools.hidden import hidden_paths, listening_sockets


def hidden(tmp_path: Path, **env: str) -> tuple[Path, ...]:
    return hidden_paths(tmp_path / "desk", tmp_path / "codex", env)


def test_the_desk_and_credentials_are_hidden(tmp_path: Path) -> None:
    user = tmp_path / "user"
    expected = {
        tmp_path / "desk",
        tmp_path / "codex" / "auth.json",
        user / ".ssh",
        user / ".aws",
        user / ".gnupg",
        user / ".netrc",
        user / ".config/gh",
    }
    assert expected <= set(hidden(tmp_path.resolve(), HOME=str(user)))


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("TMUX", "{path},123,0"),
        ("SSH_AUTH_SOCK", "{path}"),
        ("DOCKER_HOST", "unix://{path}"),
        ("DBUS_SESSION_BUS_ADDRESS", "unix:path={path},guid=0"),
        ("KITTY_LISTEN_ON", "unix:{path}"),
    ],
)
def test_sockets_that_the_environment_names_are_hidden(tmp_path: Path, variable: str, value: str) -> None:
    path = tmp_path.resolve() / "s"
    assert path in hidden(tmp_path, **{variable: value.format(path=path)})


def test_what_the_environment_names_elsewhere_is_no_path(tmp_path: Path) -> None:
    assert hidden(tmp_path, DOCKER_HOST="tcp://127.0.0.1:2375") == hidden(tmp_path)


def test_a_hidden_link_hides_what_it_leads_to(tmp_path: Path) -> None:
    user = tmp_path.resolve()
    (user / "keys").mkdir()
    (user / ".ssh").symlink_to("keys")
    assert user / "keys" in hidden(tmp_path, HOME=str(user))


@pytest.mark.skipif(not Path("/proc/net/unix").exists(), reason="the list of sockets is Linux's")
def test_sockets_that_somebody_listens_on_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path.resolve() / "a socket"
    with closing(socket.socket(socket.AF_UNIX)) as server:
        server.bind(str(path))
        server.listen()
        assert path in listening_sockets()
    path.unlink()
    assert path not in listening_sockets()
