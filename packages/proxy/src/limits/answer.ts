/** What the routes beside the proxy answer: JSON that nobody keeps. */

export const answer = (status: number, body: object): Response =>
  new Response(JSON.stringify(body), {
    status,
    headers: { "content-type": "application/json", "cache-control": "no-store" },
  });
