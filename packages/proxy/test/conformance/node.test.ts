/** `node:http`, and the package itself: whether it loads without Node and beside current frameworks. */
import { judge } from "./judge.ts";
import { subjects } from "./subjects.mjs";

judge("node", subjects.node);
