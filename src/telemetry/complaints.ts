/** What is wrong with one listener: said once for each kind of fault, however often it happens. */
import { warnOnce } from '../kernel'
import type { SpanName } from './span-attributes'

/** `blocked` = it held up the process; `late` and `twice` are about `next`. */
export type Fault = 'threw' | 'rejected' | 'blocked' | 'late' | 'twice'

export class Complaints {
  readonly #who: string
  readonly #said = new Set<Fault>()

  /** @param who such as `handler SlowJobs`. */
  constructor(who: string) {
    this.#who = who
  }

  /** @param detail what was thrown, or the milliseconds it took. */
  add(fault: Fault, span: SpanName, detail?: unknown): void {
    if (this.#said.has(fault)) return
    this.#said.add(fault)
    const who = this.#who
    const what = sayings[fault](span, detail)
    warnOnce('RAGE_W002', `Telemetry ${who} ${what}`, `${who} ${fault}`)
  }
}

const sayings: Readonly<Record<Fault, (span: SpanName, detail: unknown) => string>> = {
  threw: (span, error) => `threw on ${span}: ${told(error)}. The operation went on.`,
  rejected: (span, error) => `rejected on ${span}: ${told(error)}. The operation went on.`,
  blocked: (span, ms) =>
    `kept the process from all other work for ${Math.round(Number(ms))} ms on ${span}. Move such work to a job or a worker thread.`,
  late: (span) =>
    `called next() on ${span} after it had waited for something else. The operation had started; what the handler set up for it was not seen.`,
  twice: (span) => `called next() twice on ${span}. The operation ran once.`,
}

/** Whatever was thrown, even what cannot be made a string. */
function told(error: unknown): string {
  try {
    return String(error)
  } catch {
    return typeof error
  }
}
