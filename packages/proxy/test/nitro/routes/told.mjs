import { eventHandler } from "h3";
import { told } from "../told.mjs";

export default eventHandler(() => told);
