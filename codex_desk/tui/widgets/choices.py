"""A list of options in which the line under the cursor can be read: Textual's keeps the colours of what is written on its ground."""

from __future__ import annotations

from textual.content import Content
from textual.visual import Visual, visualize
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from codex_desk.tui.widgets.rows import without_colours


class Choices(OptionList):
    """An option list whose cursor's line is in the cursor's colours."""

    def _get_visual(self, option: Option) -> Visual:
        if option is self.highlighted_option and isinstance(option.prompt, Content):
            return visualize(self, without_colours(option.prompt))
        return super()._get_visual(option)
