import { useRef, useState, type FormEvent } from "react";
import { fal } from "@/lib/fal";

type State =
  | { step: "idle" }
  | { step: "working"; note: string; cancel?: () => void }
  | { step: "done"; url: string }
  | { step: "failed"; message: string };

/** A picture from words, or from words and another picture, by way of fal's queue. */
export function Painter() {
  const [state, setState] = useState<State>({ step: "idle" });
  const attempt = useRef<AbortController>(null);

  async function paint(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const prompt = String(form.get("prompt"));
    const picture = form.get("picture") as File;
    const isFromPicture = picture.size > 0;
    const model = isFromPicture ? "fal-ai/flux/dev/image-to-image" : "fal-ai/flux/dev";

    const { signal } = (attempt.current = new AbortController());
    setState({ step: "working", note: isFromPicture ? "Uploading" : "Sending" });
    try {
      const { data } = await fal.subscribe(model, {
        // The client uploads files by itself and sends their URLs.
        input: isFromPicture ? { prompt, image_url: picture } : { prompt },
        abortSignal: signal,
        onEnqueue: (requestId) => setState(waiting("In the queue", model, requestId)),
        onQueueUpdate: (update) => {
          if (signal.aborted) return;
          const note = update.status === "IN_QUEUE" ? "In the queue" : "Painting";
          setState(waiting(note, model, update.request_id));
        },
      });
      setState({ step: "done", url: data.images[0]!.url });
    } catch (error) {
      setState(
        signal.aborted ? { step: "idle" } : { step: "failed", message: (error as Error).message },
      );
    }
  }

  function waiting(note: string, model: string, requestId: string): State {
    const cancel = () => {
      // Leaving stops the polling; the job itself ends when fal is told.
      attempt.current?.abort();
      void fal.queue.cancel(model, { requestId });
    };
    return { step: "working", note, cancel };
  }

  return (
    <section>
      <h2>Paint</h2>
      <form onSubmit={paint}>
        <label>
          What should it show?
          <input name="prompt" required defaultValue="a lighthouse above a sea of clouds" />
        </label>
        <label>
          Start from a picture
          <input name="picture" type="file" accept="image/*" />
        </label>
        <button disabled={state.step === "working"}>Paint</button>
        {state.step === "working" && state.cancel && (
          <button type="button" onClick={state.cancel}>
            Cancel
          </button>
        )}
      </form>
      <p role="status">
        {state.step === "working" && `${state.note}…`}
        {state.step === "failed" && state.message}
      </p>
      {/* A finished file on fal's own CDN: next/image has nothing to add. */}
      {state.step === "done" && <img src={state.url} alt="The picture" />}
    </section>
  );
}
