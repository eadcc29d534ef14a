/** h3, both majors. */
import { createEventHandler } from "@fal-ai/server-proxy/h3";
import { H3, type EventHandler } from "h3";
import { createApp, createRouter, type EventHandler as EventHandler1 } from "h3v1";

const handler: EventHandler = createEventHandler();
const handler1: EventHandler1 = createEventHandler();
new H3().all("/api/fal/proxy", createEventHandler()).post("/other", handler);
createApp().use("/api/fal/proxy", createEventHandler());
createRouter().use("/api/fal/proxy", handler1);
