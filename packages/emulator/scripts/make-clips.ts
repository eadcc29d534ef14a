// Draws the short videos that the emulator's video models serve, and has ffmpeg encode them.
// Run by hand when a scene changes: npx tsx packages/emulator/scripts/make-clips.ts
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { paint } from "../src/media/raster.ts";
import { chooseScene } from "../src/media/scene.ts";

const WIDTH = 640;
const HEIGHT = 360;
const FRAMES_PER_SECOND = 24;
const SECONDS = 5;

const clips = {
  sea: "the sea at sunset",
  aurora: "a lake under the aurora",
  silk: "silk, purple",
};

for (const [name, prompt] of Object.entries(clips)) {
  const file = join(import.meta.dirname, "../assets", `${name}.mp4`);
  const source = `-f rawvideo -pix_fmt rgb24 -s ${WIDTH}x${HEIGHT} -r ${FRAMES_PER_SECOND} -i -`;
  // Baseline-friendly 4:2:0 and the index in front, so that every browser starts at once.
  const target = "-c:v libx264 -preset veryslow -crf 31 -pix_fmt yuv420p -movflags +faststart";
  const clean = "-map_metadata -1 -fflags +bitexact -flags:v +bitexact";
  const options = `-y -loglevel error ${source} ${target} ${clean}`.split(" ");
  const ffmpeg = spawn("ffmpeg", [...options, file], { stdio: ["pipe", "inherit", "inherit"] });
  const scene = chooseScene(prompt, 3);
  for (let frame = 0; frame < SECONDS * FRAMES_PER_SECOND; frame += 1) {
    const { rgb } = await paint(scene, WIDTH, HEIGHT, frame / FRAMES_PER_SECOND);
    if (!ffmpeg.stdin.write(rgb)) await once(ffmpeg.stdin, "drain");
  }
  ffmpeg.stdin.end();
  const [code] = (await once(ffmpeg, "close")) as [number];
  if (code !== 0) throw new Error(`ffmpeg ended with ${code}`);
}
