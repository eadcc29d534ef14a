// What the models deliver is real: pictures decode, sounds have sane headers and can be heard.
import { describe, expect, test } from "vitest";
import { loadClip } from "../src/media/clip.ts";
import { ovalMask } from "../src/media/cutout.ts";
import { encodeJpeg } from "../src/media/jpeg.ts";
import { encodeGlb, encodeObj, turnVase } from "../src/media/mesh.ts";
import { compose, MUSIC_SAMPLE_RATE } from "../src/media/music.ts";
import { palettes } from "../src/media/palette.ts";
import { encodePng } from "../src/media/png.ts";
import { paint, type Raster } from "../src/media/raster.ts";
import { chooseScene } from "../src/media/scene.ts";
import { speak, speechLength } from "../src/media/speech.ts";
import { encodeWav, wavSeconds } from "../src/media/wav.ts";
import { decodeJpeg, decodePng, difference } from "./media-decode.ts";

const picture = (prompt: string, seed: number, width = 192, height = 128): Promise<Raster> =>
  paint(chooseScene(prompt, seed), width, height);

describe("pictures", () => {
  test.each([
    [1, 1],
    [7, 3],
    [512, 512],
    [576, 1024],
  ])("a PNG of %i×%i decodes to its size and to the pixels painted", async (width, height) => {
    const painted = await picture("a lake", 1, width, height);
    const decoded = decodePng(await encodePng(painted));
    expect([decoded.width, decoded.height]).toEqual([width, height]);
    const [x, y] = [Math.floor(width / 2), height - 1];
    const at = (y * width + x) * 3;
    expect(decoded.at(x, y)).toEqual([...painted.rgb.subarray(at, at + 3)]);
  });

  test("with an alpha channel the middle is seen, the corners are not, the colours are the same", async () => {
    const painted = await picture("a lake", 1, 90, 60);
    const cut = decodePng(await encodePng(painted, ovalMask(90, 60)));
    expect([cut.alphaAt(0, 0), cut.alphaAt(89, 59), cut.alphaAt(45, 30)]).toEqual([0, 0, 255]);
    expect(difference(cut, decodePng(await encodePng(painted)))).toBe(0);
  });

  test("a JPEG decodes to its size and looks like the PNG of the same picture", async () => {
    const painted = await picture("mountains in winter", 5);
    const jpeg = decodeJpeg(encodeJpeg(painted));
    expect([jpeg.width, jpeg.height]).toEqual([192, 128]);
    expect(difference(jpeg, decodePng(await encodePng(painted)))).toBeLessThan(4);
  });

  test("the same prompt and seed give the same bytes, another prompt or seed another picture", async () => {
    const one = await encodePng(await picture("a red fox", 1));
    expect(await encodePng(await picture("a red fox", 1))).toEqual(one);
    for (const other of [await picture("a blue fox", 1), await picture("a red fox", 2)]) {
      expect(difference(decodePng(one), decodePng(await encodePng(other)))).toBeGreaterThan(8);
    }
  });

  test("a picture is the same scene at every size, also where it is drawn smaller and enlarged", async () => {
    const small = decodePng(await encodePng(await picture("the ocean", 1, 300, 300)));
    const large = decodePng(await encodePng(await picture("the ocean", 1, 1200, 1200)));
    expect([large.width, large.height]).toEqual([1200, 1200]);
    expect(difference(small, large)).toBeLessThan(12);
  });

  test.each([
    "lake",
    "mountains",
    "desert",
    "forest",
    "city",
    "ocean",
    "planet",
    "silk",
    ...palettes.map(({ words }) => `${words[0]} landscape`),
  ])("%s: no pixel is left out, and there is something to see", async (prompt) => {
    const { rgb } = await picture(prompt, 4, 160, 160);
    expect(new Set(rgb).size).toBeGreaterThan(60);
  });

  test("words ask for their light: a night is darker than a day", async () => {
    const brightness = async (prompt: string): Promise<number> => {
      const { rgb } = await picture(prompt, 1);
      return rgb.reduce((sum, value) => sum + value, 0) / rgb.length;
    };
    expect(await brightness("mountains at night")).toBeLessThan(
      (await brightness("mountains by day")) * 0.6,
    );
  });

  test("the sky is above: a forest is brighter at the top than at its feet", async () => {
    const { rgb, width, height } = await picture("forest by day", 1);
    const mean = (from: number, to: number): number => {
      const rows = rgb.subarray(
        Math.floor(from * height) * width * 3,
        Math.floor(to * height) * width * 3,
      );
      return rows.reduce((sum, value) => sum + value, 0) / rows.length;
    };
    expect(mean(0, 0.3)).toBeGreaterThan(mean(0.5, 0.6) * 1.5);
  });

  test("time moves a scene", async () => {
    const scene = chooseScene("the ocean", 1);
    const [now, later] = [await paint(scene, 96, 96, 0), await paint(scene, 96, 96, 1)];
    expect(later.rgb).not.toEqual(now.rgb);
  });
});

