/** The shapes of pictures: fal's named sizes, and the ratios that some models take instead. */

export interface Shape {
  /** What is sent. */
  value: string;
  label: string;
  /** In pixels, or in parts of a ratio. */
  width: number;
  height: number;
}

export const IMAGE_SIZES: readonly Shape[] = [
  { value: "square_hd", label: "1:1 HD", width: 1024, height: 1024 },
  { value: "square", label: "1:1", width: 512, height: 512 },
  { value: "landscape_4_3", label: "4:3", width: 1024, height: 768 },
  { value: "landscape_16_9", label: "16:9", width: 1024, height: 576 },
  { value: "portrait_4_3", label: "3:4", width: 768, height: 1024 },
  { value: "portrait_16_9", label: "9:16", width: 576, height: 1024 },
];

/** @param ratios such as `16:9` */
export function ratioShapes(...ratios: string[]): Shape[] {
  return ratios.map((ratio) => {
    const [width = 1, height = 1] = ratio.split(":").map(Number);
    return { value: ratio, label: ratio, width, height };
  });
}

/** Width over height that an input asks for; 1 when it does not say. */
export function aspectOf(size: unknown): number {
  const named = IMAGE_SIZES.find((one) => one.value === size);
  const [ratio] = typeof size === "string" && /^\d+:\d+$/.test(size) ? ratioShapes(size) : [];
  const { width, height } = (named ?? ratio ?? size ?? {}) as { width?: unknown; height?: unknown };
  if (typeof width === "number" && typeof height === "number" && width > 0 && height > 0) {
    return width / height;
  }
  return 1;
}
