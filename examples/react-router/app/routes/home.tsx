import { useState, type FormEvent } from "react";
import { fal } from "../lib/fal";

export default function Home() {
  const [note, setNote] = useState("");
  const [picture, setPicture] = useState("");

  async function paint(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const prompt = String(new FormData(event.currentTarget).get("prompt"));
    setNote("Sending…");
    setPicture("");
    try {
      const { data } = await fal.subscribe("fal-ai/flux/dev", {
        input: { prompt },
        onQueueUpdate: ({ status }) =>
          setNote(status === "IN_QUEUE" ? "In the queue…" : "Painting…"),
      });
      setNote("");
      setPicture(data.images[0]?.url ?? "");
    } catch (error) {
      setNote((error as Error).message);
    }
  }

  return (
    <main>
      <h1>fal behind React Router</h1>
      <form onSubmit={paint}>
        <label>
          What should it show?
          <input name="prompt" required defaultValue="a lighthouse above a sea of clouds" />
        </label>
        <button>Paint</button>
      </form>
      <p role="status">{note}</p>
      {picture && <img src={picture} alt="The picture" />}
    </main>
  );
}
