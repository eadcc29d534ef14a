/** h3 1. */
import { judge } from "./judge.ts";
import { subjects } from "./subjects.mjs";

judge("h3v1", subjects.h3v1);
