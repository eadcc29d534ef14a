/** Express 5. */
import express from "express";
import { serve } from "./express-app.mjs";

serve(express, "/api/fal/proxy/*splat");
