/** The jobs of a storage folder as the commands see them, whether a process runs them or not. */

/** A job in a list. Times are epoch milliseconds. */
export interface JobRow {
  readonly id: string
  readonly task: string
  /** `null` = an engine does not tell. */
  readonly queue: string | null
  readonly state: string
  /** Number of the last attempt; 0 = there was none. */
  readonly attempt: number
  /** `null` = an engine does not tell. */
  readonly enqueuedAt: number | null
  /** `null` = it does not wait. */
  readonly runAt: number | null
}

/** A job looked at closely. */
export interface ShownJob extends JobRow {
  readonly priority: number
  /** The value where it is plain JSON, else the text of its record: with tags (`#1 ...`), or encrypted (`!...`). */
  readonly args: unknown
  readonly progress: unknown
  /** As `args`; `null` = none is kept, or it is not done. */
  readonly result: unknown
  /** What the last attempt failed with; name and stack are kept of dead jobs only. */
  readonly error: {
    readonly name: string | null
    readonly message: string
    readonly stack: string | null
  } | null
  /** Why it died, and when; else `null`. */
  readonly reason: string | null
  readonly diedAt: number | null
}

export interface ListFilter {
  readonly state: string | null
  readonly task: string | null
  readonly limit: number
}

export interface JobsView {
  list(filter: ListFilter): Promise<readonly JobRow[]>
  /** `null` = there is none. */
  show(id: string): Promise<ShownJob | null>
  /** Makes a dead or delayed job run now; `false` = there is none. */
  retry(id: string): Promise<boolean>
  /** `false` = there is none that does not run. */
  discard(id: string): Promise<boolean>
  /** @param queue `null` = all. */
  pause(queue: string | null): Promise<void>
  resume(queue: string | null): Promise<void>
  stats(): Promise<Readonly<Record<string, unknown>>>
  close(): Promise<void>
}

export function matches(row: JobRow, { state, task }: ListFilter): boolean {
  return (state === null || row.state === state) && (task === null || row.task === task)
}
