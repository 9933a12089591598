/** What the figures were measured on; part of every result. */
import os from 'node:os'

export function machine() {
  const cpus = os.cpus()
  return {
    node: process.version,
    cpus: cpus.length,
    model: cpus[0]?.model.trim() ?? 'unknown',
    arch: process.arch,
    platform: process.platform,
    memoryGiB: round(os.totalmem() / 2 ** 30, 1),
    /** One-minute load average before the bench began; above 0.5 per CPU the figures are suspect. */
    load: round(os.loadavg()[0], 2),
  }
}

/** `value` with at most `digits` decimals: figures are read by people too. */
export function round(value, digits = 3) {
  const scale = 10 ** digits
  return Math.round(value * scale) / scale
}
