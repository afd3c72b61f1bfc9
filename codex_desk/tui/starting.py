"""The collector of garbage, put off while the desk starts.

A start makes hundreds of thousands of objects, nearly all of which stay. Looking through them again and again as they grow in number is a tenth of its
time, and later, with the engine's there too, a pause that a person feels in a key.
"""

from __future__ import annotations

import gc


def begin() -> None:
    """Nothing is collected until `end`."""
    gc.disable()


def end() -> None:
    """What is there now stays, and is not looked through any more; after this as always. Without a `begin` nothing happens."""
    if not gc.isenabled():
        gc.freeze()
        gc.enable()
