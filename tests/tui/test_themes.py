from __future__ import annotations

import os
from itertools import product
from pathlib import Path

import pytest
from textual.app import App
from textual.color import Color
from textual.theme import Theme

from codex_desk.tui.settings.themes import DEFAULT_DARK, DEFAULT_LIGHT, ThemeProblem, load_themes, read_theme, shipped_folder

NOWHERE = Path("/nonexistent")
SHIPPED, SHIPPED_PROBLEMS = load_themes(NOWHERE)
OWN_COLOURS = [theme for theme in SHIPPED if not theme.ansi]
TEXTS = ("text", "text-muted", "text-primary", "text-secondary", "text-accent", "text-success", "text-warning", "text-error", "foreground")
PAIRS = [
    *product(TEXTS, ("background", "surface", "panel")),
    ("text", "success-muted"),
    ("text", "error-muted"),
    ("text", "screen-selection-background"),
    ("text-muted", "success-muted"),
    ("text-muted", "error-muted"),
    ("block-cursor-foreground", "block-cursor-background"),
    ("footer-description-foreground", "footer-background"),
    ("footer-key-foreground", "footer-background"),
]


def contrast(text: Color, ground: Color) -> float:
    """WCAG 2.2, 1.4.3."""

    def luminance(colour: Color) -> float:
        parts = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in colour.normalized]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    lighter, darker = sorted((luminance(text), luminance(ground)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def test_the_shipped_themes_are_whole() -> None:
    assert SHIPPED_PROBLEMS == []
    assert {DEFAULT_DARK, DEFAULT_LIGHT} <= {theme.name for theme in SHIPPED}
    assert {theme.dark for theme in SHIPPED} == {True, False}
    assert [theme.name for theme in SHIPPED] == [file.stem for file in sorted(shipped_folder().glob("*.toml"))]


@pytest.mark.parametrize(("text", "ground"), PAIRS, ids=lambda name: str(name))
@pytest.mark.parametrize("theme", OWN_COLOURS, ids=lambda theme: theme.name)
def test_text_can_be_read(theme: Theme, text: str, ground: str) -> None:
    colours = theme.to_color_system().generate()
    assert contrast(Color.parse(colours[text]), Color.parse(colours[ground])) >= 4.5


def write(folder: Path, text: str, name: str = "mine.toml") -> Path:
    file = folder / name
    file.write_text(text)
    return file


def test_a_users_theme_is_loaded_and_may_replace_a_shipped_one(tmp_path: Path) -> None:
    write(tmp_path, 'name = "desk-dark"\nprimary = "#ff0000"\n')
    write(tmp_path, 'name = "my-own"\nprimary = "#00ff00"\ndark = false\n[variables]\ntext-muted = "auto 70%"\n', "other.toml")
    themes, problems = load_themes(tmp_path)
    assert problems == []
    assert {theme.name: theme.primary for theme in themes}["desk-dark"] == "#ff0000"
    assert "my-own" in {theme.name for theme in themes}


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ('name = "x"\nprimary = "not-a-colour"\n', 2, 'primary = "not-a-colour" is no colour'),
        ('name = "x"\n\nprimary = #fff\n', 3, "Invalid"),
        ('name = "x"\nprimary = "#fff"\ncolour = "#fff"\n', 3, "colour is no field of a theme"),
        ('primary = "#fff"\n', 1, "name is missing"),
        ('name = "x"\nprimary = "#fff"\ndark = "yes"\n', 3, "dark must be true or false"),
        ('name = "x"\nprimary = "#fff"\n[variables]\ntext-muted = "grey 60 %"\n', 4, 'text-muted = "grey 60 %" is no colour'),
        ('name = "x"\nprimary = "#fff"\n[variables]\nborder = 3\n', 4, "border must be a string"),
        ('name = "../x"\nprimary = "#fff"\n', 1, "is no name"),
        ('name = "x"\nprimary = "#fff"\ntext_alpha = "much"\n', 3, "text_alpha must be a number"),
        ('name = "x"\nprimary = "#fff"\n[variables]\nblock-cursor-text-style = "wobbly"\n', 4, "is no text style"),
        ("name = ", 1, "Invalid value"),
    ],
)
def test_a_broken_file_is_named_with_its_line(tmp_path: Path, text: str, line: int, words: str) -> None:
    file = write(tmp_path, text)
    problem = read_theme(file)
    assert isinstance(problem, ThemeProblem)
    assert (problem.file, problem.line) == (file, line)
    assert words in problem.message
    assert str(problem).startswith(f"{tmp_path.name}/mine.toml line {line}: ")


