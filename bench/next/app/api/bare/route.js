// What a relay on Next can never go below: a route that reads nothing and asks nobody.
const request = "https://queue.fal.run/fal-ai/flux/requests/6f2b1c8e-44b6-4c1e-9f3a-0d5f7a1b2c3d";

const submitted = {
  status: "IN_QUEUE",
  request_id: "6f2b1c8e-44b6-4c1e-9f3a-0d5f7a1b2c3d",
  response_url: request,
  status_url: `${request}/status`,
  cancel_url: `${request}/cancel`,
  queue_position: 0,
};
const answer = () => Response.json(submitted);

export { answer as GET, answer as POST };
// Else Next answers what it has kept.
export const dynamic = "force-dynamic";
