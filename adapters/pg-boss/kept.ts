/** What is kept in a row of pg-boss, and its name there. */
import { createHash } from 'node:crypto'
import type { Death, StoredJob } from '../../src/deferred'

/** Our job, with the failures so far, and once it is dead, why. */
export interface Kept extends StoredJob {
  readonly death?: Death
}

/** The same row for the same job, so that adding it twice adds it once. */
export function rowId(jobId: string): string {
  const hex = createHash('sha256').update(jobId).digest('hex')
  return hex.slice(0, 32).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}

const tenYearsMs = 10 * 365 * 24 * 60 * 60 * 1_000

/** pg-boss gives up jobs that nobody fetched by then; ours wait for as long as it takes. */
export function keptUntil(time: number): string {
  return new Date(time + tenYearsMs).toISOString()
}
