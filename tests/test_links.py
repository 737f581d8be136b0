"""Download links: whom they serve, how long, and what they do not stand for."""

from __future__ import annotations

import base64
import hmac
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from domain import links
from domain.refusals import Refused

SECRET = b"a secret of this test, long enough"
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)


def test_a_link_names_the_attachment_and_the_person_it_was_signed_for() -> None:
    attachment, person = uuid4(), uuid4()

    token = links.sign(attachment, person, NOON + links.LIFE, SECRET)

    assert links.check(token, NOON, SECRET) == (attachment, person)


def test_a_link_fits_into_a_url_as_it_is() -> None:
    token = a_link(attachment=UUID(int=2**128 - 1), person=UUID(int=2**128 - 1))

    assert len(token) == 96
    assert set(token) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


def test_a_link_lives_five_minutes() -> None:
    token = a_link(expires_at=NOON + links.LIFE)

    links.check(token, NOON + 5 * MINUTE - SECOND, SECRET)
    with pytest.raises(Refused, match="LINK_EXPIRED"):
        links.check(token, NOON + 5 * MINUTE, SECRET)


@pytest.mark.parametrize("place", range(0, 96, 5))
def test_a_link_with_one_character_changed_is_invalid(place: int) -> None:
    token = a_link()

    changed = token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1 :]

    with pytest.raises(Refused, match="LINK_INVALID"):
        links.check(changed, NOON, SECRET)


@pytest.mark.parametrize("token", ["", "A", "AAAA", "A" * 96, "A" * 10_000, "企伴", "a b\n", "=" * 96])
def test_what_was_never_signed_is_invalid(token: str) -> None:
    with pytest.raises(Refused, match="LINK_INVALID"):
        links.check(token, NOON, SECRET)


def test_a_longer_or_shorter_link_is_invalid() -> None:
    token = a_link()

    for changed in (token[:-4], token + "AAAA", token[4:], "AAAA" + token):
        with pytest.raises(Refused, match="LINK_INVALID"):
            links.check(changed, NOON, SECRET)


def test_a_forged_link_is_not_told_that_it_is_too_old() -> None:
    token = a_link(expires_at=NOON - MINUTE)

    with pytest.raises(Refused, match="LINK_INVALID"):
        links.check(token, NOON, b"another secret, just as long")


def test_what_the_same_secret_signs_for_another_purpose_opens_no_file() -> None:
    body = base64.urlsafe_b64decode(a_link())[:40]

    token = base64.urlsafe_b64encode(body + hmac.digest(SECRET, body, "sha256")).decode()

    with pytest.raises(Refused, match="LINK_INVALID"):
        links.check(token, NOON, SECRET)


def test_a_short_secret_signs_nothing() -> None:
    with pytest.raises(ValueError, match="QIBAN_SECRET"):
        links.sign(uuid4(), uuid4(), NOON, b"fifteen bytes..")


def a_link(
    attachment: UUID | None = None, person: UUID | None = None, expires_at: datetime = NOON + MINUTE
) -> str:
    return links.sign(attachment or uuid4(), person or uuid4(), expires_at, SECRET)
