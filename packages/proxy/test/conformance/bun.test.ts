/** Bun. */
import { judge } from "./judge.ts";
import { subjects } from "./subjects.mjs";

judge("bun", subjects.bun);
