// The published package on Express 4, as its README says.
import { require } from "../published-upstream.mjs";

const express = require("express");
const { handler, route } = require("published-server-proxy/express");

const app = express();
app.use(express.json());
app.all(route, handler);
app.listen(Number(process.env.PORT), "127.0.0.1");
