"""A diff taken apart by file."""

from __future__ import annotations

from codex_desk.tui.model.changes import file_changes, summary

DIFF = """diff --git a/load.py b/load.py
index 1..2 100644
--- a/load.py
+++ b/load.py
@@ -1,3 +1,3 @@ def load():
 one
-two
+TWO
+--- not a header
diff --git a/new file.txt b/new file.txt
new file mode 100644
--- /dev/null
+++ b/new file.txt
@@ -0,0 +1 @@
+diff --git is in here
diff --git a/old.py b/fresh.py
similarity index 100%
rename from old.py
rename to fresh.py
diff --git a/logo.png b/logo.png
new file mode 100644
Binary files /dev/null and b/logo.png differ
"""


def test_each_file_has_its_kind_its_counts_and_its_own_part() -> None:
    load, new, moved, logo = file_changes(DIFF)
    assert (load.path, load.kind, load.added, load.removed) == ("load.py", "edited", 2, 1)
    assert (new.path, new.kind, new.added, new.removed) == ("new file.txt", "added", 1, 0)
    assert (moved.path, moved.kind, moved.was) == ("fresh.py", "renamed", "old.py")
    assert (logo.path, logo.kind, logo.binary) == ("logo.png", "added", True)
    assert load.diff.endswith("not a header\n") and new.diff.startswith("diff --git a/new")


def test_the_summary_counts() -> None:
    assert summary(file_changes(DIFF)) == "4 files, 2 of them new, +3 −1"


def test_what_is_no_diff_of_files_is_shown_as_it_is() -> None:
    assert file_changes("") == []
    (only,) = file_changes("+a line\n")
    assert (only.path, only.added) == ("", 1)
