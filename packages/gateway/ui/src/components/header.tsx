/** The name of the page, and who answers: fal for money, or the emulator for nothing. */
import type { JSX } from "preact";
import type { Settings } from "../settings.ts";

const ANSWERS: Readonly<Record<Settings["upstream"], { name: string; note: string }>> = {
  fal: { name: "fal", note: "each run is billed to your key" },
  emulator: { name: "Emulator", note: "nothing is billed" },
  "stand-in": { name: "Stand-in for fal", note: "on this machine" },
};

export function Header({ upstream }: { upstream: Settings["upstream"] }): JSX.Element {
  const { name, note } = ANSWERS[upstream];
  return (
    <header class="masthead">
      <h1>
        <svg viewBox="0 0 32 32" width="28" height="28" aria-hidden="true">
          <path d="M5 12V5h7M20 5h7v7M27 20v7h-7M12 27H5v-7" />
          <circle cx="16" cy="16" r="5" />
        </svg>
        <span>
          fal <b>playground</b>
        </span>
      </h1>
      <p class="upstream" data-upstream={upstream}>
        <strong>{name}</strong> <span>{note}</span>
      </p>
    </header>
  );
}
