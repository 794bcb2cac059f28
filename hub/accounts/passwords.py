"""Passwords: what can be one, how it is kept, and whether it is right."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from hub.errors import InvalidInput
from hub.store.models import Host

# OWASP's figures for argon2id: 19 MiB, two passes, one lane.
_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
SHORTEST, LONGEST = 8, 1024
DIFFERENT, LONG_NUMBER = 4, 12  # characters; with fewer a password, or one of digits only, is soon guessed
TELLING = 4  # letters; shorter parts of a name or an address stand in too many words
USUAL = "This password is among those that are tried first. Please choose another."
OWN = "This is little more than your name, your address or the hub's name. Please choose another."

# What people put in place of a letter.
_PLAIN = str.maketrans("013457@$!|+", "oieastasiit")
# Almost all passwords that are tried first are one of these, once or twice, with digits and marks around them.
_WORDS = frozenset(
    """
    admin administrator abc access alex alexander amanda america andrea andrew angel angela animal anthony apple april
    arsenal ashley august austin autumn babygirl bailey banana barcelona baseball basketball batman benjamin bitcoin
    blink blue bond boston brandon butterfly buster change changeme charlie cheese chelsea chicken chocolate christian
    christmas compaq computer cookie corvette cowboys crystal daniel danielle darkness default demo diamond dolphin
    donald dragon eagles elephant elizabeth england eminem facebook family february ferrari flower football forever
    freedom friends gandalf gateway george ginger google guest guitar hannah harley heaven hello hockey
    hub hunter iceman iloveyou internet jackson january jasmine jennifer jessica jesus jonathan jordan joshua july june
    justin killer lakers letmein linkedin liverpool london loveme lovely madison maggie manager manchester marina
    martin master matrix matthew maverick mercedes merlin michael michelle michigan mickey monday monkey monster
    morgan mother mustang naruto nicole nirvana november october oliver orange panther parola pass passe passwd
    password passwort patrick peaches pepper phoenix pokemon porsche princess private purple
    qwerty qwertyuiop qwertz azerty rachel rainbow ranger raiders redsox robert rockyou root samantha samsung
    samuel sample saturday scooter secret security september server shadow silver slipknot snoopy soccer sophie
    spiderman spring starwars steelers stephanie summer sunday sunflower sunshine superman superstar system taylor
    temp temporary test tester testing thomas thunder thursday tigger tinkerbell trustno twitter user vanessa
    victoria wednesday welcome whatever william willow windows winner winter wizard yankees yellow zxc zxcvbn zxcvbnm
    """.split()  # noqa: SIM905 - read by people
)
_ROWS = ("1234567890", "qwertyuiop", "qwertzuiop", "azertyuiop", "asdfghjkl", "zxcvbnm", "yxcvbnm")
_COLUMNS = ("1qaz2wsx3edc4rfv5tgb6yhn7ujm", "1q2w3e4r5t6y7u8i9o0p", "qazwsxedcrfvtgbyhnujm", "zaq1xsw2cde3vfr4")
_ALPHABET = "abcdefghijklmnopqrstuvwxyz"
_WALKS = tuple(way for row in (*_ROWS, *_COLUMNS, _ALPHABET) for way in (row * 2, row[::-1] * 2))
_PRODUCT = ("schedulinghub", "schedulingkit", "scheduling", "schedule", "scheduler")


def hash_password(password: str, name: str = "password", *, about: Iterable[str] = ()) -> str:
    """Return the argon2id hash of the password exactly as typed.

    `about` is what anybody can know of its owner: name, email address, handle. Raises InvalidInput, for the field
    `name`, for a password that can't be used.
    """
    if len(password) < SHORTEST:
        raise InvalidInput(name, f"Please use at least {SHORTEST} characters.")
    if len(password) > LONGEST:
        raise InvalidInput(name, f"Please use at most {LONGEST} characters.")
    if "\0" in password:
        raise InvalidInput(name, "This password has a character in it that can't be used.")
    if _usual(password):
        raise InvalidInput(name, USUAL)
    if _own(password, about):
        raise InvalidInput(name, OWN)
    return _hasher.hash(password)


def check_password(host: Host | None, password: str) -> bool:
    """Tell whether the password is the host's; takes the same time where there is no such host."""
    known_hash = host.password_hash if host and host.password_hash else ""
    try:
        right = _hasher.verify(known_hash or _nobody(), password[:LONGEST])
    except (VerificationError, InvalidHashError):
        return False
    return right and bool(known_hash) and len(password) <= LONGEST


def _usual(password: str) -> bool:
    """Tell whether the password is one of the first tries: a usual word, a walk over keys, or few characters."""
    text = password.lower()
    plain = re.sub(r"[^a-z0-9]", "", text)
    if len(set(text)) < DIFFERENT or (text.isdecimal() and len(text) < LONG_NUMBER) or _walks(plain):
        return True
    core = re.sub(r"^[\W\d_]+|[\W\d_]+$", "", text).translate(_PLAIN)
    return any(_repeats(re.sub(r"[^a-z]", "", part)) in _WORDS for part in (text, core))


def _repeats(text: str) -> str:
    """Return the part that the text is made of by repeating it; the text itself where there is none."""
    at = (text + text).find(text, 1)
    return text[:at] if text else ""


def _walks(text: str) -> bool:
    """Tell whether the text is made of nothing but stretches of at least three neighbouring keys or letters."""
    at = 0
    while at < len(text):
        length = next((n for n in range(len(text) - at, 2, -1) if any(text[at : at + n] in way for way in _WALKS)), 0)
        if not length:
            return False
        at += length
    return bool(text)


def _own(password: str, about: Iterable[str]) -> bool:
    """Tell whether little is left of the password without its owner's own words and the hub's."""
    text = password.lower()
    words = {part for known in about for part in (known.lower(), *re.split(r"[\W_]+", known.lower()))}
    for word in sorted({*words, *_PRODUCT}, key=len, reverse=True):
        if len(word) >= TELLING:
            text = text.replace(word, "")
    return len(text) < SHORTEST and text != password.lower()


@cache
def _nobody() -> str:
    return _hasher.hash(secrets.token_hex(16))
