"""Signed notes (C2SP signed-note): text with Ed25519 signatures under it, and the keys that make and check them."""

from __future__ import annotations

import hashlib
import re
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from dataclasses import dataclass
from typing import Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

ED25519 = b"\1"
NAME = re.compile(r"[^\s+]{1,200}")
SIGNATURE = re.compile(r"— ([^\s+]+) ([A-Za-z0-9+/]+=*)")


class NotANote(ValueError):
    """The text is no signed note, or none of the keys asked for signed it."""


@dataclass(frozen=True)
class PublicKey:
    """A key under which notes are checked, written `name+id+base64` as other programs for such logs read it."""

    name: str
    raw: bytes

    @classmethod
    def read(cls, text: str) -> Self:
        name, key_id, encoded = _parts(text.strip())
        key = cls(name, encoded)
        if key.id != key_id:
            raise NotANote("the key's id is not that of the key")
        return key

    @property
    def id(self) -> str:
        """Eight hexadecimal digits."""
        return hashlib.sha256(f"{self.name}\n".encode() + ED25519 + self.raw).hexdigest()[:8]

    def __str__(self) -> str:
        return f"{self.name}+{self.id}+{b64encode(ED25519 + self.raw).decode()}"

    def signed(self, text: str, signature: bytes) -> bool:
        try:
            Ed25519PublicKey.from_public_bytes(self.raw).verify(signature, text.encode())
        except InvalidSignature:
            return False
        return True


@dataclass(frozen=True)
class PrivateKey:
    """A key that signs notes, written `PRIVATE+KEY+name+id+base64`."""

    name: str
    seed: bytes

    @classmethod
    def make(cls, name: str) -> Self:
        return cls(name, Ed25519PrivateKey.generate().private_bytes_raw())

    @classmethod
    def read(cls, text: str) -> Self:
        name, key_id, seed = _parts(text.strip().removeprefix("PRIVATE+KEY+"))
        key = cls(name, seed)
        if key.public.id != key_id:
            raise NotANote("the key's id is not that of the key")
        return key

    @property
    def public(self) -> PublicKey:
        return PublicKey(self.name, self._key.public_key().public_bytes_raw())

    @property
    def _key(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self.seed)

    def __str__(self) -> str:
        return f"PRIVATE+KEY+{self.name}+{self.public.id}+{b64encode(ED25519 + self.seed).decode()}"

    def __repr__(self) -> str:
        return f"<private key {self.public.id}>"

    def line(self, text: str) -> str:
        signature = bytes.fromhex(self.public.id) + self._key.sign(text.encode())
        return f"— {self.name} {b64encode(signature).decode()}\n"


def signed(text: str, *keys: PrivateKey) -> str:
    """The note: `text`, which ends with a line break, signed by each key."""
    return f"{text}\n" + "".join(key.line(text) for key in keys)


def text_of(note: str) -> str:
    """What a note says, whoever signed it."""
    text, found, _ = note.rpartition("\n\n")
    if not found:
        raise NotANote("no blank line divides text and signatures")
    return f"{text}\n"


def signers(note: str, *keys: PublicKey) -> list[PublicKey]:
    """Which of the keys signed the note. Raises `NotANote` when a signature of one of them is wrong."""
    text, found = text_of(note), []
    for line in note[len(text) + 1 :].splitlines():
        match = SIGNATURE.fullmatch(line)
        if match is None:
            raise NotANote("a signature line is broken")
        signature = b64decode(match[2])
        for key in keys:
            if (key.name, key.id) == (match[1], signature[:4].hex()):
                if not key.signed(text, signature[4:]):
                    raise NotANote(f"the signature of {key.name} is wrong")
                found.append(key)
    return found


def _parts(text: str) -> tuple[str, str, bytes]:
    try:
        name, key_id, encoded = text.split("+", 2)
        raw = b64decode(encoded, validate=True)
    except (ValueError, NotBase64) as error:
        raise NotANote("this is no key") from error
    if len(raw) != 33 or raw[:1] != ED25519 or not NAME.fullmatch(name):
        raise NotANote("this is no Ed25519 key")
    return name, key_id, raw[1:]
