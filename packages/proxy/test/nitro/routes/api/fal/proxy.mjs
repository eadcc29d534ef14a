import { createEventHandler } from "@fal-ai/server-proxy/h3";
import { told } from "../../../told.mjs";

export default createEventHandler({
  guards: [
    (call) => {
      call.onEnd(async ({ outcome }) => {
        // A host that is not asked to wait forgets it.
        await new Promise((resolve) => setTimeout(resolve, 200));
        told.push(`${call.target.operation} ${outcome}`);
      });
    },
  ],
});
