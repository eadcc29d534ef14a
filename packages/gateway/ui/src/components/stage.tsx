/** Where the result appears: one frame of fixed size for every state, so nothing on the page moves. */
import type { JSX } from "preact";
import { isOver, type Run } from "../generation/snapshot.ts";
import { aspectOf } from "../models/image-size.ts";
import type { Model } from "../models/model.ts";
import { CopyButton } from "./copy-button.tsx";
import { Output } from "./output.tsx";
import { ProblemCard } from "./problem-card.tsx";
import { Track } from "./track.tsx";

interface Props {
  run: Run | undefined;
  /** What is chosen, for the empty frame. */
  model: Model;
  onReuseImage: ((url: string) => void) | undefined;
  onRetry: () => void;
  onResume: () => void;
}

export function Stage({ run, model, onReuseImage, onRetry, onResume }: Props): JSX.Element {
  return (
    <section class="stage" aria-label="Result" tabIndex={-1}>
      <Track run={run} />
      <div class="frame" data-phase={run?.phase ?? "idle"}>
        <Corners />
        {run === undefined ? (
          <Empty model={model} />
        ) : run.problem ? (
          <ProblemCard run={run} problem={run.problem} onRetry={onRetry} onResume={onResume} />
        ) : run.media.length > 0 || run.text !== "" ? (
          <Output run={run} onReuseImage={onReuseImage} />
        ) : (
          <Waiting run={run} />
        )}
      </div>
      <Caption run={run} />
    </section>
  );
}

function Corners(): JSX.Element {
  return (
    <svg class="corners" aria-hidden="true" width="100%" height="100%">
      <path d="M0 22V0H22" />
      <svg x="100%" overflow="visible">
        <path d="M-22 0H0V22" />
      </svg>
      <svg x="100%" y="100%" overflow="visible">
        <path d="M0 -22V0H-22" />
      </svg>
      <svg y="100%" overflow="visible">
        <path d="M22 0H0V-22" />
      </svg>
    </svg>
  );
}

const INVITATIONS: Readonly<Record<Model["group"], string>> = {
  Image: "Your picture develops here.",
  Video: "Your clip plays here.",
  Audio: "Your sound plays here.",
  Text: "The text appears here, word by word.",
  Tools: "The result appears here.",
  "Only on the emulator": "What comes of it appears here.",
};

function Empty({ model }: { model: Model }): JSX.Element {
  return (
    <div class="empty">
      <p>{INVITATIONS[model.group]}</p>
      <small>
        {model.examples.length > 0
          ? "Write a prompt, or pick one of the examples."
          : "Fill in the form and run it."}
      </small>
    </div>
  );
}

function Waiting({ run }: { run: Run }): JSX.Element {
  const over = isOver(run);
  const sheet = {
    aspectRatio: String(aspectOf(run.input["image_size"] ?? run.input["aspect_ratio"])),
  };
  return (
    <div class="waiting">
      <div class={over ? "sheet" : "sheet is-developing"} style={sheet}>
        <p>{over ? ending(run) : waitingFor(run)}</p>
        {!over && run.percent !== undefined && (
          <progress max={100} value={run.percent} aria-label="Progress" />
        )}
      </div>
    </div>
  );
}

function waitingFor(run: Run): string {
  if (run.cancelling) return "Asking fal to stop";
  if (run.note !== "") return run.note;
  if (run.phase === "queued") {
    return run.position ? `${run.position} ahead in the queue` : "Next in the queue";
  }
  return lastWords(run) ?? (run.phase === "sending" ? "Sending" : "Running");
}

/** The last line of the log, without the bar that it may draw. */
function lastWords(run: Run): string | undefined {
  return run.logs.at(-1)?.message.replace(/\s*\|[^|]*\|\s*/, " · ");
}

function ending(run: Run): string {
  return run.phase === "cancelled"
    ? "Cancelled"
    : "Done. This model answered with data only: see Result.";
}

function Caption({ run }: { run: Run | undefined }): JSX.Element {
  const media = run?.media[0];
  return (
    <p class="caption">
      {run === undefined ? (
        <span>Nothing has been run yet</span>
      ) : (
        <>
          <span>{run.endpointId}</span>
          {media?.width && media.height ? (
            <span>
              {media.width} × {media.height}
            </span>
          ) : null}
          {run.requestId !== "" && (
            <span class="request-id">
              <abbr title="Request id">id</abbr> <code>{run.requestId}</code>
              <CopyButton text={run.requestId} label="Copy the request id" />
            </span>
          )}
        </>
      )}
    </p>
  );
}
