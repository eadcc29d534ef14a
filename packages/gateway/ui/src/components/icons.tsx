/** The page's few icons, drawn on a 16 px grid in the colour of the text. */
import type { JSX } from "preact";

const PATHS = {
  close: "M4 4l8 8M12 4l-8 8",
  copy: "M5.5 5.5v-3h8v8h-3M2.5 5.5h8v8h-8z",
  check: "M3 8.5l3.2 3.2L13 4.8",
  dice: "M3 3h10v10H3zM5.8 5.8h.01M10.2 10.2h.01M8 8h.01",
  clip: "M11 5.5l-4.6 4.6a1.3 1.3 0 001.9 1.9l4.9-4.9a2.7 2.7 0 00-3.8-3.8L4.2 8.5",
  chevron: "M4 6l4 4 4-4",
  open: "M6.5 3.5h-3v9h9v-3M9 3.5h3.5V7M12.5 3.5L7.5 8.5",
  reuse: "M3 8a5 5 0 018.6-3.5L13 6M13 3v3h-3M13 8a5 5 0 01-8.6 3.5L3 10M3 13v-3h3",
  image: "M2.5 3.5h11v9h-11zM2.5 10.5l3-3 2.6 2.6 2-2 3.4 3.4M10.4 6.2h.01",
  video: "M2.5 4h8v8h-8zM10.5 7l3-1.8v5.6l-3-1.8",
  audio: "M3 6.5v3M5.5 4v8M8 5.5v5M10.5 2.8v10.4M13 6v4",
  text: "M3 4h10M3 7h10M3 10h6.5",
  tools:
    "M3 13l5.2-5.2M9.4 6.6a2.6 2.6 0 003.3-3.3l-1.6 1.6-1.4-.4-.4-1.4 1.6-1.6a2.6 2.6 0 00-3.3 3.3",
  trouble: "M8 2.8l6 10.4H2zM8 6.8v3M8 11.6h.01",
  stop: "M5 5h6v6H5z",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { name: IconName }): JSX.Element {
  return (
    <svg
      class="icon"
      viewBox="0 0 16 16"
      width="16"
      height="16"
      aria-hidden="true"
      focusable="false"
    >
      <path d={PATHS[name]} />
    </svg>
  );
}
