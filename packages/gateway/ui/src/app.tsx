/** The page: what is being composed, what has been run, and the keys that work everywhere. */
import type { JSX } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { Composer, type Draft } from "./components/composer.tsx";
import { Details } from "./components/details.tsx";
import { Filmstrip } from "./components/filmstrip.tsx";
import { Header } from "./components/header.tsx";
import { Stage } from "./components/stage.tsx";
import { startRun, type RunHandle } from "./generation/run.ts";
import { isOver, type Run } from "./generation/snapshot.ts";
import { loadHistory, saveHistory, withRun } from "./history.ts";
import { listModels, unknownModel } from "./models/catalogue.ts";
import { initialInput, missingField, type Input, type Model } from "./models/model.ts";
import type { Settings } from "./settings.ts";

export function App({ settings }: { settings: Settings }): JSX.Element {
  const { proxyUrl, upstream } = settings;
  const models = useMemo(() => listModels(settings.models), [settings.models]);
  const find = (id: string): Model => models.find((model) => model.id === id) ?? unknownModel(id);

  const [draft, setDraft] = useState<Draft>(() => draftOf(models[0] as Model));
  const [errors, setErrors] = useState<Record<string, string>>({});
  const [uploading, setUploading] = useState(false);
  const [jsonValid, setJsonValid] = useState(true);
  const [runs, setRuns] = useState<readonly Run[]>(loadHistory);
  const [shownId, setShownId] = useState<string>();
  const handle = useRef<RunHandle>(undefined);

  const shown = runs.find((run) => run.id === shownId);
  const live = runs.find((run) => !isOver(run));
  const finished = runs.filter(isOver).length;

  useEffect(() => saveHistory(runs), [finished]);
  useEffect(() => {
    document.title = live
      ? `${live.phase === "queued" ? "Queued" : "Running"} · fal playground`
      : "fal playground";
  }, [live?.phase]);

  const change = (part: Partial<Draft>): void => setDraft((before) => ({ ...before, ...part }));
  const choose = (id: string): void => {
    setDraft((before) => {
      if (before.model.id === id) return before;
      const model = find(id);
      return { ...before, model, call: model.call, input: initialInput(model, before.input) };
    });
    setErrors({});
  };
  const setInput = (name: string, value: unknown): void => {
    setDraft((before) => ({ ...before, input: withValue(before.input, name, value) }));
    setErrors(({ [name]: _, ...others }) => others);
  };

  const watch = (run: Run): void => {
    setRuns((before) => withRun(before, run));
    if (run.problem) setErrors(run.problem.fields);
  };
  const start = (resume?: Run): void => {
    if (live) return;
    const { model, input, call, raw } = draft;
    const missing = raw || resume ? undefined : missingField(model, input);
    if (missing) {
      setErrors({
        [missing.name]: missing.kind === "file" ? "Attach a file first." : "Write something first.",
      });
      focusField(missing.name);
      return;
    }
    setErrors({});
    const labels = new Map(model.fields.map((field) => [field.name, field.label]));
    const request = resume ?? { endpointId: model.id, call, input, labels };
    handle.current = startRun(
      proxyUrl,
      request,
      (run) => {
        // The first snapshot arrives before startRun returns.
        if (run.phase === "sending" || run.id === resume?.id) setShownId(run.id);
        watch(run);
      },
      resume,
    );
    showStage();
  };
  const cancel = (): void => void handle.current?.cancel();

  const blocked = uploading ? "Uploading…" : jsonValid ? undefined : "Mend the JSON first";

  // Keys of the whole page; the newest closure is what they call.
  const keys = useRef<(event: KeyboardEvent) => void>(() => {});
  keys.current = (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      if (blocked === undefined) start();
    } else if (event.key === "Escape" && live) cancel();
  };
  useEffect(() => {
    const listener = (event: KeyboardEvent): void => keys.current(event);
    addEventListener("keydown", listener);
    return () => removeEventListener("keydown", listener);
  }, []);

  const reuse = (url: string): void => {
    const fits = draft.model.fields.some((field) => field.kind === "file");
    const target = fits
      ? draft.model
      : models.find((model) => model.fields.some((field) => field.kind === "file"));
    if (!target) return;
    choose(target.id);
    setInput("image_url", url);
  };
  const show = (id: string): void => {
    setShownId(id);
    const run = runs.find((one) => one.id === id);
    if (!run) return;
    const model = find(run.endpointId);
    change({ model, call: run.call, input: run.input });
    setErrors(run.problem?.fields ?? {});
  };

  return (
    <>
      <Header upstream={upstream} />
      <main class="bench">
        <Composer
          models={models}
          proxyUrl={proxyUrl}
          draft={draft}
          errors={errors}
          running={live !== undefined}
          cancelling={live?.cancelling ?? false}
          blocked={blocked}
          onModel={choose}
          onDraft={change}
          onInput={setInput}
          onBusy={setUploading}
          onValid={setJsonValid}
          onRun={() => start()}
          onCancel={cancel}
        />
        <div class="results">
          <Stage
            run={shown}
            model={draft.model}
            onReuseImage={live ? undefined : reuse}
            onRetry={() => start()}
            onResume={() => start(shown)}
          />
          <Filmstrip
            runs={runs}
            shown={shownId}
            onShow={show}
            onClear={() => {
              setRuns(live ? [live] : []);
              setShownId(live?.id);
            }}
          />
          <Details
            run={shown}
            draft={{ endpointId: draft.model.id, call: draft.call, input: draft.input }}
            proxyUrl={proxyUrl}
          />
        </div>
      </main>
    </>
  );
}

function draftOf(model: Model): Draft {
  return { model, call: model.call, input: initialInput(model), raw: false };
}

function withValue(input: Input, name: string, value: unknown): Input {
  const { [name]: _, ...others } = input;
  return value === undefined ? others : { ...others, [name]: value };
}

function focusField(name: string): void {
  document.querySelector<HTMLElement>(`.composer [name="${name}"]`)?.focus();
}

/** On a phone the frame lies below the form: bring it up, without moving the focus. */
function showStage(): void {
  const stage = document.querySelector(".stage");
  const below = (stage?.getBoundingClientRect().top ?? 0) > innerHeight * 0.6;
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  if (below) stage?.scrollIntoView({ behavior: calm ? "auto" : "smooth", block: "start" });
}
