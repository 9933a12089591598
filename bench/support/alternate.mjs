/**
 * Compares two things on a machine that is not quiet: they run in turns (A B, B A, A B, ...), so that a
 * slow minute hits both, and the ratio is taken round by round. A difference below `noise` is none.
 */
import { round } from './machine.mjs'

/**
 * @param rounds how many times each side runs, from 1; use an even number, 6 or more outside of --quick.
 * @param sides  `a` and `b` each return (or resolve with) one measurement, in the same unit. Let bigger be
 *               better (calls per second); warm both up before, not here.
 * @returns `{ a, b, ratio, noise, ratios }`: `a` and `b` are the medians; `ratio` is the median of a/b
 *          per round; `noise` is half the interquartile range of those, as a share of the median (0.02 = 2 %).
 */
export async function alternate(rounds, { a, b }) {
  const pairs = []
  for (let index = 0; index < rounds; index++) {
    if (index % 2 === 0) {
      const left = await a(index)
      pairs.push([left, await b(index)])
    } else {
      const right = await b(index)
      pairs.push([await a(index), right])
    }
  }
  const ratios = pairs.map(([left, right]) => left / right)
  const ratio = median(ratios)
  return {
    a: median(pairs.map(([left]) => left)),
    b: median(pairs.map(([, right]) => right)),
    ratio: round(ratio, 4),
    noise: round((quantile(ratios, 0.75) - quantile(ratios, 0.25)) / 2 / ratio, 4),
    ratios: ratios.map((each) => round(each, 4)),
  }
}

export function median(values) {
  return quantile(values, 0.5)
}

/** Linear interpolation between the nearest ranks; `share` from 0 to 1. */
export function quantile(values, share) {
  const sorted = Float64Array.from(values).sort()
  const place = (sorted.length - 1) * share
  const below = Math.floor(place)
  return sorted[below] + (sorted[Math.min(below + 1, sorted.length - 1)] - sorted[below]) * (place - below)
}
