/** The run as code that does the same from a page of one's own. */
import type { Run } from "./snapshot.ts";

export function snippetOf(
  { endpointId, call, input }: Pick<Run, "endpointId" | "call" | "input">,
  proxyUrl: string,
): string {
  const id = JSON.stringify(endpointId);
  const json = JSON.stringify(input, null, 2).replaceAll("\n", "\n  ");
  const head = `import { fal } from "@fal-ai/client";

fal.config({ proxyUrl: ${JSON.stringify(proxyUrl)} });
`;
  if (call === "stream") {
    return `${head}
const stream = await fal.stream(${id}, {
  input: ${json},
});
for await (const event of stream) console.log(event);
const result = await stream.done();
`;
  }
  const extra =
    call === "queue"
      ? "\n  logs: true,\n  onQueueUpdate: (status) => console.log(status.status),"
      : "";
  return `${head}
const { data, requestId } = await fal.${call === "queue" ? "subscribe" : "run"}(${id}, {
  input: ${json},${extra}
});
`;
}
