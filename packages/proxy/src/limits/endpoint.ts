/** From an endpoint id to the app that its jobs are asked under. */

/** `owner/app`, and one segment more in fal's two namespaces. */
export function appOf(endpoint: string): string {
  const segments = endpoint.split("/");
  const isLonger = segments[0] === "workflows" || segments[0] === "comfy";
  return segments.slice(0, isLonger ? 3 : 2).join("/");
}