/** What a WAV's header says, read field by field. */
function readWav(bytes: Uint8Array): { rate: number; samples: Int16Array; seconds: number } {
  const file = Buffer.from(bytes);
  expect(file.toString("latin1", 0, 4)).toBe("RIFF");
  expect(file.readUInt32LE(4)).toBe(file.length - 8);
  expect(file.toString("latin1", 8, 16)).toBe("WAVEfmt ");
  const [size, format, channels] = [
    file.readUInt32LE(16),
    file.readUInt16LE(20),
    file.readUInt16LE(22),
  ];
  expect([size, format, channels]).toEqual([16, 1, 1]);
  const rate = file.readUInt32LE(24);
  expect([file.readUInt32LE(28), file.readUInt16LE(32), file.readUInt16LE(34)]).toEqual([
    rate * 2,
    2,
    16,
  ]);
  expect(file.toString("latin1", 36, 40)).toBe("data");
  expect(file.readUInt32LE(40)).toBe(file.length - 44);
  const samples = new Int16Array((file.length - 44) / 2);
  for (const index of samples.keys()) samples[index] = file.readInt16LE(44 + index * 2);
  return { rate, samples, seconds: samples.length / rate };
}

/** Root mean square, 0 to 1. */
const loudness = (samples: Int16Array): number =>
  Math.sqrt(samples.reduce((sum, value) => sum + (value / 32_768) ** 2, 0) / samples.length);

const peak = (samples: Int16Array): number =>
  samples.reduce((most, value) => Math.max(most, Math.abs(value)), 0);

describe("sounds", () => {
  test("music is as long as asked, can be heard, is never cut off, and fades out", async () => {
    const { rate, samples, seconds } = readWav(
      encodeWav(await compose("rain", 1, 4), MUSIC_SAMPLE_RATE),
    );
    expect(rate).toBe(MUSIC_SAMPLE_RATE);
    expect(seconds).toBeCloseTo(4, 3);
    expect(loudness(samples)).toBeGreaterThan(0.03);
    expect(peak(samples)).toBeLessThan(30_000);
    expect(loudness(samples.subarray(-200))).toBeLessThan(0.01);
  });

  test("music follows prompt and seed", async () => {
    const one = await compose("rain", 1, 1);
    expect(await compose("rain", 1, 1)).toEqual(one);
    expect(await compose("rain", 2, 1)).not.toEqual(one);
    expect(await compose("sun", 1, 1)).not.toEqual(one);
  });

  test.each(["Hello, world!", "Smörgåsbord 🍣 と寿司", "…", "x"])("speech of %s", (text) => {
    const pieces = [...speak(text, "af_heart", 1.5)];
    expect(pieces.reduce((sum, piece) => sum + piece.length, 0)).toBe(speechLength(text, 1.5));
    for (const piece of pieces) expect(piece.every(Number.isFinite)).toBe(true);
  });

  test("speech can be heard, pauses are quiet, voices differ", () => {
    const spoken = (text: string, voice: string): Int16Array => {
      const samples = [...speak(text, voice)].flatMap((piece) => [...piece]);
      return readWav(encodeWav(Float32Array.from(samples), 24_000)).samples;
    };
    const words = spoken("banana aloe", "af_heart");
    expect(loudness(words)).toBeGreaterThan(0.03);
    expect(peak(words)).toBeLessThan(30_000);
    expect(loudness(spoken(".....", "af_heart"))).toBeLessThan(0.01);
    expect(spoken("banana", "af_heart")).not.toEqual(spoken("banana", "am_adam"));
  });
});

