/** A log on a "disk" in memory: what reached the disk is found by the next log opened on it, as after a restart. */
import type {
  Durability,
  Entry,
  EntryChange,
  EntryLog,
  EntryRecord,
  LogHealth,
  LogStats,
  NewRecord,
} from '../../../src/wal/contract'

export class MemoryDisk {
  readonly entries = new Map<number, Entry>()
  sequence = 0
  logs = 0
  /** Every record in the order it was written: type, and the durability asked for. */
  readonly written: { readonly type: number; readonly durability: Durability }[] = []

  /** The former log of this disk, if any, writes nothing more: its process is dead. */
  open(): MemoryLog {
    this.#current?.kill()
    this.#current = new MemoryLog(this, `memory-${++this.logs}`)
    return this.#current
  }

  get log(): MemoryLog {
    return this.#current!
  }

  #current: MemoryLog | null = null
}

export class MemoryLog implements EntryLog {
  readonly id: string
  readonly recovered: AsyncIterable<readonly Entry[]>
  health: LogHealth = { state: 'ok', reason: null }
  closed = false
  readonly #disk: MemoryDisk
  #isDead = false
  #held: (() => void)[] | null = null

  constructor(disk: MemoryDisk, id: string) {
    this.#disk = disk
    this.id = id
    this.recovered = handedOver([...disk.entries.values()])
  }

  /** Memory has no files. */
  get stats(): LogStats {
    const syncs = { bounds: [], counts: [0], count: 0, sum: 0 }
    return { bytes: 0, segments: 0, commits: 0, damages: 0, isHealthy: this.health.state === 'ok', syncs }
  }

  kill(): void {
    this.#isDead = true
  }

  /** From now on the disk is slow: nothing is acknowledged until `release`. */
  hold(): void {
    this.#held = []
  }

  release(): void {
    const held = this.#held ?? []
    this.#held = null
    for (const acknowledge of held) acknowledge()
  }

  fail(state: 'full' | 'failed', message: string): void {
    this.health = { state, reason: new Error(message) }
  }

  add(record: NewRecord, durability: Durability) {
    const { sequences, durable } = this.addAll([record], durability)
    return { sequence: sequences[0]!, durable }
  }

  addAll(records: readonly NewRecord[], durability: Durability, changes: readonly EntryChange[] = []) {
    if (this.health.reason !== null) return { sequences: records.map(() => -1), durable: this.#reject() }
    for (const { sequence, record, settles } of changes) {
      const written = settles
        ? this.settle(sequence, record, durability)
        : this.note(sequence, record, durability)
      written.catch(() => undefined)
    }
    const sequences = records.map((record) => {
      const added = asRead(record)
      const sequence = ++this.#disk.sequence
      if (!this.#isDead) this.#disk.entries.set(sequence, { sequence, added, note: null })
      this.#disk.written.push({ type: added.type, durability })
      return sequence
    })
    return { sequences, durable: this.#acknowledged() }
  }

  note(sequence: number, record: NewRecord, durability: Durability): Promise<void> {
    if (this.health.reason !== null) return this.#reject()
    const entry = this.#disk.entries.get(sequence)
    const note = asRead(record)
    if (entry !== undefined && !this.#isDead) this.#disk.entries.set(sequence, { ...entry, note })
    this.#disk.written.push({ type: note.type, durability })
    return this.#acknowledged()
  }

  settle(sequence: number, record: NewRecord, durability: Durability): Promise<void> {
    if (this.health.state === 'failed') return this.#reject()
    if (!this.#isDead) this.#disk.entries.delete(sequence)
    this.#disk.written.push({ type: record.type, durability })
    return this.#acknowledged()
  }

  async read(sequences: readonly number[]): Promise<readonly Entry[]> {
    return sequences.flatMap((sequence) => this.#disk.entries.get(sequence) ?? [])
  }

  async flush(): Promise<void> {}

  readonly damages = 0

  async recover(): Promise<void> {
    this.health = { state: 'ok', reason: null }
  }

  /** Nobody else is on this disk. */
  watch(): () => void {
    return () => undefined
  }

  async close(): Promise<void> {
    this.closed = true
  }

  #acknowledged(): Promise<void> {
    const held = this.#held
    return held === null ? Promise.resolve() : new Promise((resolve) => held.push(resolve))
  }

  #reject(): Promise<void> {
    return Promise.reject(this.health.reason)
  }
}

function asRead(record: NewRecord): EntryRecord {
  return { ...record, body: Buffer.from(record.body) }
}

async function* handedOver(entries: readonly Entry[]): AsyncGenerator<readonly Entry[]> {
  yield entries
}
