/** Fastify 5. */
import { judge } from "./judge.ts";
import { subjects } from "./subjects.mjs";

judge("fastify", subjects.fastify);
