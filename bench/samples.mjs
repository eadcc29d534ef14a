// What one contestant has been measured at, turn by turn, and the few numbers that remain of it.
import { mean, median } from "./measure.mjs";

/** Room for one contestant's samples; those of a load are the turns of all rounds, one after another. */
export function createSamples() {
  return { post: [], get: [], via: [], direct: [], memory: [], streams: [] };
}

/** @param {number} rounds among which the turns of a load are divided */
export function summarise(name, { post, get, via, direct, memory, streams }, rounds) {
  return {
    name,
    post: summariseLoad(post, rounds),
    get: summariseLoad(get, rounds),
    firstByteMs: via.length === 0 ? undefined : median(via) - median(direct),
    memoryBytes: median(memory),
    streamBytes: median(streams),
  };
}

function summariseLoad(turns, rounds) {
  const middle = (key) => median(turns.map((turn) => turn[key]));
  const each = turns.length / rounds;
  // A mean within a round: in most turns there is no major garbage collection, which is to count.
  const cpuOfRounds = Array.from({ length: rounds }, (_, round) =>
    mean(turns.slice(round * each, (round + 1) * each).map((turn) => turn.cpu)),
  );
  return {
    cpu: median(cpuOfRounds),
    cpuOfRounds,
    perSecond: middle("perSecond"),
    p50: middle("p50"),
    p99: middle("p99"),
  };
}
