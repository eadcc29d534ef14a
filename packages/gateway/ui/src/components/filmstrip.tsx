/** The runs of this visit as a strip of frames, newest first. */
import type { JSX } from "preact";
import { isOver, type Run } from "../generation/snapshot.ts";
import { wordsOf } from "../models/model.ts";
import { Icon, type IconName } from "./icons.tsx";
import { describeRun } from "./track.tsx";

interface Props {
  runs: readonly Run[];
  shown: string | undefined;
  onShow: (id: string) => void;
  onClear: () => void;
}

export function Filmstrip({ runs, shown, onShow, onClear }: Props): JSX.Element {
  return (
    <section class="strip" aria-label="This visit">
      <header>
        <h2>This visit</h2>
        {runs.some(isOver) && (
          <button type="button" class="text-button" onClick={onClear}>
            Clear
          </button>
        )}
      </header>
      {runs.length === 0 ? (
        <p class="nothing">Your runs hang here until you close the tab.</p>
      ) : (
        <ol class="film">
          {runs.map((run, index) => (
            <li key={run.id}>
              <button
                type="button"
                class={`film-frame is-${run.phase}`}
                aria-current={run.id === shown}
                aria-label={`Run ${runs.length - index}, ${run.endpointId}. ${describeRun(run)}`}
                title={wordsOf(run.input) || run.endpointId}
                onClick={() => onShow(run.id)}
              >
                <Thumb run={run} />
                <small>{runs.length - index}</small>
              </button>
            </li>
          ))}
        </ol>
      )}
    </section>
  );
}

function Thumb({ run }: { run: Run }): JSX.Element {
  const media = run.media[0];
  if (media?.kind === "image")
    return <img src={media.url} alt="" loading="lazy" decoding="async" />;
  return <Icon name={iconOf(run)} />;
}

function iconOf(run: Run): IconName {
  if (run.phase === "failed") return "trouble";
  if (run.phase === "cancelled") return "stop";
  const kind = run.media[0]?.kind;
  if (kind === "video" || kind === "audio") return kind;
  return run.text !== "" || run.call === "stream" ? "text" : "image";
}
