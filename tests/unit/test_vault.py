"""What is sealed can be read in its own place only, by who has the key."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.store.vault import Unreadable, Vault, digest

OLD, NEW, OTHER = b"o" * 32, b"n" * 32, b"x" * 32
PLACE = "connection:1:tokens"


@given(st.text(), st.text())
def test_round_trip(text: str, place: str) -> None:
    """Every text that can be encoded comes back as it was."""
    vault = Vault([NEW])
    try:
        text.encode(), place.encode()
    except UnicodeEncodeError:
        return
    assert vault.open(vault.seal(text, place), place) == text


def test_sealed_twice_differs() -> None:
    """The same text sealed twice looks different, and its text does not show."""
    vault = Vault([NEW])
    first, second = vault.seal("refresh-token", PLACE), vault.seal("refresh-token", PLACE)
    assert first != second
    assert "refresh-token" not in first


def test_another_row() -> None:
    """Fault row 64: a value moved to another row or column is refused."""
    vault = Vault([NEW])
    sealed = vault.seal("a", PLACE)
    for place in ("connection:2:tokens", "connection:1:token", "", PLACE + " "):
        with pytest.raises(Unreadable):
            vault.open(sealed, place)


def test_every_bit_counts() -> None:
    """Fault row 64: a value with any one character changed is refused."""
    vault = Vault([NEW])
    sealed = vault.seal("a secret", PLACE)
    for n, character in enumerate(sealed.rstrip("=")):
        changed = sealed[:n] + ("A" if character != "A" else "B") + sealed[n + 1 :]
        with pytest.raises(Unreadable):
            vault.open(changed, PLACE)


@pytest.mark.parametrize(
    "broken", ["", ".", "no-dot", "abcdefgh.", "abcdefgh.!!!", "é.é", "\x00", "a" * 100_000, ".".join("abc")]
)
def test_rubbish(broken: str) -> None:
    """What was never sealed is refused, also behind the right key's id."""
    vault = Vault([NEW])
    mine = vault.seal("a", PLACE).split(".")[0]
    for text in (
        broken,
        f"{mine}.{broken}",
        f"{mine}.QUJD",
        vault.seal("a", PLACE)[:-8],
    ):
        with pytest.raises(Unreadable):
            vault.open(text, PLACE)


def test_rotation() -> None:
    """Fault row 62: a new key in front seals from now on; what the old one sealed can be read until it is taken away."""
    before = Vault([OLD]).seal("a", PLACE)
    during = Vault([NEW, OLD])
    assert during.open(before, PLACE) == "a"
    assert not during.current(before)
    again = during.seal(during.open(before, PLACE), PLACE)
    assert during.current(again)
    after = Vault([NEW])
    assert after.open(again, PLACE) == "a"
    with pytest.raises(Unreadable):
        after.open(before, PLACE)


def test_wrong_key() -> None:
    """Fault row 63: another key reads nothing."""
    with pytest.raises(Unreadable):
        Vault([OTHER]).open(Vault([NEW]).seal("a", PLACE), PLACE)


def test_fingerprint() -> None:
    """Fingerprints tell equal from different, keep their value while keys rotate in front, and need the key."""
    assert Vault([OLD]).fingerprint("zoom:1") == Vault([NEW, OLD]).fingerprint("zoom:1")
    assert Vault([OLD]).fingerprint("zoom:1") != Vault([OLD]).fingerprint("zoom:2")
    assert Vault([OLD]).fingerprint("zoom:1") != Vault([OTHER]).fingerprint("zoom:1")
    assert "zoom" not in Vault([OLD]).fingerprint("zoom:1")
    assert digest("a") != digest("b")


def test_kept_fingerprint_key() -> None:
    """A key of fingerprints that is kept counts, whichever keys there are; one that can't be read gives way to the oldest's."""
    kept = Vault([NEW, OLD]).seal_fingerprint_key()
    assert Vault([NEW], lambda: kept).fingerprint("zoom:1") == Vault([OLD]).fingerprint("zoom:1")
    assert Vault([OTHER], lambda: kept).fingerprint("zoom:1") == Vault([OTHER]).fingerprint("zoom:1")
