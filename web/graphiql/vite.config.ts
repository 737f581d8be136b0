// GraphiQL as its own small project: the service serves dist/ under /graphiql/ (api/graphiql.py).
import { defineConfig } from "vite";

export default defineConfig({
  base: "/graphiql/",
  logLevel: "error",
  // Nothing is inlined: the page's CSP lets scripts, fonts and workers come from files of this host only.
  build: { assetsInlineLimit: 0, chunkSizeWarningLimit: 5000 },
});
