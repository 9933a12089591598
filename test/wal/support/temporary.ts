/** Folders and logs that end with the test, and a logger that keeps what it is told. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { Entry, EntryLog, EntryRecord } from '../../../src/wal'
import { type CommitTask, type Committer, PoolCommitter } from '../../../src/wal/commit'
import type { Log } from '../../../src/wal/log'
import { openLogWith } from '../../../src/wal/open'
import type { LogInternals, LogSettings } from '../../../src/wal/settings'

export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'rage-wal-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

export interface Line {
  readonly level: 'info' | 'warn' | 'error'
  readonly message: string
  readonly err: { readonly code?: string } | null
}

export class LineKeeper {
  readonly lines: Line[] = []
  readonly info = (...args: unknown[]): void => this.#keep('info', args)
  readonly warn = (...args: unknown[]): void => this.#keep('warn', args)
  readonly error = (...args: unknown[]): void => this.#keep('error', args)

  codes(): (string | undefined)[] {
    return this.lines.filter(({ err }) => err !== null).map(({ err }) => err?.code)
  }

  #keep(level: Line['level'], [fields, message]: unknown[]): void {
    const err = (fields as { err?: Line['err'] }).err ?? null
    this.lines.push({ level, message: String(message ?? fields), err })
  }
}

export interface OpenOptions extends Partial<LogInternals> {
  readonly segmentBytes?: number
  readonly logger?: LogSettings['logger']
}

/** Small segments, so that a test writes kilobytes; closed with the test. */
export async function openTemporary(folder: string, options: OpenOptions = {}): Promise<Log> {
  const { segmentBytes = 64 * 1024, logger = new LineKeeper(), ...internals } = options
  const small = { firstBytes: 16_384, reserveBytes: 1024, filler: options.committer ?? new PoolCommitter() }
  const log = await openLogWith({ folder, segmentBytes, logger }, { ...small, ...internals })
  onTestFinished(() => log.close())
  return log
}

/** All parts together. */
export async function recoveredBy(log: Pick<EntryLog, 'recovered'>): Promise<readonly Entry[]> {
  const entries: Entry[] = []
  for await (const part of log.recovered) entries.push(...part)
  return entries
}

/** With records that can be compared. */
function plainEntry({ sequence, added, note }: Entry): Entry {
  const plain = ({ type, count, time, body }: EntryRecord): EntryRecord => ({ type, count, time, body })
  return { sequence, added: plain(added), note: note === null ? null : plain(note) }
}

/** Opens, hands over what was recovered, closes. */
export async function recoverOnce(folder: string, options: OpenOptions = {}): Promise<readonly Entry[]> {
  const log = await openTemporary(folder, options)
  const recovered = await recoveredBy(log)
  await log.close()
  return recovered.map(plainEntry)
}

export function record(text: string, more: Partial<EntryRecord> = {}): EntryRecord {
  return { type: 1, count: 0, time: 0, body: Buffer.from(text), ...more }
}

export function textOf(entry: Entry): string {
  return Buffer.from(entry.added.body).toString()
}

export function textsOf(entries: readonly Entry[]): string[] {
  return entries.map(textOf)
}

/** Counts what goes to disk; fails or waits when told to. */
export class WatchedCommitter implements Committer {
  readonly tasks: { readonly bytes: number; readonly sync: boolean }[] = []
  /** Bytes of the tasks given, done or not. */
  get started(): readonly number[] {
    return this.#started
  }

  readonly #started: number[] = []
  /** Asked before each task; an error is thrown instead of committing. */
  fault: (task: CommitTask) => Error | null = () => null
  /** Told of each task. */
  watch: (task: CommitTask) => unknown = () => null
  readonly #real = new PoolCommitter()

  get waiting(): number {
    return this.#real.waiting
  }

  /** As on a slow disk: every turn of the event loop ends before a sync would. */
  lastSyncMs = 1_000

  async renewed(): Promise<Committer> {
    await this.#real.renewed()
    return this
  }

  close(): Promise<void> {
    return this.#real.close()
  }

  get syncs(): number {
    return this.tasks.filter(({ sync }) => sync).length
  }

  async commit(task: CommitTask): Promise<void> {
    this.watch(task)
    this.#started.push(task.bytes.length)
    const error = this.fault(task)
    if (error !== null) throw error
    this.tasks.push({ bytes: task.bytes.length, sync: task.sync })
    await this.#real.commit(task)
  }
}

export function systemError(code: string, syscall: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${code}: made by the test, ${syscall}`), { code, syscall })
}
