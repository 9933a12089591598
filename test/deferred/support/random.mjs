/** Moments for campaigns: a generator that can be repeated, and a pause. */

/** mulberry32: small, seedable, good enough to pick moments. */
export function randomFrom(seed) {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

export function after(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
