/** Names by the time at which something is to happen to them, in slots of time: a million cost no more than one. */

export class Wheel {
  readonly #ms: number;
  readonly #slots = new Map<number, Map<string, number>>();
  /** No slot before it holds a name. */
  #first = Infinity;

  /** @param ms how long a slot is: what is due is found at most so much later */
  constructor(ms: number) {
    this.#ms = ms;
  }

  set(name: string, at: number): void {
    const slot = Math.floor(at / this.#ms);
    let names = this.#slots.get(slot);
    if (names === undefined) this.#slots.set(slot, (names = new Map()));
    names.set(name, at);
    this.#first = Math.min(this.#first, slot);
  }

  /** @param at as it was set */
  delete(name: string, at: number): void {
    const slot = Math.floor(at / this.#ms);
    const names = this.#slots.get(slot);
    if (names?.delete(name) && names.size === 0) this.#slots.delete(slot);
  }

  /** Up to so many names of slots that are over, the oldest slot first. */
  due(now: number, max: number): string[] {
    const found: string[] = [];
    if (this.#slots.size === 0) this.#first = Infinity;
    const current = Math.floor(now / this.#ms);
    // After a quiet time there are fewer slots than moments.
    if (current - this.#first > this.#slots.size) {
      const slots = [...this.#slots.keys()].sort((one, other) => one - other);
      this.#first = slots[0] ?? Infinity;
      for (const slot of slots) if (slot < current) this.#collect(slot, max, found);
      return found;
    }
    for (let slot = this.#first; slot < current && found.length < max; slot++) {
      this.#collect(slot, max, found);
      if (found.length === 0) this.#first = slot + 1;
    }
    return found;
  }

  #collect(slot: number, max: number, found: string[]): void {
    for (const name of this.#slots.get(slot)?.keys() ?? []) {
      if (found.length === max) return;
      found.push(name);
    }
  }
}
