/** The way of one request, stop by stop, with the time it has taken. */
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { isOver, type Run } from "../generation/snapshot.ts";

const STOPS = ["Sent", "Queue", "Running", "Done"] as const;

export function Track({ run }: { run: Run | undefined }): JSX.Element {
  const at = run === undefined ? -1 : stopOf(run);
  const state = run === undefined ? "idle" : isOver(run) ? run.phase : "live";
  return (
    <div class={`track is-${state}`}>
      <ol aria-hidden="true">
        {STOPS.map((stop, index) => (
          <li key={stop} class={index < at ? "passed" : index === at ? "here" : ""}>
            {index === at && run ? hereLabel(stop, run) : stop}
          </li>
        ))}
      </ol>
      <span class="elapsed">{run ? <Elapsed run={run} /> : "0.0 s"}</span>
      {/* Spoken, without the ticking clock. */}
      <p class="offscreen" role="status">
        {run ? describeRun(run) : ""}
      </p>
    </div>
  );
}

function stopOf(run: Run): number {
  if (run.phase === "sending") return 0;
  if (run.phase === "queued") return 1;
  if (run.phase === "done") return 3;
  if (run.phase === "running" || run.logs.length > 0 || run.text !== "") return 2;
  return run.requestId === "" ? 0 : 1;
}

/** The stop where the request is now, in as much detail as is known. */
function hereLabel(stop: string, run: Run): ComponentChildren {
  if (run.phase === "cancelled") return "Cancelled";
  if (run.phase === "failed") return "Failed";
  if (run.phase === "queued" && run.position !== undefined) {
    return run.position === 0 ? "Next" : `${run.position} ahead`;
  }
  if (run.phase === "running" && run.percent !== undefined) {
    return (
      <>
        <span class="long">Running </span>
        {Math.round(run.percent)} %
      </>
    );
  }
  return stop;
}

/** One sentence for whoever cannot see the page. */
export function describeRun(run: Run): string {
  const time = `${seconds(run).toFixed(1)} seconds`;
  if (run.phase === "done") return `Done in ${time}.`;
  if (run.phase === "failed") return `Failed: ${run.problem?.title ?? "unknown"}.`;
  if (run.phase === "cancelled") return "Cancelled.";
  if (run.cancelling) return "Cancelling.";
  if (run.note !== "") return `${run.note}.`;
  if (run.phase === "sending") return "Sent.";
  if (run.phase === "queued") return `In the queue, ${run.position ?? 0} ahead.`;
  return "Running.";
}

function seconds(run: Run): number {
  return Math.max(0, (run.endedAt ?? Date.now()) - run.startedAt) / 1000;
}

function Elapsed({ run }: { run: Run }): JSX.Element {
  const [, tick] = useState(0);
  const live = !isOver(run);
  useEffect(() => {
    if (!live) return;
    const timer = setInterval(() => tick((count) => count + 1), 100);
    return () => clearInterval(timer);
  }, [live, run.id]);
  return <time>{seconds(run).toFixed(1)} s</time>;
}
