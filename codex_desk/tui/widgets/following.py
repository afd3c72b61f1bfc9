"""A scroll container that stays at its end, with what Textual 8.2.8 does not do for one by itself."""

from __future__ import annotations

from textual.containers import VerticalScroll
from textual.message import Message
from textual.reactive import Reactive, ReactiveType
from textual.widget import Widget


class FollowingScroll(VerticalScroll, can_focus=True):
    """Follows its end once it is anchored, until the reader scrolls away from it."""

    @property
    def is_following(self) -> bool:
        """Whether the reader is at the end."""
        return self.scroll_y >= self.max_scroll_y - 1

    def update_node_styles(self, animate: bool = True) -> None:
        """Restyle the container alone: no block looks different with its focus, and hundreds of them would be felt."""
        if self.is_attached:
            self.app.stylesheet.update_nodes([self], animate=animate)

    class Sized(Message):
        """It was given its height: the next layout, and not yet this one, has its end where it belongs."""

    def on_resize(self) -> None:
        self.post_message(self.Sized())
        # The compositor scrolls an anchored container by the height that it had in the layout before: without another one its last rows stay hidden.
        self.refresh(layout=True)

    def set_reactive(self, reactive: Reactive[ReactiveType], value: ReactiveType) -> None:
        """Keep the top of a short thread at the top: the compositor scrolls an anchored container to its content's end, to above it if need be."""
        if isinstance(value, int | float) and value < 0 and reactive in (Widget.scroll_y, Widget.scroll_target_y):
            super().set_reactive(reactive, type(value)(0))
        else:
            super().set_reactive(reactive, value)

    def shift(self, rows: int) -> None:
        """Scroll along with what was put above, in the frame in which it appears: the layout reads these before it knows the new height."""
        self.set_reactive(Widget.scroll_y, self.scroll_y + rows)
        self.set_reactive(Widget.scroll_target_y, self.scroll_target_y + rows)  # pyright: ignore[reportArgumentType]  # Textual's own annotation
        self.vertical_scrollbar.position = self.scroll_y
