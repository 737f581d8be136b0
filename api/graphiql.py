"""GraphiQL with no network: the page built from web/graphiql, or a plain one that says how to build it."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from html import escape
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.staticfiles import StaticFiles

HERE = Path(__file__).parent
# A checkout first, then the places where an installed wheel keeps the same things.
DISTS: tuple[Path, ...] = (HERE.parent / "web/graphiql/dist", HERE / "static/graphiql")
SCHEMAS: tuple[Path, ...] = (HERE.parent / "schema.graphql", HERE / "static/schema.graphql")


def page(request: Request) -> Response:
    """What a browser gets at /graphql."""
    index = _first(*(each / "index.html" for each in DISTS))
    if index is None:
        origin = escape(str(request.base_url).rstrip("/"))
        return HTMLResponse(PLAIN.replace("{origin}", origin), headers=_headers(PLAIN_CSP, "no-cache"))
    return FileResponse(index, headers=_headers(CSP, "no-cache"))


async def _asset(request: Request) -> Response:
    dist = _first(*(each / "assets" for each in DISTS))
    if dist is None:
        raise HTTPException(404)
    # StaticFiles refuses every path that leads out of its directory.
    response = await StaticFiles(directory=dist).get_response(request.path_params["path"], request.scope)
    response.headers.update(_headers(CSP, "public, max-age=31536000, immutable"))
    return response


def _schema(request: Request) -> Response:
    printed = _first(*SCHEMAS)
    if printed is None:
        raise HTTPException(404)
    return FileResponse(
        printed, media_type="text/plain; charset=utf-8", headers=_headers(PLAIN_CSP, "no-cache")
    )


def _to_page(request: Request) -> Response:
    return RedirectResponse("/graphql")


routes = [
    Route("/graphiql", _to_page),
    Route("/graphiql/", _to_page),
    Route("/graphiql/schema.graphql", _schema),
    Route("/graphiql/assets/{path:path}", _asset),
]


def _first(*candidates: Path) -> Path | None:
    return next((each for each in candidates if each.exists()), None)


def _headers(csp: str, cache: str) -> dict[str, str]:
    return {"Content-Security-Policy": csp, "Cache-Control": cache, "X-Content-Type-Options": "nosniff"}


CLOSED = "form-action 'none'; frame-ancestors 'none'; object-src 'none'; base-uri 'none'"
# Monaco writes style elements and attributes of its own; GraphiQL's stylesheet holds its fonts as data.
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    f"font-src 'self' data:; connect-src 'self'; worker-src 'self'; {CLOSED}"
)

STYLE = (
    "body{max-width:44rem;margin:3rem auto;padding:0 1rem;font:16px/1.7 system-ui,sans-serif;color:#14284b}"
    "pre{padding:.8rem;overflow:auto;background:#eef2f9;border-radius:4px}"
)
PLAIN_CSP = (
    f"default-src 'none'; style-src 'sha256-{b64encode(sha256(STYLE.encode()).digest()).decode()}'; "
    f"img-src data:; {CLOSED}"
)
PLAIN = f"""<!doctype html>
<html lang="zh">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>企伴 Qiban GraphQL</title>
<style>{STYLE}</style>
<h1>企伴 Qiban GraphQL</h1>
<p>GraphQL 接口就在本页地址，已可使用。图形查询界面 GraphiQL 尚未构建，因为构建时没有 Node.js 或连不上 npm。
<br>安装 Node.js 20 或更高版本后运行下面的命令，再刷新本页：</p>
<p lang="en">The GraphQL API answers at this very address. GraphiQL, its query editor, was not built,
since Node.js was absent or npm could not be reached. Install Node.js 20 or later, run this and reload:</p>
<pre>make web</pre>
<p>不用 GraphiQL 也可查询：<br><span lang="en">Without GraphiQL, ask like this:</span></p>
<pre>curl {{origin}}/graphql \\
  -H 'Content-Type: application/json' -H 'Accept-Language: zh' \\
  -d '{{"query": "{{ viewer {{ person {{ name }} }} }}"}}'</pre>
<p><a href="/graphiql/schema.graphql">全部类型与字段 <span lang="en">The whole schema</span></a></p>
</html>
"""
