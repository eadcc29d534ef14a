/** Google's functions framework, which reads every body before a function is called. */
import { judge } from "./judge.ts";
import { subjects } from "./subjects.mjs";

judge("functions-framework", subjects["functions-framework"]);