test.each(["the sea", "aurora", "abstract", "anything else"])(
  "the clip for %s is an MP4 with H.264 video, its index before its data",
  async (prompt) => {
    const file = Buffer.from(await loadClip(prompt));
    expect(file.toString("latin1", 4, 8)).toBe("ftyp");
    expect(file.includes("avc1")).toBe(true);
    expect(file.indexOf("moov")).toBeGreaterThan(0);
    expect(file.indexOf("moov")).toBeLessThan(file.indexOf("mdat"));
    expect(file.length).toBeLessThan(100_000);
  },
);

test("the length of a WAV file is read, whatever stands before its data; of anything else it is not", () => {
  const wav = encodeWav(new Float32Array(12_000), 8000);
  expect(wavSeconds(wav)).toBe(1.5);
  const list = Buffer.from("LIST\x04\0\0\0abcd", "latin1");
  const longer = Buffer.concat([wav.subarray(0, 36), list, wav.subarray(36)]);
  expect(wavSeconds(longer)).toBe(1.5);
  expect(wavSeconds(Buffer.from("ID3"))).toBeUndefined();
  expect(wavSeconds(wav.subarray(0, 30))).toBeUndefined();
});

describe("meshes", () => {
  test("a GLB is well-formed: chunks, buffer views and bounds fit its bytes", () => {
    const vase = turnVase(7);
    const glb = Buffer.from(encodeGlb(vase));
    expect(glb.toString("latin1", 0, 4)).toBe("glTF");
    expect([glb.readUInt32LE(4), glb.readUInt32LE(8)]).toEqual([2, glb.length]);
    const jsonLength = glb.readUInt32LE(12);
    expect(glb.toString("latin1", 16, 20)).toBe("JSON");
    const scene = JSON.parse(glb.toString("utf8", 20, 20 + jsonLength));
    const binary = glb.subarray(20 + jsonLength + 8);
    expect(glb.readUInt32LE(20 + jsonLength)).toBe(binary.length);
    expect(jsonLength % 4).toBe(0);
    const [positions, , indices] = scene.accessors;
    expect(positions.count * 3).toBe(vase.positions.length);
    expect(indices.count).toBe(vase.indices.length);
    const last = scene.bufferViews.at(-1);
    expect(last.byteOffset + last.byteLength).toBe(scene.buffers[0].byteLength);
    expect(scene.buffers[0].byteLength).toBeLessThanOrEqual(binary.length);
    const { byteOffset } = scene.bufferViews[0];
    for (let axis = 0; axis < 3; axis += 1) {
      for (let vertex = 0; vertex < positions.count; vertex += 1) {
        const value = binary.readFloatLE(byteOffset + (vertex * 3 + axis) * 4);
        expect(value).toBeGreaterThanOrEqual(positions.min[axis] - 1e-6);
        expect(value).toBeLessThanOrEqual(positions.max[axis] + 1e-6);
      }
    }
    expect(Math.max(...vase.indices)).toBeLessThan(positions.count);
  });

  test("faces look outwards, and another seed turns another vase", () => {
    const { positions, normals, indices } = turnVase(1);
    const at = (numbers: Float32Array, index: number): number[] => [
      ...numbers.subarray(index * 3, index * 3 + 3),
    ];
    for (let face = 0; face < indices.length; face += 3) {
      const [a, b, c] = [0, 1, 2].map((corner) => at(positions, indices[face + corner]!));
      const [u, v] = [b!, c!].map((point) => point.map((value, axis) => value - a![axis]!));
      const outward = [
        u![1]! * v![2]! - u![2]! * v![1]!,
        u![2]! * v![0]! - u![0]! * v![2]!,
        u![0]! * v![1]! - u![1]! * v![0]!,
      ];
      const normal = at(normals, indices[face]!);
      const dot = outward.reduce((sum, value, axis) => sum + value * normal[axis]!, 0);
      expect(dot).toBeGreaterThanOrEqual(-1e-9);
    }
    expect(turnVase(2).positions).not.toEqual(positions);
  });

  test("an OBJ has every vertex, normal and face, counted from one", () => {
    const vase = turnVase(3);
    const lines = Buffer.from(encodeObj(vase)).toString().trim().split("\n");
    const count = (word: string): number => lines.filter((line) => line.startsWith(word)).length;
    expect([count("v "), count("vn "), count("f ")]).toEqual([
      vase.positions.length / 3,
      vase.normals.length / 3,
      vase.indices.length / 3,
    ]);
    expect(lines.join(" ")).not.toMatch(/ 0\/\/0/);
  });
});
