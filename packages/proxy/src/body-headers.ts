/**
 * What a request's headers say of its body, held against the bytes: an app in front may have put
 * another body in its place (`new Request(request, { body })`), and the headers are still the old one's.
 */

/** Whether bytes can be in this coding: the one that they never were is not theirs. */
export function mayBeCoded(coding: string, bytes: Uint8Array): boolean {
  if (/^\s*(?:x-)?gzip\s*$/i.test(coding)) return bytes[0] === 0x1f && bytes[1] === 0x8b;
  return !isJson(bytes);
}

/** Whether bytes are a JSON object or array. */
export function isJson(bytes: Uint8Array): boolean {
  const opens = bytes[0] === 0x7b || bytes[0] === 0x5b;
  if (!opens) return false;
  try {
    JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    return true;
  } catch {
    return false;
  }
}

/** Takes out of, or mends in, the headers of a request what is untrue of its whole body. */
export function correctHeaders(headers: Record<string, string>, bytes: Uint8Array): void {
  const { "content-encoding": coding, "content-type": type } = headers;
  if (coding !== undefined && !mayBeCoded(coding, bytes)) delete headers["content-encoding"];
  if (type !== undefined) headers["content-type"] = withOwnBoundary(type, bytes);
}

/** A form's type with the boundary that its bytes begin with; any other type as it is. */
function withOwnBoundary(type: string, bytes: Uint8Array): string {
  if (!/^\s*multipart\//i.test(type)) return type;
  // RFC 2046 §5.1.1: at most 70 characters, behind two hyphens.
  const start = new TextDecoder("latin1").decode(bytes.subarray(0, 74));
  const [, boundary] = /^--([\w'()+,./:=? -]*[\w'()+,./:=?-])\r\n/.exec(start) ?? [];
  return boundary === undefined
    ? type
    : type.replace(
        /(;\s*boundary=)(?:"[^"]*"|[^;\s]*)/i,
        (_, name: string) => `${name}"${boundary}"`,
      );
}
