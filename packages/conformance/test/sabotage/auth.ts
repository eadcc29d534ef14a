/** Saboteurs of the topic auth. */
import type { Behaviour } from "../reference/behaviour.ts";
import { answers, forwards, wiring, type Sabotages } from "./sabotage.ts";

type Judge = Behaviour["credential"];

/** Changes the answer to who pays. */
const pays =
  (change: (correct: Judge) => Judge) =>
  (b: Behaviour): Partial<Behaviour> => ({ credential: change(b.credential) });

/** A header value that counts as signed in. */
const signsIn = (accepted: (value: string | undefined) => boolean) =>
  pays((correct) => (headers, config) => {
    const open = config.locked && !config.check && accepted(headers.authorization);
    return correct(headers, open ? { ...config, locked: false } : config);
  });

const readsKey =
  (change: (environment: Readonly<Record<string, string | undefined>>) => string | undefined) =>
  (b: Behaviour): Partial<Behaviour> => ({
    readKey: (environment) => change(environment) ?? b.readKey(environment),
  });

export const authSabotages: Sabotages = {
  "auth-key-sent": {
    change: pays((correct) => (headers, config) => {
      const value = correct(headers, config);
      return typeof value === "string" && !config.check && headers.authorization === undefined
        ? value.replace("Key", "Bearer")
        : value;
    }),
    also: [
      "auth-key-pair",
      "auth-key-quoted",
      "auth-key-prefixed",
      "auth-env-function",
      "auth-adapter-key",
      "endpoints-uploads",
      "storage-initiate",
      "storage-initiate-multipart",
      "storage-initiate-old-host",
      "storage-upload",
    ],
  },
  "auth-caller-session-not-sent": {
    change: pays(
      (correct) => (headers, config) =>
        !config.check && headers.authorization?.startsWith("Bearer app")
          ? headers.authorization
          : correct(headers, config),
    ),
  },
  "auth-caller-basic-not-sent": {
    change: pays(
      (correct) => (headers, config) =>
        headers.authorization?.startsWith("Basic ")
          ? headers.authorization
          : correct(headers, config),
    ),
  },
  "auth-caller-key": {
    change: forwards((headers, raw) => [
      ...headers,
      ...raw
        .filter(([name, value]) => name === "authorization" && value.startsWith("Key caller"))
        .map((p) => [...p] as [string, string]),
    ]),
  },
  "auth-no-key": {
    change: pays(
      (correct) => (headers, config) =>
        config.key === undefined ? "Key undefined" : correct(headers, config),
    ),
    also: ["auth-no-key-code", "auth-key-empty", "auth-undefined-credential"],
  },
  "auth-no-key-code": {
    change: answers(({ code }) =>
      code === "no_credentials" ? { text: '{"message":"no","detail":"no","code":"oops"}' } : {},
    ),
  },
  "auth-key-pair": {
    change: readsKey(({ FAL_KEY, FAL_KEY_ID }) =>
      FAL_KEY === undefined && FAL_KEY_ID ? FAL_KEY_ID : undefined,
    ),
  },
  "auth-key-quoted": {
    change: readsKey(({ FAL_KEY }) => (FAL_KEY?.startsWith('"') ? FAL_KEY : undefined)),
  },
  "auth-key-prefixed": {
    change: readsKey(({ FAL_KEY }) => (FAL_KEY?.startsWith("Key ") ? FAL_KEY : undefined)),
  },
  "auth-key-empty": { change: readsKey(({ FAL_KEY }) => (FAL_KEY === " " ? "." : undefined)) },
  "auth-key-never-replied": {
    change: (b) => ({
      lost: (paid, timedOut) => ({
        ...b.lost(paid, timedOut),
        message: "fa1e5ec4e7fa1e5ec4e7fa1e5ec4e7fa",
      }),
    }),
  },
  "auth-key-never-printed": { prints: (key) => `starting with ${key}` },
  "auth-locked-no-header": {
    change: signsIn((value) => value === undefined),
    also: ["auth-locked-code", "auth-locked-unlisted"],
  },
  "auth-locked-empty-header": { change: signsIn((value) => value === "") },
  "auth-locked-invented-token": {
    change: signsIn((value) => value?.startsWith("Bearer ") ?? false),
  },
  "auth-locked-invented-value": { change: signsIn((value) => value === "let me in") },
  "auth-locked-invented-key": {
    change: pays((correct) => (headers, config) => {
      const open =
        config.locked && !config.check && (headers.authorization ?? "").startsWith("Key invented");
      return correct(open ? {} : headers, open ? { ...config, locked: false } : config);
    }),
  },
  "auth-locked-unlisted": { change: wiring({ signInFirst: false }) },
  "auth-locked-code": {
    change: answers(({ code }) =>
      code === "unauthenticated" ? { text: '{"message":"no","detail":"no","code":"oops"}' } : {},
    ),
  },
  "auth-check-accepts": {
    change: pays(
      (correct) => (headers, config) =>
        config.check && !config.locked && headers.authorization
          ? headers.authorization
          : correct(headers, config),
    ),
    also: ["auth-check-refuses"],
  },
  "auth-check-refuses": {
    change: pays((correct) => (headers, config) => {
      return config.profile === "authenticated" ? `Key ${config.key}` : correct(headers, config);
    }),
  },
  "auth-check-header-case": {
    change: pays(
      (correct) => (headers, config) =>
        config.check && config.locked ? correct({}, config) : correct(headers, config),
    ),
  },
  "auth-check-throws": {
    change: answers(({ code }) =>
      code === "internal"
        ? { text: '{"message":"at check (/srv/app/secret.js:1)","detail":"","code":"internal"}' }
        : {},
    ),
  },
  "auth-undefined-credential": {
    change: pays(
      (correct) => (headers, config) =>
        config.profile === "undefined-auth" ? "Key of:environment" : correct(headers, config),
    ),
  },
  "auth-env-function": {
    change: pays(
      (correct) => (headers, config) =>
        config.profile === "env-auth" ? String(config.key) : correct(headers, config),
    ),
  },
  "auth-adapter-key": {
    change: pays(
      (correct) => (headers, config) =>
        config.profile === "adapter-key" ? "Key undefined" : correct(headers, config),
    ),
  },
};
