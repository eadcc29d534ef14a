/** Shows what a model made: pictures, clips, sounds, files and text. */
import type { JSX } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import type { Media } from "../generation/media.ts";
import { isOver, type Run } from "../generation/snapshot.ts";
import { wordsOf } from "../models/model.ts";
import { CopyButton } from "./copy-button.tsx";
import { Icon } from "./icons.tsx";

interface Props {
  run: Run;
  /** Hands a picture to a model that takes one. */
  onReuseImage: ((url: string) => void) | undefined;
}

export function Output({ run, onReuseImage }: Props): JSX.Element {
  const { media, text } = run;
  if (media.length === 0) return <Text run={run} />;
  return (
    <div class="output">
      <ul class={`plates plates-${Math.min(media.length, 4)}`}>
        {media.map((one) => (
          <li key={one.url}>
            <figure class={`plate plate-${one.kind}`}>
              <Plate media={one} prompt={wordsOf(run.input)} />
              <figcaption>
                {one.kind === "image" && onReuseImage && (
                  <button
                    type="button"
                    class="quiet"
                    onClick={() => onReuseImage(one.url)}
                    title="Use as an input"
                  >
                    <Icon name="reuse" /> <span>Use as input</span>
                  </button>
                )}
                <a
                  class="quiet"
                  href={one.url}
                  target="_blank"
                  rel="noreferrer"
                  title="Open the file"
                >
                  <Icon name="open" /> <span>Open</span>
                </a>
              </figcaption>
            </figure>
          </li>
        ))}
      </ul>
      {text !== "" && <p class="by-text">{text}</p>}
    </div>
  );
}

function Plate({ media, prompt }: { media: Media; prompt: string }): JSX.Element {
  const { url, name, kind, width, height } = media;
  switch (kind) {
    case "image":
      return <img src={url} width={width} height={height} alt={prompt || name} decoding="async" />;
    case "video":
      return (
        <video
          src={url}
          width={width}
          height={height}
          controls
          playsInline
          loop
          muted
          autoPlay
          aria-label={prompt || name}
        />
      );
    case "audio":
      return (
        <div class="sound">
          <Icon name="audio" />
          <span>{name}</span>
          <audio src={url} controls aria-label={prompt || name} />
        </div>
      );
    case "file":
      return (
        <div class="sound">
          <Icon name="clip" />
          <span>{name}</span>
        </div>
      );
  }
}

function Text({ run }: { run: Run }): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  const live = !isOver(run);
  // Follows the text as it grows, unless the reader has scrolled up.
  useLayoutEffect(() => {
    const element = box.current;
    if (!element || !live) return;
    const below = element.scrollHeight - element.scrollTop - element.clientHeight;
    if (below < 120) element.scrollTop = element.scrollHeight;
  }, [run.text, live]);
  return (
    <div class="prose" ref={box} tabIndex={0} role="region" aria-label="Generated text">
      <p class={live ? "is-live" : undefined}>{run.text}</p>
      {!live && <CopyButton text={run.text} label="Copy the text" />}
    </div>
  );
}
