/** Hono on Node. */
import { judge } from "./judge.ts";
import { subjects } from "./subjects.mjs";

judge("hono", subjects.hono);
