"""The GraphiQL page: built or plain, same-origin only, and nothing of the disk beyond its own folder."""

from __future__ import annotations

import re
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from api import graphiql

HTML = {"Accept": "text/html"}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the service looks for a built page in these tests; empty to begin with."""
    monkeypatch.setattr(graphiql, "DISTS", (tmp_path / "checkout", tmp_path / "wheel"))
    monkeypatch.setattr(graphiql, "SCHEMAS", (tmp_path / "schema.graphql",))
    return tmp_path


@pytest.fixture(params=["checkout", "wheel"])
def built(request: pytest.FixtureRequest, folder: Path) -> Path:
    dist = folder / str(request.param)
    (dist / "assets").mkdir(parents=True)
    (dist / "index.html").write_text("<title>built</title>", encoding="utf-8")
    (dist / "assets/index-abc.js").write_text("1", encoding="utf-8")
    (dist / "assets/index-abc.css").write_text("a{}", encoding="utf-8")
    (folder / "secret.txt").write_text("secret", encoding="utf-8")
    return dist


async def get(path: str, **headers: str) -> httpx.Response:
    app = Starlette(routes=[Route("/graphql", graphiql.page), *graphiql.routes])
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://qiban.test") as client:
        return await client.get(path, headers=HTML | headers)


async def test_unbuilt_the_plain_page_says_in_both_languages_how_to_build_and_how_to_ask(
    folder: Path,
) -> None:
    response = await get("/graphql")

    assert response.status_code == 200
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert response.headers["cache-control"] == "no-cache"
    for words in (
        "尚未构建",
        "was not built",
        "make web",
        "curl http://qiban.test/graphql",
        "schema.graphql",
    ):
        assert words in response.text


async def test_the_plain_page_needs_nothing_but_itself_and_its_policy_admits_its_style(folder: Path) -> None:
    response = await get("/graphql")

    assert "<script" not in response.text
    assert not re.search(r"(?:src|href)=.https?:", response.text)
    assert f"<style>{graphiql.STYLE}</style>" in response.text
    assert re.search(
        r"default-src 'none'; style-src 'sha256-[^']+'", response.headers["content-security-policy"]
    )


async def test_the_plain_page_escapes_the_host_it_was_asked_by(folder: Path) -> None:
    response = await get("/graphql", Host='x"><script>alert(1)</script>')

    assert "<script" not in response.text


async def test_unbuilt_there_are_no_assets_and_no_schema(folder: Path) -> None:
    assert (await get("/graphiql/assets/index-abc.js")).status_code == 404
    assert (await get("/graphiql/schema.graphql")).status_code == 404


async def test_built_the_page_is_always_asked_for_anew(built: Path) -> None:
    response = await get("/graphql")

    assert response.text == "<title>built</title>"
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert response.headers["cache-control"] == "no-cache"
    assert response.headers["x-content-type-options"] == "nosniff"


async def test_built_the_page_may_reach_this_host_only(built: Path) -> None:
    policy = (await get("/graphql")).headers["content-security-policy"]

    assert "script-src 'self';" in policy
    assert "connect-src 'self';" in policy
    assert "frame-ancestors 'none'" in policy
    assert "http" not in policy
    assert "*" not in policy


@pytest.mark.parametrize(("name", "kind"), [("index-abc.js", "javascript"), ("index-abc.css", "text/css")])
async def test_assets_are_kept_for_good_under_the_same_policy(built: Path, name: str, kind: str) -> None:
    response = await get(f"/graphiql/assets/{name}")

    assert response.status_code == 200
    assert kind in response.headers["content-type"]
    assert response.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert response.headers["content-security-policy"] == graphiql.CSP


@pytest.mark.parametrize(
    "path",
    [
        "../index.html",
        "../../secret.txt",
        "..%2F..%2Fsecret.txt",
        "%2e%2e/%2e%2e/secret.txt",
        "..%5C..%5Csecret.txt",
        "%2Fetc%2Fpasswd",
        "",
        "missing.js",
    ],
)
async def test_a_path_out_of_the_assets_is_not_found(built: Path, path: str) -> None:
    response = await get(f"/graphiql/assets/{path}")

    assert response.status_code == 404
    assert "immutable" not in response.headers.get("cache-control", "")


async def test_a_link_leading_out_of_the_assets_is_not_followed(built: Path, folder: Path) -> None:
    (built / "assets/out.txt").symlink_to(folder / "secret.txt")

    assert (await get("/graphiql/assets/out.txt")).status_code == 404


@pytest.mark.parametrize("path", ["/graphiql", "/graphiql/"])
async def test_the_folders_own_address_leads_to_graphql(folder: Path, path: str) -> None:
    response = await get(path)

    assert response.is_redirect
    assert response.headers["location"] == "/graphql"


async def test_the_printed_schema_can_be_read_in_the_browser(folder: Path) -> None:
    (folder / "schema.graphql").write_text("type Query { 企: Int }", encoding="utf-8")

    response = await get("/graphiql/schema.graphql")

    assert response.text == "type Query { 企: Int }"
    assert response.headers["content-type"] == "text/plain; charset=utf-8"


def test_the_locked_packages_name_no_registry() -> None:
    locked = (Path(__file__).parent.parent / "web/graphiql/package-lock.json").read_text(encoding="utf-8")

    assert '"resolved"' not in locked
    assert "registry." not in locked
