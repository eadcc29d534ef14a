/** Hono on Node. */
import { judge, serverCommand } from "./judge.ts";

judge("hono", { command: serverCommand("hono.mjs"), without: {} });
