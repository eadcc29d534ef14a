/** Deno. */
import { judge } from "./judge.ts";
import { subjects } from "./subjects.mjs";

judge("deno", subjects.deno);
