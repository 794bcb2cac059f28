"""A vendor's JSON, read without trust: what is missing or of another kind reads as empty, or is said to be missing."""

from __future__ import annotations

from collections.abc import Mapping

from hub.errors import Temporary


class Answer:
    """A JSON object of a vendor's, whatever was really sent."""

    def __init__(self, data: object) -> None:
        self._data = data if isinstance(data, Mapping) else {}

    def text(self, *names: str) -> str:
        """Return the first of these members that is a text, without blanks around it; empty where none is."""
        found = (self._data.get(name) for name in names)
        return next((text for value in found if isinstance(value, str) and (text := value.strip())), "")

    def texts(self, name: str) -> tuple[str, ...]:
        """Return the texts in this list, without those that are empty."""
        return tuple(value for value in self._list(name) if isinstance(value, str) and value)

    def part(self, name: str) -> Answer:
        """Return the object that is this member, an empty one where there is none."""
        return Answer(self._data.get(name))

    def parts(self, name: str) -> tuple[Answer, ...]:
        """Return the objects in this list."""
        return tuple(Answer(value) for value in self._list(name) if isinstance(value, Mapping))

    def need_text(self, name: str) -> str:
        """Return this text. Raises Temporary, of unknown outcome, where there is none: the call may have worked."""
        text = self.text(name)
        if not text:
            raise Temporary(f"The provider's answer lacks {name}.", outcome_known=False)
        return text

    def need_parts(self, name: str) -> tuple[Answer, ...]:
        """Return the objects in this list. Raises Temporary where it is none: that says nothing of what there is."""
        if not isinstance(self._data.get(name), list):
            raise Temporary(f"The provider's answer lacks {name}.")
        return self.parts(name)

    def _list(self, name: str) -> list[object]:
        value = self._data.get(name)
        return value if isinstance(value, list) else []
