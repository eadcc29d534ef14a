// This library on Express 5, mounted as its README says.
import { createHandler, route } from "@fal-ai/server-proxy/express";
import express from "express";

const app = express();
app.use(route, createHandler());
app.listen(Number(process.env.PORT), "127.0.0.1");
