// A Postgres for a contestant: prints its port, and is removed when its parent has ended.
import { startPostgres } from "../packages/proxy/test/support/database-servers.ts";

const server = await startPostgres();
console.log(server.port);
const end = () => void server.remove().then(() => process.exit());
process.stdin.on("end", end).resume();
process.on("SIGTERM", end);
