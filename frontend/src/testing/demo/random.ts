/** A small seeded generator (mulberry32): the demo looks the same at every start, so screenshots can be compared. */
export function makeRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

const hex = (value: number, width: number) => value.toString(16).padStart(width, "0").slice(-width);

/** A UUID with the time in front, like the server's. */
export function demoId(at: number, counter: number): string {
  const time = hex(Math.floor(at / 2 ** 16), 8);
  return `${time}-${hex(at % 2 ** 16, 4)}-7${hex(counter % 4096, 3)}-8${hex((counter * 37) % 4096, 3)}-${hex(counter * 2654435761, 12)}`;
}

export function iso(at: number): string {
  return new Date(at).toISOString().replace("Z", "000Z");
}
