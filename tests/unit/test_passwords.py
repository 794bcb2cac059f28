"""Which passwords can be had: the rule stands in for a list of those that are tried first."""

from __future__ import annotations

import subprocess
import sys

import pytest

from hub.accounts.passwords import LONGEST, check_password, hash_password
from hub.errors import InvalidInput
from hub.store.models import Host

OWN = ("Ada Lovelace", "ada.lovelace@analytical.example", "countess-of-code")


@pytest.mark.parametrize(
    "password",
    [
        *("password", "Password1", "passw0rd!", "P@ssw0rd2026", "12345678", "123456789012", "11111111", "qwerty123"),
        *("qwertyuiop", "1q2w3e4r", "1qaz2wsx", "zaq12wsx", "iloveyou", "iloveyou!!", "sunshine1", "princess99"),
        *("football7", "monkey123", "letmein!!", "Welcome2024", "admin1234", "adminadmin", "abc12345", "abcd1234"),
        *("changeme1", "dragon12", "trustno1", "michael1", "liverpool", "august2026", "Summer2026!", "asdfghjkl"),
        *("qwertzuiop", "azertyuiop", "superman", "batman123", "starwars", "hubhubhub", "aaaaaaaaaa", "ababababab"),
        *("19900101", "0987654321", "secret123", "testtest", "test1234", "123qwe123", "zxcvbnm1", "1234qwerasdf"),
    ],
)
def test_row_2_usual_passwords(password: str) -> None:
    """Row 2: usual words, walks over the keyboard and few characters are refused, with digits and marks around them too."""
    with pytest.raises(InvalidInput, match="tried first"):
        hash_password(password)


@pytest.mark.parametrize(
    "password",
    [
        *("lovelace", "Lovelace1", "ada.lovelace@analytical.example", "analytical1815", "xLOVELACEx", "countess-1"),
        *("schedulinghub", "SchedulingHub1", "scheduling-26", "lovelacelovelace", "1scheduler!"),
    ],
)
def test_row_2_own_words(password: str) -> None:
    """Row 2: little more than the owner's name or address, or the product's name, is refused."""
    with pytest.raises(InvalidInput, match="little more"):
        hash_password(password, about=OWN)


@pytest.mark.parametrize(
    "password",
    [
        *("correct horse battery", "a brand new secret", "Tr0ub4dor&3x", "lovelace was a poet", "hub of my heart"),
        *(
            "пароль из букв",
            "🐎🔋🧷✅ four signs",
            "        q  z w 7",
            "9f86d081884c",
            "demo-only-please-change",
            "vKw3!tq9",
        ),
    ],
)
def test_row_3_other_passwords(password: str) -> None:
    """Row 3: everything else is taken exactly as typed, spaces, emoji and letters of all kinds included."""
    host = Host(password_hash=hash_password(password, about=OWN))
    assert check_password(host, password)
    assert not check_password(host, password.strip() if password != password.strip() else password + " ")


@pytest.mark.parametrize(
    ("password", "sentence"),
    [("short 7", "at least 8"), ("x y" * 400, "at most 1024"), ("a good one\0really", "character in it")],
)
def test_row_3_lengths(password: str, sentence: str) -> None:
    """Row 3: 8 to 1024 characters; a NUL is refused by its own sentence."""
    with pytest.raises(InvalidInput, match=sentence):
        hash_password(password)
    longest = ("long enough " * 100)[:LONGEST]
    assert check_password(Host(password_hash=hash_password(longest)), longest)


def test_an_account_without_a_password() -> None:
    """Nothing opens an account whose password was never set, or that does not exist."""
    for host in (None, Host(password_hash="")):
        assert not check_password(host, "")
        assert not check_password(host, "correct horse battery")


def test_how_much_a_guess_costs() -> None:
    """Passwords are kept as argon2id with OWASP's figures, in a process that no test has made cheap."""
    ask = "from hub.accounts.passwords import hash_password; print(hash_password('correct horse battery'))"
    kept = subprocess.run([sys.executable, "-c", ask], check=True, capture_output=True, text=True).stdout
    assert kept.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
