"""Which of a provider's scopes a vendor means by what it says it granted."""

from __future__ import annotations

import pytest

from hub import OAuth2, Scope

A, B, PLAIN = "https://a.example/Mail.Read", "https://b.example/Mail.Read", "Meetings.Write"


def facts(*names: str) -> OAuth2:
    scopes = tuple(Scope(name, name, name) for name in names)
    return OAuth2("https://a.example", "/authorize", "/token", "https://a.example", scopes)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        (PLAIN, PLAIN),
        (f"https://graph.example/{PLAIN}", PLAIN),
        (PLAIN.lower(), PLAIN),
        (A, A),
        (B, B),
        ("Mail.Read", "Mail.Read"),
        ("unknown", "unknown"),
    ],
)
def test_granted(said: str, meant: str) -> None:
    """A scope is known in full, by its last part, and in other letters; what could be either of two is neither."""
    assert facts(A, B, PLAIN).granted([said]) == (meant,)
