/** Express 4. */
import { judge } from "./judge.ts";
import { subjects } from "./subjects.mjs";

judge("express4", subjects.express4);
