/** 3D models: a turned vase whose outline and colour come from the seed, as binary glTF 2.0 or as Wavefront OBJ. */
import { createRandom } from "./random.ts";

export interface Mesh {
  /** Three numbers a vertex, y upwards. */
  positions: Float32Array;
  normals: Float32Array;
  /** Three vertices a triangle, counterclockwise seen from outside. */
  indices: Uint16Array;
  /** Red, green, blue from 0 to 1. */
  color: readonly [number, number, number];
}

const RINGS = 40;
const SIDES = 48;

export function turnVase(seed: number): Mesh {
  const random = createRandom(seed);
  const [belly, waves, phase] = [random.between(0.16, 0.3), random.between(1, 3), random() * 6.28];
  const radius = (y: number): number =>
    0.22 + belly * Math.sin(Math.PI * y) + 0.07 * Math.sin(waves * 6.28 * y + phase) * (1 - y / 2);
  const positions: number[] = [];
  const normals: number[] = [];
  const indices: number[] = [];
  for (let ring = 0; ring <= RINGS; ring += 1) {
    const y = ring / RINGS;
    const slope = (radius(y + 0.001) - radius(y - 0.001)) / 0.002;
    const length = Math.hypot(1, slope);
    for (let side = 0; side <= SIDES; side += 1) {
      const turn = (side / SIDES) * 2 * Math.PI;
      const [cos, sin] = [Math.cos(turn), Math.sin(turn)];
      positions.push(radius(y) * cos, y - 0.5, radius(y) * sin);
      normals.push(cos / length, -slope / length, sin / length);
      if (ring === RINGS || side === SIDES) continue;
      const at = ring * (SIDES + 1) + side;
      indices.push(at, at + SIDES + 1, at + 1, at + 1, at + SIDES + 1, at + SIDES + 2);
    }
  }
  return {
    positions: new Float32Array(positions),
    normals: new Float32Array(normals),
    indices: new Uint16Array(indices),
    color: [random.between(0.3, 0.9), random.between(0.3, 0.8), random.between(0.3, 0.9)],
  };
}

const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array | Uint16Array): Buffer =>
  Buffer.from(buffer, byteOffset, byteLength);

/** A chunk of a GLB file, padded to whole words as the format asks. */
function chunk(type: "JSON" | "BIN\0", data: Buffer): Buffer {
  const header = Buffer.alloc(8);
  const padding = Buffer.alloc((4 - (data.length % 4)) % 4, type === "JSON" ? " " : 0);
  header.writeUInt32LE(data.length + padding.length);
  header.write(type, 4, "latin1");
  return Buffer.concat([header, data, padding]);
}

/** @see https://registry.khronos.org/glTF/specs/2.0/glTF-2.0.html#glb-file-format-specification */
export function encodeGlb({ positions, normals, indices, color }: Mesh): Uint8Array {
  const parts = [bytesOf(positions), bytesOf(normals), bytesOf(indices)];
  const [first, second] = [parts[0]!.length, parts[0]!.length + parts[1]!.length];
  const vertices = positions.length / 3;
  const heights = positions.filter((_, index) => index % 3 === 1);
  const widest = Math.max(...positions.filter((_, index) => index % 3 !== 1).map(Math.abs));
  const FLOAT = 5126;
  const UNSIGNED_SHORT = 5123;
  const scene = {
    asset: { version: "2.0", generator: "fal-emulator" },
    scene: 0,
    scenes: [{ nodes: [0] }],
    nodes: [{ mesh: 0 }],
    meshes: [{ primitives: [{ attributes: { POSITION: 0, NORMAL: 1 }, indices: 2, material: 0 }] }],
    materials: [
      {
        pbrMetallicRoughness: {
          baseColorFactor: [...color, 1],
          metallicFactor: 0.1,
          roughnessFactor: 0.4,
        },
        doubleSided: true,
      },
    ],
    accessors: [
      {
        bufferView: 0,
        componentType: FLOAT,
        count: vertices,
        type: "VEC3",
        min: [-widest, Math.min(...heights), -widest],
        max: [widest, Math.max(...heights), widest],
      },
      { bufferView: 1, componentType: FLOAT, count: vertices, type: "VEC3" },
      { bufferView: 2, componentType: UNSIGNED_SHORT, count: indices.length, type: "SCALAR" },
    ],
    bufferViews: [
      { buffer: 0, byteOffset: 0, byteLength: parts[0]!.length },
      { buffer: 0, byteOffset: first, byteLength: parts[1]!.length },
      { buffer: 0, byteOffset: second, byteLength: parts[2]!.length },
    ],
    buffers: [{ byteLength: second + parts[2]!.length }],
  };
  const json = chunk("JSON", Buffer.from(JSON.stringify(scene)));
  const binary = chunk("BIN\0", Buffer.concat(parts));
  const header = Buffer.alloc(12);
  header.write("glTF", "latin1");
  header.writeUInt32LE(2, 4);
  header.writeUInt32LE(header.length + json.length + binary.length, 8);
  return Buffer.concat([header, json, binary]);
}

export function encodeObj({ positions, normals, indices }: Mesh): Uint8Array {
  const lines = (word: string, numbers: Float32Array): string[] =>
    Array.from({ length: numbers.length / 3 }, (_, index) => {
      const triple = numbers.subarray(index * 3, index * 3 + 3);
      return `${word} ${Array.from(triple, (value) => value.toFixed(5)).join(" ")}`;
    });
  const faces = Array.from({ length: indices.length / 3 }, (_, index) => {
    const corners = indices.subarray(index * 3, index * 3 + 3);
    return `f ${Array.from(corners, (at) => `${at + 1}//${at + 1}`).join(" ")}`;
  });
  return Buffer.from([...lines("v", positions), ...lines("vn", normals), ...faces, ""].join("\n"));
}
