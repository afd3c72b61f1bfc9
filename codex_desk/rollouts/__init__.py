"""Codex's history: files of JSON lines that Codex writes, one or more for each thread (`$CODEX_HOME/sessions` and `archived_sessions`).

What is read here is data from elsewhere: it becomes threads and items to read, and never a right, a setting or a path that anything runs
in.
"""
