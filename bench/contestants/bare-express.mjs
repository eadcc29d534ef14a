// Express 5 alone: a handler that asks nobody. What a relay on Express can never go below.
import express from "express";
import { ROUTE, SUBMITTED } from "../traffic.mjs";

const app = express();
app.all(ROUTE, (_request, response) => {
  response.type("json").send(SUBMITTED);
});
app.listen(Number(process.env.PORT), "127.0.0.1");
