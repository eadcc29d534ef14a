/** Express 5. */
import { judge } from "./judge.ts";
import { subjects } from "./subjects.mjs";

judge("express", subjects.express);
