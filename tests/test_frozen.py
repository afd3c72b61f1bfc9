from __future__ import annotations

import copy
import pickle
from dataclasses import FrozenInstanceError, asdict, dataclass, field, fields, is_dataclass, replace
from typing import Any, Generic, TypeVar

import pytest

from codex_desk.frozen import frozen

T = TypeVar("T")


@frozen
class Point:
    """A place."""

    x: int
    y: int = 0
    names: list[str] = field(default_factory=list)

    @property
    def sum(self) -> int:
        return self.x + self.y


@dataclass(frozen=True, slots=True)
class Ordinary:
    x: int
    y: int = 0
    names: list[str] = field(default_factory=list)


@frozen
class Deep(Point):
    z: int = 9


@frozen
class Box(Generic[T]):
    inside: T


@frozen
class Empty:
    pass


@frozen
class Other:
    pass


@frozen
class Own:
    x: int

    def __repr__(self) -> str:
        return "mine"

    def __eq__(self, other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return 1


def test_arguments_are_taken_by_position_and_by_name() -> None:
    assert (Point(1, 2).y, Point(y=2, x=1).y, Point(1).y) == (2, 2, 0)


@pytest.mark.parametrize(("args", "kwargs"), [((), {}), ((1, 2, [], 3), {}), ((1,), {"x": 2}), ((1,), {"z": 2})])
def test_wrong_arguments_are_refused_as_by_any_function(args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    for cls in (Point, Ordinary):
        with pytest.raises(TypeError):
            cls(*args, **kwargs)


def test_a_default_that_is_made_is_made_anew() -> None:
    assert Point(1).names is not Point(1).names
    given = ["a"]
    assert Point(1, 2, given).names is given


def test_nothing_can_be_set_or_deleted_or_added() -> None:
    point: Any = Point(1)
    for name in ("x", "sum", "other"):
        with pytest.raises(FrozenInstanceError):
            setattr(point, name, 2)
    with pytest.raises(FrozenInstanceError):
        del point.x
    assert not hasattr(point, "__dict__")


def test_instances_are_equal_by_their_fields_and_their_class() -> None:
    assert Point(1, 2) == Point(1, 2)
    assert Point(1, 2) != Point(1, 3)
    assert Empty() == Empty()
    assert Empty() != Other()
    assert Point(1) != Ordinary(1)
    assert Deep(1) != Point(1)


def test_equal_ones_have_equal_hashes_and_what_cannot_be_hashed_says_so() -> None:
    assert len({Box(1), Box(1), Box(2), Empty(), Empty()}) == 3
    with pytest.raises(TypeError, match="unhashable"):
        hash(Point(1))


def test_it_is_shown_as_it_could_be_written() -> None:
    assert repr(Deep(1, names=["a"])) == "Deep(x=1, y=0, names=['a'], z=9)"
    loop: list[Any] = []
    loop.append(Box(loop))
    assert repr(loop[0]) == "Box(inside=[...])"


def test_what_the_class_says_itself_counts() -> None:
    assert (repr(Own(1)), Own(1) == Own(2), hash(Own(1))) == ("mine", True, 1)


def test_the_standard_librarys_functions_know_it() -> None:
    assert is_dataclass(Point)
    assert [each.name for each in fields(Deep)] == ["x", "y", "names", "z"]
    assert replace(Point(1, 2), y=5) == Point(1, 5)
    assert asdict(Deep(1)) == {"x": 1, "y": 0, "names": [], "z": 9}


def test_it_matches_by_position() -> None:
    match Point(1, 2):
        case Point(x, 2):
            assert x == 1
        case _:
            pytest.fail("it did not match")


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))])
def test_it_can_be_copied_and_pickled(again: Any) -> None:
    assert again(Deep(1, 2, ["a"])) == Deep(1, 2, ["a"])


def test_it_keeps_its_documentation_and_its_properties() -> None:
    assert Point.__doc__ == "A place."
    assert Point(1, 2).sum == 3
    assert Point.__match_args__ == ("x", "y", "names")


def test_a_class_that_asks_for_more_is_told_where_to_find_it() -> None:
    class Checked:
        def __post_init__(self) -> None: ...

    with pytest.raises(TypeError, match="dataclasses"):
        frozen(Checked)
