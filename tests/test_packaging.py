from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    out = tmp_path_factory.mktemp("dist")
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(out)], cwd=ROOT, check=True, capture_output=True)
    return zipfile.ZipFile(next(out.glob("*.whl")))


def test_the_wheel_carries_every_theme(wheel: zipfile.ZipFile) -> None:
    shipped = {f"codex_desk/themes/{path.name}" for path in (ROOT / "themes").glob("*.toml")}
    assert shipped
    assert shipped <= set(wheel.namelist())


def test_the_wheel_carries_the_migrations_and_their_template(wheel: zipfile.ZipFile) -> None:
    migrations = ROOT / "codex_desk" / "store" / "migrations"
    wanted = {str(path.relative_to(ROOT)) for path in migrations.rglob("*") if path.suffix in (".py", ".mako")}
    assert wanted <= set(wheel.namelist())


def test_the_wheel_carries_every_style_sheet(wheel: zipfile.ZipFile) -> None:
    sheets = {str(path.relative_to(ROOT)) for path in (ROOT / "codex_desk").rglob("*.tcss")}
    assert sheets <= set(wheel.namelist())


def test_the_wheel_carries_the_page_that_is_served(wheel: zipfile.ZipFile) -> None:
    assert "codex_desk/cli/serve.html" in wheel.namelist()


def test_the_top_level_holds_what_belongs_there_and_nothing_else() -> None:
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    if not tracked:
        pytest.skip("not a git checkout")
    top = {name.split("/")[0] for name in tracked if not name.startswith(".")}
    assert top <= {"pyproject.toml", "README.md", "uv.lock", "codex_desk", "tests", "snapshots", "themes"}


@pytest.mark.row("S4-06")
def test_the_wheel_carries_the_sample_office_and_its_conversation(wheel: zipfile.ZipFile) -> None:
    office = ROOT / "codex_desk" / "cli" / "offices" / "ideas"
    wanted = {str(path.relative_to(ROOT)) for path in office.rglob("*") if path.is_file()}
    assert {f"{office.relative_to(ROOT)}/{name}" for name in ("CONVERSATION.md", "agents/critic/config.toml", "repo/BRIEF.md")} <= wanted
    assert wanted <= set(wheel.namelist())
