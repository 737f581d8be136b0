// The same database behind PostGraphile as it comes, at the port given last.
import { createServer } from "node:http";
import { postgraphile } from "postgraphile";
import { makePgService } from "postgraphile/adaptors/pg";
import { grafserv } from "postgraphile/grafserv/node";
import { PostGraphileAmberPreset } from "postgraphile/presets/amber";

const url = new URL(process.env.QIBAN_DATABASE_URL.replace("@/", "@localhost/"));
const poolConfig = {
  host: url.searchParams.get("host") ?? url.hostname,
  port: Number(url.port || 5432),
  user: url.username,
  password: url.password || undefined,
  database: url.pathname.slice(1),
  max: 10,
};
const service = postgraphile({
  extends: [PostGraphileAmberPreset],
  pgServices: [makePgService({ poolConfig, schemas: ["public"] })],
  grafserv: { graphqlPath: "/graphql", graphiql: false, watch: false },
}).createServ(grafserv);
const server = createServer();
await service.addTo(server);
await service.ready?.();
server.listen(Number(process.argv.at(-1)), "127.0.0.1");
