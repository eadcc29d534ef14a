// Metered, with the state in the process.
import { memoryStore } from "@fal-ai/server-proxy/stores/memory";
import { serve } from "../metered.mjs";

serve(memoryStore());
