#!/bin/sh
# Builds GraphiQL into web/graphiql/dist when node is here and a source changed; without it the plain page serves.
# Never fails, so that `make demo` works on a machine with no node and no npm registry.
cd "${0%/*}/graphiql" || exit 1

notice() {
    echo "GraphiQL: $1；/graphql 沿用旧页面或简易页面。 /graphql serves the page built before, or a plain one."
    exit 0
}

command -v node >/dev/null && command -v npm >/dev/null || notice "没有 node 与 npm (no node and npm)"

digest=$(cat .npmrc package.json package-lock.json index.html vite.config.ts src/* | node -e '
    const hash = require("crypto").createHash("sha256");
    process.stdin.on("data", (some) => hash.update(some)).on("end", () => console.log(hash.digest("hex")));
') || notice "node 不能运行 (node does not run)"
[ "$(cat dist/.digest 2>/dev/null)" = "$digest" ] && exit 0

echo "GraphiQL: npm ci, vite build …"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# One quick retry: with no registry to reach, this must give up soon.
if npm ci --prefer-offline --fetch-retries=1 --fetch-retry-mintimeout=1000 --fetch-timeout=60000 >"$log" 2>&1 \
    && npm run build >>"$log" 2>&1; then
    echo "$digest" >dist/.digest
else
    grep -i -m 3 error "$log" >&2
    notice "未能构建 (could not be built, see above)"
fi
