/** The reference proxy as a process of its own, for `--start`; SABOTAGE names a saboteur. */
import { isProfileName } from "../../src/profiles.ts";
import { sabotages } from "../sabotage/index.ts";
import { correct } from "./behaviour.ts";
import { startProfile } from "./profiles.ts";

const { FAL_PROXY_PROFILE: profile = "default", PORT, SABOTAGE = "", FAL_KEY = "" } = process.env;
if (!isProfileName(profile)) throw new Error(`unknown profile ${profile}`);
const { change, prints } = sabotages[SABOTAGE] ?? {};
const behaviour = { ...correct, ...change?.(correct) };
if (SABOTAGE === "ends") {
  // As the published package does on Express 4: an exception that nobody catches.
  behaviour.parseTarget = (text) => {
    if (text.startsWith("http:")) process.exit(1);
    return correct.parseTarget(text);
  };
}
if (prints) console.log(prints(FAL_KEY));
await startProfile({ profile, environment: process.env }, { behaviour, port: Number(PORT) });
