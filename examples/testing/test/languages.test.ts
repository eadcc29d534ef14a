// Every case of fal-proxy-conformance that the environment can ask for, against each proxy in one file.
import { judge } from "../../../packages/proxy/test/conformance/judge.ts";
import { languages } from "../languages.mjs";

for (const [name, subject] of Object.entries(languages)) judge(name, subject);
