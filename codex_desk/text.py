"""Text is data: what people, models, tools and files wrote is shown, never obeyed.

`visible` guards every write to the terminal, its title and the clipboard.
"""

from __future__ import annotations

import re

_JOINERS = "\u200c\u200d"
_SELECTORS = "\ufe00-\ufe0f\u180b-\u180d\u180f\U000e0100-\U000e01ef"
"""Variation selectors, Mongolian ones and the supplement included."""

_ALWAYS = (
    "\x00-\x08\x0b-\x1f"  # C0 except tab and newline
    "\x7f-\x9f"  # DEL, C1
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b"  # soft hyphen, grapheme joiner, Arabic letter mark, fillers, zero-width space
    "\u200e\u200f\u2028-\u202e"  # direction marks, line and paragraph separator, bidi embeddings and overrides
    "\u2060-\u206f"  # word joiner, invisible operators, bidi isolates, deprecated format characters
    "\u3164\ufeff\uffa0\ufff0-\ufffb"  # fillers, byte order mark, interlinear annotation
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"  # shorthand and musical format controls
    "\U000e0000-\U000e00ff\U000e01f0-\U000e0fff"  # tag characters and the ignorable rest of their plane
    "\ud800-\udfff"  # lone surrogates
)

# Blocks of the scripts whose spelling needs joiners: Arabic and its kin, N'Ko, the Brahmic scripts, Khmer, Mongolian, Adlam.
_JOINING_SCRIPTS = (
    "\u0600-\u061b\u061d-\u07ff\u0840-\u0dff\u0f00-\u109f\u1700-\u17b3\u17b6-\u180a\u1810-\u18af\u1900-\u194f\u1980-\u1aaf\u1b00-\u1c4f"
    "\ua800-\ua82f\ua840-\ua8ff\ua930-\ua9df\uaa00-\uaadf\uabc0-\uabff\ufb50-\ufdcf\ufdf0-\ufdff\ufe70-\ufefc"
    "\U00010a00-\U00010a5f\U00011000-\U00011fff\U0001e900-\U0001e95f"
)
_EMOJI = "\u00a9\u00ae\u2122\u2194-\u21aa\u231a-\u23ff\u25aa-\u25fe\u2600-\u27bf\u2934\u2935\u2b05-\u2b55\U0001f000-\U0001faff"

_NEEDED_JOINER = (
    f"(?<=[{_JOINING_SCRIPTS}])[{_JOINERS}](?=[{_JOINING_SCRIPTS}])|(?:(?<=[{_EMOJI}])|(?<=[{_EMOJI}]\ufe0f))\u200d(?=[{_EMOJI}])"
)
_STRAY_SELECTOR = rf"(?<![^\s{_SELECTORS}])[{_SELECTORS}]"
"""A selector with no character before it to select a variant of; a run of them can carry hidden bytes."""

_SUSPECT = re.compile(f"[{_ALWAYS}{_JOINERS}{_SELECTORS}]")
_FORBIDDEN = re.compile(f"[{_ALWAYS}]+|(?!{_NEEDED_JOINER})[{_JOINERS}]|{_STRAY_SELECTOR}")


class _Marks(dict[int, str]):
    """What stands for a forbidden code point: `␛` for a control that Unicode has a picture of, else `‹U+202E›`."""

    def __missing__(self, point: int) -> str:
        if point < 0x20:
            mark = chr(0x2400 + point)
        elif point == 0x7F:
            mark = "\u2421"
        else:
            mark = f"‹U+{point:04X}›"
        self[point] = mark
        return mark


_MARKS = _Marks()


def visible(text: str) -> str:
    """The text with every character that would act on a terminal, or hide, written out; plain text comes back as it is.

    Newline and tab stay, CR LF becomes newline. Joiners stay inside emoji and between letters of scripts that need them, a variation
    selector directly after its character. `visible(visible(x)) == visible(x)`.
    """
    if not _SUSPECT.search(text):
        return text
    return _FORBIDDEN.sub(_marked, text.replace("\r\n", "\n"))


def _marked(match: re.Match[str]) -> str:
    return match[0].translate(_MARKS)


def well_formed(text: str) -> str:
    """The text as UTF-8 can hold it: halves of a surrogate pair joined, a lone one as U+FFFD.

    JSON can spell what no encoding has: a server that cuts its stream inside of an emoji, or a model that writes an escape wrongly.
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def one_line(text: str, limit: int = 200) -> str:
    """The text made visible on one line of at most `limit` characters, cut with `…`; newlines and tabs inside become spaces."""
    if limit <= 0:
        return ""
    text = text.strip(" \t\r\n")
    # Only CR LF gets shorter, by half at most: this much is enough to know what is shown and that something was cut.
    line = visible(text[: 2 * limit + 2]).replace("\n", " ").replace("\t", " ")
    if len(line) <= limit:
        return line
    return line[: limit - 1].rstrip(_JOINERS) + "…"