def test_a_field_that_was_probably_meant_is_named(tmp_path: Path) -> None:
    problem = read_theme(write(tmp_path, 'name = "x"\nprimary = "#fff"\nbackgroud = "#000"\n'))
    assert "did you mean background?" in str(problem)


def test_of_two_files_of_one_name_the_first_is_used_and_the_other_named(tmp_path: Path) -> None:
    write(tmp_path, 'name = "twin"\nprimary = "#ff0000"\n', "a.toml")
    write(tmp_path, 'name = "twin"\nprimary = "#00ff00"\n', "b.toml")
    themes, problems = load_themes(tmp_path)
    assert [theme.primary for theme in themes if theme.name == "twin"] == ["#ff0000"]
    assert [str(problem) for problem in problems] == [f'{tmp_path.name}/b.toml line 1: name = "twin" is the name of a.toml, which is used']


@pytest.mark.parametrize("name", ["auto", "Loud", "a b"])
def test_a_name_that_cannot_be_typed_or_means_something_else_is_refused(tmp_path: Path, name: str) -> None:
    assert isinstance(read_theme(write(tmp_path, f'name = "{name}"\nprimary = "#fff"\n')), ThemeProblem)


def test_another_editors_marks_and_line_ends_are_no_matter(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_bytes(b'\xef\xbb\xbfname = "mine"\r\nprimary = "#fff"\r\n')
    assert isinstance(read_theme(tmp_path / "mine.toml"), Theme)


def test_control_codes_in_a_broken_file_are_written_out(tmp_path: Path) -> None:
    problem = read_theme(write(tmp_path, 'name = "x"\nprimary = "\\u001b]0;gotcha\\u0007"\n'))
    assert "\x1b" not in str(problem)
    assert "␛" in str(problem)


def test_a_broken_file_leaves_the_other_themes(tmp_path: Path) -> None:
    write(tmp_path, 'name = "desk-dark"\nprimary = "no"\n')
    themes, problems = load_themes(tmp_path)
    assert len(problems) == 1
    assert [theme.name for theme in themes] == [theme.name for theme in SHIPPED]


@pytest.mark.parametrize("theme", SHIPPED, ids=lambda theme: theme.name)
async def test_an_app_can_wear_it(theme: Theme) -> None:
    app = App[None]()
    async with app.run_test() as pilot:
        app.register_theme(theme)
        app.theme = theme.name
        await pilot.pause()
        assert app.current_theme is theme


async def test_a_users_theme_of_terminal_colours_can_be_worn(tmp_path: Path) -> None:
    theme = read_theme(write(tmp_path, 'name = "mine"\nprimary = "ansi_blue"\nansi = true\n'))
    assert isinstance(theme, Theme)
    await test_an_app_can_wear_it(theme)


def test_files_that_cannot_be_read_are_problems(tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_bytes(b'name = "x"\n\xff\xfe')
    (tmp_path / "folder.toml").mkdir()
    (tmp_path / "large.toml").write_bytes(b"# x\n" * 20_000)
    os.mkfifo(tmp_path / "pipe.toml")
    assert [(problem.file.name, problem.line, problem.message) for problem in load_themes(tmp_path)[1]] == [
        ("bad.toml", 2, "not UTF-8"),
        ("folder.toml", 1, "a folder, not a file"),
        ("large.toml", 1, "larger than 64 KB"),
        ("pipe.toml", 1, "not a regular file"),
    ]
