/** Finds pictures, clips and sounds in any model's result, whatever the model calls them. */

export interface Media {
  kind: "image" | "video" | "audio" | "file";
  url: string;
  /** Where it was found, such as `images[0]`. */
  path: string;
  name: string;
  width?: number;
  height?: number;
}

const EXTENSIONS: Readonly<Record<string, Media["kind"]>> = {
  png: "image",
  jpg: "image",
  jpeg: "image",
  webp: "image",
  gif: "image",
  avif: "image",
  svg: "image",
  mp4: "video",
  webm: "video",
  mov: "video",
  mp3: "audio",
  wav: "audio",
  ogg: "audio",
  flac: "audio",
  m4a: "audio",
};

/** Every file that the result names, in the order of the result, each URL once. */
export function findMedia(result: unknown): Media[] {
  const found = new Map<string, Media>();
  visit(result, "", found, 0);
  return [...found.values()];
}

function visit(value: unknown, path: string, found: Map<string, Media>, depth: number): void {
  if (value === null || typeof value !== "object" || depth > 8) return;
  const media = asMedia(value as Record<string, unknown>, path);
  if (media) {
    if (!found.has(media.url)) found.set(media.url, media);
    return;
  }
  for (const [key, child] of Object.entries(value)) {
    const step = Array.isArray(value) ? `[${key}]` : path === "" ? key : `.${key}`;
    const childPath = path + step;
    // Some models answer `image_url: "https://…"` instead of a file object.
    const named = /(^|_)(image|video|audio|file)s?(_url)?$/.test(key);
    if (typeof child === "string" && named && /^(https?:|data:)/.test(child)) {
      const media = asMedia({ url: child }, childPath);
      if (media && !found.has(media.url)) found.set(media.url, media);
    } else visit(child, childPath, found, depth + 1);
  }
}

function asMedia(value: Record<string, unknown>, path: string): Media | undefined {
  const { url, content_type: type, file_name: fileName, width, height } = value;
  if (typeof url !== "string" || !/^(https?:|data:|blob:)/.test(url)) return undefined;
  const media: Media = {
    kind: kindOf(url, typeof type === "string" ? type : undefined, path),
    url,
    path,
    name: typeof fileName === "string" ? fileName : nameOf(url),
  };
  if (typeof width === "number" && width > 0) media.width = width;
  if (typeof height === "number" && height > 0) media.height = height;
  return media;
}

function kindOf(url: string, contentType: string | undefined, path: string): Media["kind"] {
  const type = contentType ?? /^data:([^;,]+)/.exec(url)?.[1] ?? "";
  const family = /^(image|video|audio)\//.exec(type)?.[1];
  if (family) return family as Media["kind"];
  const extension = /\.(\w+)(?:$|[?#])/.exec(url)?.[1]?.toLowerCase();
  if (extension && EXTENSIONS[extension]) return EXTENSIONS[extension];
  const word = /(image|video|audio)/.exec(path)?.[1];
  return (word as Media["kind"] | undefined) ?? "file";
}

function nameOf(url: string): string {
  if (url.startsWith("data:")) return "inline file";
  return decodeURIComponent(new URL(url).pathname.split("/").pop() || "file");
}
