"""The command line: the group is in `app.py`, each command in a module that is imported when it is called."""
