/** One input of a model as a form control, with its complaint beneath it. */
import type { ComponentChildren, JSX } from "preact";
import { useId } from "preact/hooks";
import type { Field } from "../models/model.ts";
import { Icon } from "./icons.tsx";

interface Props {
  field: Exclude<Field, { kind: "file" }>;
  value: unknown;
  error: string | undefined;
  onChange: (value: unknown) => void;
}

/** What ties a control to its label, help and complaint. */
interface Ties {
  id: string;
  name: string;
  "aria-invalid": boolean;
  "aria-describedby": string;
}

export function FieldControl({ field, value, error, onChange }: Props): JSX.Element {
  const id = useId();
  const ties: Ties = {
    id,
    name: field.name,
    "aria-invalid": error !== undefined,
    "aria-describedby": `${id}-says`,
  };
  const says = <Says id={`${id}-says`} error={error} help={field.help} />;

  if (field.kind === "shape") return <ShapeChoice {...{ field, value, onChange, says }} />;
  if (field.kind === "toggle") {
    return (
      <div class="field field-toggle">
        <input
          {...ties}
          type="checkbox"
          role="switch"
          checked={value === true}
          onChange={(event) => onChange(event.currentTarget.checked)}
        />
        <label for={id}>{field.label}</label>
        {says}
      </div>
    );
  }
  return (
    <div class={`field field-${field.kind}`}>
      <label for={id}>{field.label}</label>
      {control(field, value, ties, onChange)}
      {says}
    </div>
  );
}

function control(
  field: Exclude<Field, { kind: "file" | "shape" | "toggle" }>,
  value: unknown,
  ties: Ties,
  onChange: (value: unknown) => void,
): JSX.Element {
  switch (field.kind) {
    case "text":
      return (
        <textarea
          {...ties}
          rows={field.rows ?? 1}
          style={{ "--rows": field.rows ?? 1 }}
          placeholder={field.placeholder}
          aria-required={field.required}
          value={String(value ?? "")}
          onInput={(event) => onChange(event.currentTarget.value || undefined)}
        />
      );
    case "choice":
      return (
        <select
          {...ties}
          value={String(value)}
          onChange={(event) => {
            const chosen = event.currentTarget.value;
            onChange(field.options.find((option) => String(option.value) === chosen)?.value);
          }}
        >
          {field.options.map((option) => (
            <option key={option.value} value={String(option.value)}>
              {option.label}
            </option>
          ))}
        </select>
      );
    case "number":
      return (
        <input
          {...ties}
          type="number"
          inputMode="decimal"
          min={field.min}
          max={field.max}
          step={field.step ?? "any"}
          value={value === undefined ? "" : String(value)}
          onInput={(event) => onChange(numberOf(event.currentTarget.value))}
        />
      );
    case "seed":
      return (
        <span class="with-button">
          <input
            {...ties}
            type="number"
            inputMode="numeric"
            min={0}
            step={1}
            placeholder="Random"
            value={value === undefined ? "" : String(value)}
            onInput={(event) => onChange(numberOf(event.currentTarget.value))}
          />
          <button
            type="button"
            class="quiet"
            aria-label="Roll a seed"
            title="Roll a seed"
            onClick={() => onChange(Math.floor(Math.random() * 2 ** 31))}
          >
            <Icon name="dice" />
          </button>
        </span>
      );
  }
}

/** An emptied box leaves the input out. */
function numberOf(text: string): number | undefined {
  return text.trim() === "" ? undefined : Number(text);
}

function ShapeChoice({
  field,
  value,
  onChange,
  says,
}: {
  field: Extract<Field, { kind: "shape" }>;
  value: unknown;
  onChange: (value: unknown) => void;
  says: ComponentChildren;
}): JSX.Element {
  const name = useId();
  return (
    <fieldset class="field field-shape">
      <legend>{field.label}</legend>
      <div class="sizes">
        {field.shapes.map((size) => (
          <label key={size.value} title={`${size.width} × ${size.height}`}>
            <input
              type="radio"
              name={name}
              value={size.value}
              checked={value === size.value}
              onChange={() => onChange(size.value)}
            />
            <svg viewBox="-13 -13 26 26" width="26" height="26" aria-hidden="true">
              <rect {...sheet(size.width / size.height)} rx="1.5" />
            </svg>
            <span>{size.label}</span>
          </label>
        ))}
      </div>
      {says}
    </fieldset>
  );
}

/** A sheet of this aspect, 20 units on its longer side, around the origin. */
function sheet(aspect: number): { x: number; y: number; width: number; height: number } {
  const width = aspect >= 1 ? 20 : 20 * aspect;
  const height = aspect >= 1 ? 20 / aspect : 20;
  return { x: -width / 2, y: -height / 2, width, height };
}

export function Says(props: {
  id: string;
  error: string | undefined;
  help?: string | undefined;
}): JSX.Element {
  const { id, error, help } = props;
  return (
    <p class={error === undefined ? "says" : "says says-error"} id={id}>
      {error ?? help}
    </p>
  );
}
