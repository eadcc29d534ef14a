// React Router 7 in framework mode, built, under its own server.
import { judge } from "../../../packages/proxy/test/conformance/judge.ts";
import { apps } from "../../testing/apps.mjs";

judge("react-router", apps["react-router"]);
