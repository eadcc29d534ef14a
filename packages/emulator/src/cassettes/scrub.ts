/** Takes out of what is kept everything that is nobody else's business. */

/** What stands in the place of a secret. */
const GONE = "SCRUBBED";

// What storage services and fal put into URLs so that they work without a key.
const SIGNED =
  /([?&](?:[\w-]*(?:signature|credential|security-token|token)|identity|sig|key)=)[^&"'\s\\#]+/gi;
const JWT = /\beyJ[\w-]+\.[\w-]+\.[\w-]*/g;
const EMAIL = /\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+\b/g;
const ADDRESS = /\b(?!127\.)(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?:25[0-5]|2[0-4]\d|1?\d?\d)){3}\b/g;
const WEBHOOK = /(fal_webhook=)[^&"\s\\]+/g;

/**
 * Makes the function that every text goes through before it is written, and every call before it is
 * compared.
 *
 * @param keys fal's keys, `<id>:<secret>`: each is found whole or in halves, in Base64 and as a URL has it
 */
export function createScrub(keys: readonly string[]): (text: string) => string {
  const secrets = keys.flatMap((key) => {
    const [id = "", secret = ""] = key.split(":");
    return [key, secret, id]
      .filter((part) => part.length >= 8)
      .flatMap((part) => [part, encodeURIComponent(part), base64(part), base64(`Key ${part}`)]);
  });
  return (text) => {
    let clean = text;
    for (const secret of secrets) clean = clean.replaceAll(secret, GONE);
    return clean
      .replace(WEBHOOK, "$1https%3A%2F%2Fscrubbed.example")
      .replace(SIGNED, `$1${GONE}`)
      .replace(JWT, GONE)
      .replace(EMAIL, "someone@example.com")
      .replace(ADDRESS, "192.0.2.1");
  };
}

const base64 = (text: string): string => Buffer.from(text).toString("base64").replace(/=+$/, "");
