// `npm start`: sets up what is missing, then becomes the gateway, whose arguments follow `--`.
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { setUp } from "./setup.mjs";

const gateway = join(import.meta.dirname, "../packages/gateway/dist/cli.js");

try {
  setUp({ packages: ["emulator", "proxy", "gateway"] });
} catch (error) {
  console.error(`npm start: ${error.message}`);
  process.exit(1);
}
// In this very process, so that the terminal, signals and the exit code are the gateway's own.
process.argv[1] = gateway;
await import(pathToFileURL(gateway).href);
