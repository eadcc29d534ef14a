/** The whole input as JSON, for what the form does not offer. */
import type { JSX } from "preact";
import { useId, useState } from "preact/hooks";
import type { Input } from "../models/model.ts";
import { Says } from "./field.tsx";

interface Props {
  input: Input;
  onChange: (input: Input) => void;
  /** Whether the text can be sent. */
  onValid: (valid: boolean) => void;
}

export function JsonInput({ input, onChange, onValid }: Props): JSX.Element {
  const id = useId();
  // The text is the visitor's: it is not laid out anew while being typed.
  const [text, setText] = useState(() => JSON.stringify(input, null, 2));
  const [error, setError] = useState<string>();

  const change = (typed: string): void => {
    setText(typed);
    const parsed = parse(typed);
    setError(typeof parsed === "string" ? parsed : undefined);
    onValid(typeof parsed !== "string");
    if (typeof parsed !== "string") onChange(parsed);
  };

  return (
    <div class="field">
      <label for={id}>Input as JSON</label>
      <textarea
        id={id}
        class="code"
        rows={14}
        spellcheck={false}
        autocapitalize="off"
        aria-invalid={error !== undefined}
        aria-describedby={`${id}-says`}
        value={text}
        onInput={(event) => change(event.currentTarget.value)}
      />
      <Says id={`${id}-says`} error={error} help="Sent as it is. Attached files are URLs." />
    </div>
  );
}

function parse(text: string): Input | string {
  try {
    const value: unknown = JSON.parse(text);
    const plain = value !== null && typeof value === "object" && !Array.isArray(value);
    return plain ? (value as Input) : "The input has to be an object: { … }";
  } catch (error) {
    return `Not JSON yet: ${(error as Error).message}`;
  }
}
