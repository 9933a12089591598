/** The jobs of a storage folder as the commands see them, whether a process runs them or not. */

/** A job in a list. Times are epoch milliseconds. */
export interface JobRow {
  readonly id: string
  readonly task: string
  readonly state: string
  /** `null` = it does not wait. */
  readonly runAt: number | null
  /** Number of the last attempt; 0 = there was none. */
  readonly attempt: number
  readonly [field: string]: unknown
}

export interface ListFilter {
  readonly state: string | null
  readonly task: string | null
  readonly limit: number
}

export interface JobsView {
  list(filter: ListFilter): Promise<readonly JobRow[]>
  /** `null` = there is none. */
  show(id: string): Promise<JobRow | null>
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
