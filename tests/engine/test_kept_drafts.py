"""What was typed and not sent is kept with its thread, and only there."""

from __future__ import annotations

import subprocess

from codex_desk.engine.desk import Desk
from codex_desk.engine.drafting import KeepDraft
from codex_desk.engine.identity import By
from codex_desk.engine.links import Archive
from codex_desk.engine.views import ThreadView
from tests.engine.scripted import Place, prompt, refused


async def test_a_draft_is_there_after_a_restart_until_it_is_forgotten(place: Place) -> None:
    async with place.open() as desk:
        operator = await place.session(desk, "operator")
        await desk.do(KeepDraft(operator.id, "half a [pasted 5.0 MB]", {"[pasted 5.0 MB]": "whole"}))
        await desk.do(KeepDraft(operator.id, "half a thought [pasted 5.0 MB]"))
    async with place.open() as desk:
        assert desk.draft(operator.id) == ("half a thought [pasted 5.0 MB]", {"[pasted 5.0 MB]": "whole"})
        await desk.do(KeepDraft(operator.id, ""))
        assert desk.draft(operator.id) is None
        assert not desk.metas("draft")


async def test_the_draft_of_a_thread_that_is_gone_does_not_linger(desk: Desk, place: Place, operator: ThreadView) -> None:
    other = await place.session(desk, "other")
    await desk.do(KeepDraft(operator.id, "one", {"a": "b"}))
    await desk.do(KeepDraft("nobody", "two"))
    await desk.do(Archive(operator.id))
    await desk.do(KeepDraft(other.id, "three"))
    assert list(desk.metas("draft")) == [f"draft:{other.id}"]


async def test_an_agent_keeps_no_drafts(desk: Desk, operator: ThreadView) -> None:
    assert (await refused(desk, KeepDraft(operator.id, "as the user"), By("agent", operator.id))).code == "origin_agent"


async def test_what_the_human_wrote_to_a_thread_is_read_back_page_by_page(desk: Desk, operator: ThreadView) -> None:
    for text in ("one", "two", "three"):
        await prompt(desk, operator, text)
    newest = desk.prompts(operator.id, limit=2)
    assert [text for _, text in newest] == ["two", "three"]
    assert [text for _, text in desk.prompts(operator.id, before=newest[0][0])] == ["one"]


async def test_the_files_of_a_folder_are_those_that_git_does_not_ignore(desk: Desk, place: Place, operator: ThreadView) -> None:
    folder = place.folder("operator")
    assert await desk.files(operator.id) is None
    subprocess.run(["git", "init", "-q", str(folder)], check=True)  # noqa: ASYNC221 (a test)
    for name in ("kept.py", "ignored.log", "build/out.o", "naïve name.txt"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).touch()
    (folder / ".gitignore").write_text("*.log\nbuild/\n")
    assert sorted(await desk.files(operator.id) or ()) == [".gitignore", "kept.py", "naïve name.txt"]
