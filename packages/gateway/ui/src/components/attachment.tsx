/** A file for the model: picked, dropped or pasted, uploaded to fal's storage, used by its URL. */
import type { JSX } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { explainError } from "../generation/problem.ts";
import { uploadFile } from "../generation/upload.ts";
import type { Field } from "../models/model.ts";
import { Says } from "./field.tsx";
import { Icon } from "./icons.tsx";

interface Props {
  field: Extract<Field, { kind: "file" }>;
  proxyUrl: string;
  value: string | undefined;
  error: string | undefined;
  onChange: (url: string | undefined) => void;
  /** Told while bytes travel, so that a run can wait for them. */
  onBusy: (busy: boolean) => void;
}

interface Upload {
  name: string;
  size: number;
  /** 0…1; 1 once fal has answered. */
  fraction: number;
  error?: string;
}

export function Attachment({
  field,
  proxyUrl,
  value,
  error,
  onChange,
  onBusy,
}: Props): JSX.Element {
  const id = useId();
  const stop = useRef<AbortController>(undefined);
  const [upload, setUpload] = useState<Upload>();
  const [over, setOver] = useState(false);
  const busy = upload !== undefined && upload.error === undefined && upload.fraction < 1;

  useEffect(() => () => stop.current?.abort(), []);

  const take = async (file: File): Promise<void> => {
    stop.current?.abort();
    const { signal } = (stop.current = new AbortController());
    const { name, size } = file;
    onChange(undefined);
    onBusy(true);
    setUpload({ name, size, fraction: 0 });
    try {
      // The last hundredth is fal's answer.
      const progress = (fraction: number): void =>
        setUpload({ name, size, fraction: fraction * 0.99 });
      const url = await uploadFile(proxyUrl, file, progress, signal);
      if (signal.aborted) return;
      setUpload({ name, size, fraction: 1 });
      onChange(url);
    } catch (reason) {
      if (signal.aborted) return;
      const { title, explanation } = explainError(reason, new Map());
      setUpload({ name, size, fraction: 0, error: `${title}. ${explanation}` });
    }
    onBusy(false);
  };

  const clear = (): void => {
    stop.current?.abort();
    onBusy(false);
    setUpload(undefined);
    onChange(undefined);
  };

  const first = (files: FileList | undefined | null): void => {
    if (files?.[0]) void take(files[0]);
  };

  return (
    <div
      class={`field attachment${over ? " is-over" : ""}`}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault();
        setOver(false);
        first(event.dataTransfer?.files);
      }}
      onPaste={(event) => first(event.clipboardData?.files)}
    >
      <span class="label" id={`${id}-label`}>
        {field.label}
      </span>
      <input
        id={`${id}-file`}
        name={field.name}
        class="offscreen"
        type="file"
        accept={field.accept}
        aria-labelledby={`${id}-label`}
        aria-required={field.required}
        aria-invalid={error !== undefined}
        aria-describedby={`${id}-says`}
        onChange={(event) => {
          first(event.currentTarget.files);
          // The same file can be picked again after it was removed.
          event.currentTarget.value = "";
        }}
      />
      {upload === undefined && value === undefined ? (
        <label for={`${id}-file`} class="drop">
          <Icon name="clip" />
          <span>
            Attach a picture <small>or drop or paste it here</small>
          </span>
        </label>
      ) : (
        <div class="attached">
          {value === undefined ? (
            <span class="thumb thumb-empty" />
          ) : (
            <img class="thumb" src={value} alt="" />
          )}
          <div class="attached-facts">
            <strong>{upload?.name ?? value?.split("/").pop()}</strong>
            <small role="status">{stateOf(upload, busy)}</small>
            <progress max={1} value={upload?.fraction ?? 1} aria-label="Upload" hidden={!busy} />
          </div>
          <button
            type="button"
            class="quiet"
            aria-label={busy ? "Stop the upload" : "Remove"}
            onClick={clear}
          >
            <Icon name="close" />
          </button>
        </div>
      )}
      <Says id={`${id}-says`} error={upload?.error ?? error} help={field.help} />
    </div>
  );
}

function stateOf(upload: Upload | undefined, busy: boolean): string {
  if (upload === undefined) return "Ready";
  if (upload.error !== undefined) return "Not uploaded";
  if (busy) return `Uploading, ${Math.floor(upload.fraction * 100)} %`;
  return `Uploaded, ${formatBytes(upload.size)}`;
}

function formatBytes(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  if (bytes < 1e6) return `${Math.round(bytes / 1000)} kB`;
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
