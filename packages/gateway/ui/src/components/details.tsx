/** What lies behind the picture: the log, the raw result, the input, and the same call as code. */
import type { JSX } from "preact";
import { useId, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Run } from "../generation/snapshot.ts";
import { snippetOf } from "../generation/snippet.ts";
import { CopyButton } from "./copy-button.tsx";

const TABS = ["Log", "Result", "Input", "Code"] as const;
type Tab = (typeof TABS)[number];

/** `run` may be a draft that has not been sent: then only its input and code are known. */
interface Props {
  run: Run | undefined;
  draft: Pick<Run, "endpointId" | "call" | "input">;
  proxyUrl: string;
}

export function Details({ run, draft, proxyUrl }: Props): JSX.Element {
  const [tab, setTab] = useState<Tab>("Log");
  const id = useId();
  const bar = useRef<HTMLDivElement>(null);

  const onKeyDown = (event: KeyboardEvent): void => {
    const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    if (step === 0) return;
    const next = TABS[(TABS.indexOf(tab) + step + TABS.length) % TABS.length] as Tab;
    setTab(next);
    bar.current?.querySelector<HTMLElement>(`[data-tab="${next}"]`)?.focus();
  };

  const text = textOf(tab, run, draft, proxyUrl);
  return (
    <section class="details" aria-label="Details">
      <div class="tabs" role="tablist" aria-label="Details" ref={bar} onKeyDown={onKeyDown}>
        {TABS.map((name) => (
          <button
            key={name}
            type="button"
            role="tab"
            id={`${id}-${name}`}
            data-tab={name}
            aria-selected={tab === name}
            aria-controls={`${id}-panel`}
            tabIndex={tab === name ? 0 : -1}
            onClick={() => setTab(name)}
          >
            {name}
            {name === "Log" && run && run.logs.length > 0 ? <small>{run.logs.length}</small> : null}
          </button>
        ))}
        {text !== "" && <CopyButton text={text} label={`Copy: ${tab}`} />}
      </div>
      <div
        class="panel"
        role="tabpanel"
        id={`${id}-panel`}
        aria-labelledby={`${id}-${tab}`}
        tabIndex={0}
      >
        {tab === "Log" ? <Log run={run} /> : <pre>{text || "Nothing yet."}</pre>}
      </div>
    </section>
  );
}

function textOf(tab: Tab, run: Run | undefined, draft: Props["draft"], proxyUrl: string): string {
  switch (tab) {
    case "Log":
      return run?.logs.map((line) => line.message).join("\n") ?? "";
    case "Result": {
      const body = run?.result ?? run?.problem?.body;
      return body === undefined ? "" : JSON.stringify(body, null, 2);
    }
    case "Input":
      return JSON.stringify((run ?? draft).input, null, 2);
    case "Code":
      return snippetOf(run ?? draft, proxyUrl);
  }
}

function Log({ run }: { run: Run | undefined }): JSX.Element {
  const list = useRef<HTMLOListElement>(null);
  const count = run?.logs.length ?? 0;
  // Before the browser paints, so that the newest line is never seen half.
  useLayoutEffect(() => {
    const panel = list.current?.parentElement;
    if (panel) panel.scrollTop = panel.scrollHeight;
  }, [count]);
  if (run === undefined || count === 0) {
    return (
      <p class="nothing">
        {run === undefined ? "The model's log appears here while it runs." : "No log lines."}
      </p>
    );
  }
  return (
    <ol class="log" ref={list}>
      {run.logs.map((line, index) => (
        <li key={index} data-level={line.level}>
          <time>{offset(line.timestamp, run.startedAt)}</time>
          <span>{line.message}</span>
        </li>
      ))}
    </ol>
  );
}

/** Seconds since the run began; empty when the model wrote no usable time. */
function offset(timestamp: string, start: number): string {
  const ms = Date.parse(timestamp) - start;
  return Number.isFinite(ms) ? `${(Math.max(0, ms) / 1000).toFixed(1)}` : "";
}
