"use client";

import { useRef, useState, type FormEvent } from "react";
import { fal } from "@/lib/fal";

/** Text that grows while it is written. */
export function Writer() {
  const [text, setText] = useState("");
  const [isWriting, setWriting] = useState(false);
  const attempt = useRef<AbortController>(null);

  async function write(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const prompt = String(new FormData(event.currentTarget).get("question"));
    const { signal } = (attempt.current = new AbortController());
    setText("");
    setWriting(true);
    try {
      const stream = await fal.stream("fal-ai/any-llm", { input: { prompt }, signal });
      stream.on("data", ({ output }: { output: string }) => setText(output));
      // Resolves at the end, and when the stream is stopped.
      await stream.done();
    } catch (error) {
      setText((error as Error).message);
    } finally {
      setWriting(false);
    }
  }

  return (
    <section>
      <h2>Write</h2>
      <form onSubmit={write}>
        <label>
          What do you want to know?
          <input name="question" required defaultValue="Why is the sky blue?" />
        </label>
        <button disabled={isWriting}>Write</button>
        {isWriting && (
          <button type="button" onClick={() => attempt.current?.abort()}>
            Stop
          </button>
        )}
      </form>
      <output aria-live="polite">{text}</output>
    </section>
  );
}
