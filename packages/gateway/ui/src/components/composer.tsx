/** Everything that is said before a run: the model, its inputs, how to call it, and the button. */
import { Fragment, type JSX } from "preact";
import type { Problem } from "../generation/problem.ts";
import type { CallMode, Input, Model } from "../models/model.ts";
import { Attachment } from "./attachment.tsx";
import { FieldControl } from "./field.tsx";
import { JsonInput } from "./json-input.tsx";
import { ModelPicker } from "./model-picker.tsx";

/** What the composer holds; owned by the page. */
export interface Draft {
  model: Model;
  input: Input;
  call: CallMode;
  /** Shows the input as JSON instead of fields. */
  raw: boolean;
}

interface Props {
  models: readonly Model[];
  proxyUrl: string;
  draft: Draft;
  errors: Problem["fields"];
  /** A run is under way. */
  running: boolean;
  cancelling: boolean;
  /** A file is travelling, or the JSON cannot be read. */
  blocked: string | undefined;
  onModel: (id: string) => void;
  onDraft: (change: Partial<Draft>) => void;
  onInput: (name: string, value: unknown) => void;
  onBusy: (busy: boolean) => void;
  onValid: (valid: boolean) => void;
  onRun: () => void;
  onCancel: () => void;
}

const CALLS: ReadonlyArray<{ value: CallMode; label: string; note: string }> = [
  {
    value: "queue",
    label: "Queue",
    note: "fal.subscribe: waits its turn, shows position and logs",
  },
  { value: "stream", label: "Stream", note: "fal.stream: shows the answer while it is made" },
  { value: "direct", label: "Direct", note: "fal.run: one request, answered when it is done" },
];

const RUN_KEY = /mac|iphone|ipad/i.test(navigator.userAgent) ? "⌘ ↵" : "Ctrl ↵";

export function Composer(props: Props): JSX.Element {
  const { draft, running, cancelling, blocked } = props;
  const { model, call, raw } = draft;
  return (
    <form
      class="composer"
      aria-label="What to generate"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        if (!running) props.onRun();
      }}
    >
      <ModelPicker models={props.models} value={model} onPick={props.onModel} />
      {raw ? (
        <JsonInput
          key={model.id}
          input={draft.input}
          onChange={(input) => props.onDraft({ input })}
          onValid={props.onValid}
        />
      ) : (
        <Fields {...props} />
      )}
      <div class="modes">
        <fieldset class="segments">
          <legend>Call</legend>
          {CALLS.map(({ value, label, note }) => (
            <label key={value} title={note}>
              <input
                type="radio"
                name="call"
                value={value}
                checked={call === value}
                onChange={() => props.onDraft({ call: value })}
              />
              <span>{label}</span>
            </label>
          ))}
        </fieldset>
        <button
          type="button"
          class="text-button"
          aria-pressed={raw}
          onClick={() => {
            props.onValid(true);
            props.onDraft({ raw: !raw });
          }}
        >
          {raw ? "As a form" : "As JSON"}
        </button>
      </div>
      <div class="launch">
        {running ? (
          <button
            type="button"
            class="primary is-running"
            onClick={props.onCancel}
            disabled={cancelling}
          >
            {cancelling ? "Cancelling…" : "Cancel"} <kbd>Esc</kbd>
          </button>
        ) : (
          <button type="submit" class="primary" disabled={blocked !== undefined}>
            {blocked ?? "Run"} {blocked === undefined && <kbd>{RUN_KEY}</kbd>}
          </button>
        )}
      </div>
    </form>
  );
}

function Fields({ draft, errors, proxyUrl, onInput, onBusy }: Props): JSX.Element {
  const { model, input } = draft;
  // Examples go under the text that the model is about.
  const subject = model.fields.find((field) => field.kind === "text")?.name ?? "prompt";
  return (
    <div class="fields">
      {model.fields.map((field) =>
        field.kind === "file" ? (
          <Attachment
            key={`${model.id} ${field.name}`}
            field={field}
            proxyUrl={proxyUrl}
            value={
              typeof input[field.name] === "string" ? (input[field.name] as string) : undefined
            }
            error={errors[field.name]}
            onChange={(url) => onInput(field.name, url)}
            onBusy={onBusy}
          />
        ) : (
          <Fragment key={`${model.id} ${field.name}`}>
            <FieldControl
              field={field}
              value={input[field.name]}
              error={errors[field.name]}
              onChange={(value) => onInput(field.name, value)}
            />
            {field.name === subject && model.examples.length > 0 && (
              <div class="examples" role="group" aria-label="Prompts to start from">
                {model.examples.map((example) => (
                  <button
                    key={example}
                    type="button"
                    class="example"
                    aria-pressed={input[subject] === example}
                    onClick={() => onInput(subject, example)}
                  >
                    {example}
                  </button>
                ))}
              </div>
            )}
          </Fragment>
        ),
      )}
    </div>
  );
}
