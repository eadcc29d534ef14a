/** h3 2. */
import { judge } from "./judge.ts";
import { subjects } from "./subjects.mjs";

judge("h3", subjects.h3);
