/** A certificate for the fal hosts, made afresh for one emulator and signed by itself. */
import { generate } from "selfsigned";

/** @param hosts DNS names; `localhost` and `127.0.0.1` are always added */
export async function makeCertificate(
  hosts: readonly string[],
): Promise<{ key: string; cert: string }> {
  const dns = ["localhost", ...hosts].map((value) => ({ type: 2 as const, value }));
  const { private: key, cert } = await generate([{ name: "commonName", value: "fal-emulator" }], {
    keyType: "ec",
    algorithm: "sha256",
    extensions: [
      // Its own authority, so that NODE_EXTRA_CA_CERTS or `ca` with this one file is enough.
      { name: "basicConstraints", cA: true },
      { name: "subjectAltName", altNames: [...dns, { type: 7, ip: "127.0.0.1" }] },
    ],
  });
  return { key, cert };
}
