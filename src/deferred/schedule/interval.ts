/**
 * Times of an interval: whole multiples of it since 1970 (UTC), so that restarts and other processes agree on them
 * and a daily deploy does not put a daily task off for ever. `'15m'` fires at :00, :15, :30 and :45.
 */
import { InvalidScheduleError } from '../errors'
import type { Times } from './times'

const unitMs: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }
const longestMs = 365 * 86_400_000

/** @param text a whole number and `s`, `m`, `h` or `d`, from one second to a year. @throws InvalidScheduleError */
export function intervalTimes(text: string): Times {
  const parts = /^([1-9]\d{0,8})([smhd])$/.exec(text)
  const ms = parts === null ? Number.NaN : Number(parts[1]) * unitMs[parts[2]!]!
  if (!(ms <= longestMs)) {
    const problem = "it is not a whole number with s, m, h or d, such as '30s' or '5m', of at most a year"
    throw new InvalidScheduleError({ given: text, problem })
  }
  return {
    next: (time) => (Math.floor(time / ms) + 1) * ms,
    latest: (time) => Math.floor(time / ms) * ms,
  }
}
