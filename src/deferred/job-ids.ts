/** Names of jobs: made without the log, kept through restarts and adoption, sorted by time. */
import { randomBytes } from 'node:crypto'
import { InvalidOptionError } from '../kernel'

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

/** What was given to `rage.deferred[method]`. @throws InvalidOptionError */
export function checkedId(method: string, id: unknown): string {
  if (typeof id === 'string') return id
  throw new InvalidOptionError({
    option: `${method}(id)`,
    expected: 'the id of a job, as in (await Task.enqueue()).id',
    given: id,
  })
}
