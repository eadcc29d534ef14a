/** A bare Request → Response function, on a host that turns it into a Node server. */
import { judge } from "./judge.ts";
import { subjects } from "./subjects.mjs";

judge("fetch", subjects.fetch);
