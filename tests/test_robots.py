"""What leaves the house, byte by byte, as each receiver documents it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from domain.outgoing import Answer
from domain.webhooks import Format
from workflows.robots import ADAPTERS, Message

AT = datetime(2026, 3, 2, 2, 0, 0, 123_000, tzinfo=UTC)
MESSAGE = Message(
    id="0195-id", sequence=7, zone="GL", case_id="Case_1", number="GL-2026-000123", record_kind="responsibility",
    record_id="Responsibility_2", move="return", label="责任：退回", source="offered", target="returned", at=AT,
    link="https://front.example/Case_1",
)
SENTENCE = "【企伴·GL】GL-2026-000123 责任：退回\nhttps://front.example/Case_1"
SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()


def test_a_plain_message_is_signed_as_standard_webhooks_have_it() -> None:
    request = ADAPTERS[Format.PLAIN].request("https://a.example/hook", MESSAGE, SECRET, AT)

    signed = b".".join([b"0195-id", b"1772416800", request.body])
    expected = base64.b64encode(hmac.new(bytes(range(32)), signed, hashlib.sha256).digest()).decode()
    assert request.url == "https://a.example/hook"
    assert request.headers["webhook-id"] == "0195-id"
    assert request.headers["webhook-timestamp"] == "1772416800"
    assert request.headers["webhook-signature"] == f"v1,{expected}"
    assert json.loads(request.body) == {
        "type": "responsibility.return",
        "timestamp": "2026-03-02T02:00:00.123000Z",
        "data": {
            "zone": "GL", "caseId": "Case_1", "number": "GL-2026-000123", "recordId": "Responsibility_2",
            "source": "offered", "target": "returned", "sequence": 7, "link": "https://front.example/Case_1",
        },
    }


def test_wecom_is_told_a_text_at_its_address() -> None:
    address = "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=k"

    request = ADAPTERS[Format.WECOM].request(address, MESSAGE, "", AT)

    assert request.url == address
    assert json.loads(request.body) == {"msgtype": "text", "text": {"content": SENTENCE}}


def test_dingtalk_finds_milliseconds_and_their_signature_in_the_address() -> None:
    address = "https://oapi.dingtalk.com/robot/send?access_token=t"

    request = ADAPTERS[Format.DINGTALK].request(address, MESSAGE, "SECabc", AT)

    asked = parse_qs(urlsplit(request.url).query)
    text = "1772416800123\nSECabc"
    expected = base64.b64encode(hmac.new(b"SECabc", text.encode(), hashlib.sha256).digest()).decode()
    assert asked == {"access_token": ["t"], "timestamp": ["1772416800123"], "sign": [expected]}
    assert json.loads(request.body) == {"msgtype": "text", "text": {"content": SENTENCE}}


def test_feishu_finds_seconds_and_a_signature_of_nothing_in_the_body() -> None:
    address = "https://open.feishu.cn/open-apis/bot/v2/hook/h"

    request = ADAPTERS[Format.FEISHU].request(address, MESSAGE, "geheim", AT)

    expected = base64.b64encode(hmac.new(b"1772416800\ngeheim", digestmod=hashlib.sha256).digest()).decode()
    assert request.url == address
    assert json.loads(request.body) == {
        "timestamp": "1772416800", "sign": expected, "msg_type": "text", "content": {"text": SENTENCE},
    }


@pytest.mark.parametrize("format", [Format.WECOM, Format.DINGTALK, Format.FEISHU])
def test_a_robot_without_a_secret_is_sent_nothing_signed(format: Format) -> None:
    request = ADAPTERS[format].request("https://a.example/hook", MESSAGE, "", AT)

    assert request.url == "https://a.example/hook"
    assert "sign" not in json.loads(request.body)


@pytest.mark.parametrize(
    ("format", "status", "body", "delivered", "passing"),
    [
        (Format.PLAIN, 200, "", True, True),
        (Format.PLAIN, 204, "", True, True),
        (Format.PLAIN, 302, "", False, True),
        (Format.PLAIN, 400, "", False, False),
        (Format.PLAIN, 410, "", False, True),
        (Format.PLAIN, 422, "", False, False),
        (Format.PLAIN, 429, "", False, True),
        (Format.PLAIN, 503, "", False, True),
        (Format.WECOM, 200, '{"errcode": 0, "errmsg": "ok"}', True, True),
        (Format.WECOM, 200, '{"errcode": 45009, "errmsg": "api freq out of limit"}', False, True),
        (Format.WECOM, 200, '{"errcode": 93000, "errmsg": "invalid webhook url"}', False, True),
        (Format.WECOM, 200, '{"errcode": 45002, "errmsg": "content size out of limit"}', False, False),
        (Format.DINGTALK, 200, '{"errcode": 310000, "errmsg": "sign not match"}', False, True),
        (Format.DINGTALK, 200, '{"errcode": 430102, "errmsg": "inappropriate text"}', False, False),
        (Format.FEISHU, 200, '{"code": 0, "msg": "success", "StatusCode": 0}', True, True),
        (Format.FEISHU, 200, '{"code": 19021, "msg": "sign match fail"}', False, True),
        (Format.FEISHU, 200, '{"code": 9499, "msg": "Bad Request"}', False, False),
        (Format.FEISHU, 200, "<html>", False, True),
        (Format.FEISHU, 502, "", False, True),
        (Format.WECOM, 200, "[]", False, True),
        (Format.WECOM, 200, '{"errcode": [1]}', False, True),
    ],
)
def test_what_an_answer_means(format: Format, status: int, body: str, delivered: bool, passing: bool) -> None:
    outcome = ADAPTERS[format].outcome(Answer(status, body.encode()))

    assert (outcome.delivered, outcome.passing) == (delivered, passing)


@pytest.mark.parametrize(
    ("format", "status", "body", "asked", "rest"),
    [
        (Format.PLAIN, 429, "", None, None),
        (Format.PLAIN, 429, "", 90, 90),
        (Format.PLAIN, 503, "", 90, 90),
        (Format.WECOM, 200, '{"errcode": 45009}', None, 60),
        (Format.DINGTALK, 200, '{"errcode": 130101}', None, 600),
        (Format.FEISHU, 200, '{"code": 11232}', None, 60),
        (Format.FEISHU, 429, "", 5, 5),
    ],
)
def test_too_much_at_once_is_no_failure_but_a_wish_to_be_left_alone(
    format: Format, status: int, body: str, asked: int | None, rest: int | None
) -> None:
    wait = timedelta(seconds=asked) if asked else None

    outcome = ADAPTERS[format].outcome(Answer(status, body.encode(), wait))

    assert (outcome.delivered, outcome.passing, outcome.busy) == (False, True, True)
    assert outcome.rest == (timedelta(seconds=rest) if rest else None)


@pytest.mark.parametrize("answer", [Answer(503, b""), Answer(500, b"", timedelta(seconds=9)), Answer(200, b"")])
def test_a_receiver_that_is_down_or_well_is_not_busy(answer: Answer) -> None:
    assert not ADAPTERS[Format.PLAIN].outcome(answer).busy
