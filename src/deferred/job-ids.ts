/** Names of jobs: made without the log, kept through restarts and adoption, sorted by time. */
import { randomBytes } from 'node:crypto'

/**
 * `<start of the queue, base 36><random>:<count>`, such as `mjx2k9aq7f3c:000000017`. The random part keeps two
 * processes started in the same millisecond apart.
 */
export class JobIds {
  readonly prefix: string
  /** The last one given, and the number in it. */
  last = ''
  count = 0

  constructor(now: number) {
    this.prefix = `${now.toString(36).padStart(9, '0')}${randomBytes(4).toString('hex')}:`
  }

  next(): string {
    this.count += 1
    this.last = this.prefix + String(this.count).padStart(9, '0')
    return this.last
  }
}
