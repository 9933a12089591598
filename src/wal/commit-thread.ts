/**
 * Commits on a thread of their own: a pool full of hashing does not delay them, and the event loop goes on
 * encoding the next batch while the disk syncs this one (measured by bench/jobs.mjs).
 *
 *   event loop ──task──▶ port ──▶ thread: write, sync, look at the place ──▶ port ──▶ promise
 *
 * Only the description of a task is copied; its bytes lie in shared memory. The thread sleeps in `Atomics.wait`
 * and has no event loop to wake, which is what makes it answer within microseconds.
 */
import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from 'node:worker_threads'
import { sealRecords } from './codec'
import type { CommitTask, Committer, Place } from './commit'
import { recordHeaderBytes } from './format'
import { addSyncTime, createSyncTimes, type SyncTimes, syncBounds } from './sync-times'

/** Cells of the memory shared with the thread. */
const cells = { given: 0, done: 1, lastSyncMicroseconds: 2 } as const

/**
 * What the thread answers: `n` = all tasks up to the nth are done, `-n` = the nth is written, or what the oldest
 * task and all after it failed with.
 */
type Answer = number | { readonly message: string; readonly code?: string; readonly syscall?: string }

interface Pending {
  readonly task: CommitTask
  readonly resolve: () => void
  readonly reject: (error: Error) => void
}

export class ThreadCommitter implements Committer {
  readonly #thread: Worker
  readonly #port: MessagePort
  readonly #state: Int32Array
  readonly syncTimes: SyncTimes
  readonly #pending: Pending[] = []
  readonly #exited: Promise<void>
  #given = 0
  /** Number of the oldest task that is pending. */
  #oldest = 1
  /** The thread is gone. */
  #end: Error | null = null

  private constructor(thread: Worker, port: MessagePort, state: Int32Array, syncTimes: SyncTimes) {
    this.#thread = thread
    this.#port = port
    this.#state = state
    this.syncTimes = syncTimes
    port.on('message', (answer: Answer) => this.#hear(answer))
    thread.on('error', (error) => this.#lose(error))
    this.#exited = new Promise((resolve) => {
      thread.on('exit', () => {
        // Its last answers may still be on their way.
        for (let last = receiveMessageOnPort(port); last !== undefined; last = receiveMessageOnPort(port))
          this.#hear(last.message as Answer)
        this.#lose(new Error('the thread that writes the log has ended'))
        resolve()
      })
    })
    this.#idle()
  }

  /** Rejects where no thread can be had. @param syncTimes of the one before. */
  static start(syncTimes = createSyncTimes()): Promise<ThreadCommitter> {
    const { port1, port2 } = new MessageChannel()
    const state = new Int32Array(new SharedArrayBuffer(4 * Int32Array.BYTES_PER_ELEMENT))
    const thread = new Worker(`(${threadProgram})(require, ${sealRecords}, ${addSyncTime})`, {
      eval: true,
      name: 'rage log',
      // Nothing of the app: what it preloads (tracing, loaders) has no business on this thread.
      execArgv: [],
      env: {},
      workerData: { port: port2, state, cells, recordHeaderBytes, syncTimes, syncBounds },
      transferList: [port2],
      resourceLimits: { maxYoungGenerationSizeMb: 2, maxOldGenerationSizeMb: 32 },
    })
    return new Promise((resolve, reject) => {
      thread.once('error', reject)
      thread.once('exit', () => reject(new Error('the thread ended as it began')))
      port1.once('message', () => resolve(new ThreadCommitter(thread, port1, state, syncTimes)))
    })
  }

  get waiting(): number {
    return (this.#given - Atomics.load(this.#state, cells.done)) | 0
  }

  get lastSyncMs(): number {
    return Atomics.load(this.#state, cells.lastSyncMicroseconds) / 1_000
  }

  commit(task: CommitTask): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#end !== null) return reject(this.#end)
      // Only a task under way keeps the process alive.
      if (this.#pending.length === 0) this.#port.ref()
      this.#pending.push({ task, resolve, reject })
      const { written, ...rest } = task
      this.#send({ ...rest, tellWritten: written !== null })
    })
  }

  /** Its thread ends with the first failure. */
  async renewed(): Promise<Committer> {
    if (this.#end === null) return this
    this.#thread.ref() // or a process with nothing else to do would end here
    await this.#exited
    return ThreadCommitter.start(this.syncTimes)
  }

  async close(): Promise<void> {
    this.#thread.ref()
    this.#send(null)
    await this.#exited
  }

  #send(message: unknown): void {
    this.#given += 1
    this.#port.postMessage(message)
    Atomics.store(this.#state, cells.given, this.#given)
    Atomics.notify(this.#state, cells.given)
  }

  #hear(answer: Answer): void {
    if (typeof answer === 'object') return this.#lose(Object.assign(new Error(answer.message), answer))
    if (answer < 0) {
      this.#pending[-answer - this.#oldest]!.task.written?.()
      return
    }
    const done = this.#pending.splice(0, answer - this.#oldest + 1)
    this.#oldest = answer + 1
    if (this.#pending.length === 0) this.#idle()
    for (const { resolve } of done) resolve()
  }

  #idle(): void {
    this.#port.unref()
    this.#thread.unref()
  }

  #lose(error: Error): void {
    this.#end ??= error
    for (const { reject } of this.#pending.splice(0)) reject(this.#end)
    this.#port.close()
  }
}

/**
 * All that runs on the thread. Its source text is sent there, so that it needs no file of its own (bundlers, tests
 * that run TypeScript) and must use nothing from outside itself.
 */
function threadProgram(load: NodeJS.Require, seal: typeof sealRecords, addTime: typeof addSyncTime): void {
  const { crc32 } = load('node:zlib') as typeof import('node:zlib')
  const { fdatasyncSync, statSync, writeSync } = load('node:fs') as typeof import('node:fs')
  const { receiveMessageOnPort, workerData } = load(
    'node:worker_threads',
  ) as typeof import('node:worker_threads')
  type Task = Omit<CommitTask, 'written'> & { readonly tellWritten: boolean }
  const { port, state, cells, recordHeaderBytes, syncTimes, syncBounds } = workerData as {
    port: MessagePort
    state: Int32Array
    cells: { given: number; done: number; lastSyncMicroseconds: number }
    recordHeaderBytes: number
    syncTimes: SyncTimes
    syncBounds: readonly number[]
  }
  let taken = 0
  let isOver = false

  /** All tasks that are there: those that came during the last sync share the next one. */
  const take = (): Task[] => {
    const tasks: Task[] = []
    for (let next = receiveMessageOnPort(port); next !== undefined; next = receiveMessageOnPort(port)) {
      if (next.message === null) isOver = true
      else tasks.push(next.message as Task)
    }
    return tasks
  }
  const write = ({ file, bytes, salt, position, tellWritten }: Task): void => {
    if (salt !== null) seal(bytes, salt, recordHeaderBytes, crc32)
    // A write can be short, on a disk that fills up for one.
    for (let done = 0; done < bytes.length; )
      done += writeSync(file, bytes, done, bytes.length - done, position + done)
    taken += 1
    if (tellWritten) port.postMessage(-taken)
  }
  const check = ({ path, inode }: Place): void => {
    if (statSync(path).ino !== inode) throw new Error(`${path} has been replaced by another file`)
  }
  const commit = (tasks: readonly Task[]): void => {
    const startedAt = performance.now()
    for (const task of tasks) write(task)
    const toSync = new Set(tasks.filter(({ sync }) => sync).map(({ file }) => file))
    for (const file of toSync) {
      const writtenAt = performance.now()
      fdatasyncSync(file)
      addTime(syncTimes, syncBounds, (performance.now() - writtenAt) / 1_000)
    }
    const place = tasks.findLast((task) => task.place !== null)?.place
    if (place) check(place)
    if (toSync.size > 0)
      Atomics.store(state, cells.lastSyncMicroseconds, (performance.now() - startedAt) * 1_000)
    Atomics.store(state, cells.done, taken)
    port.postMessage(taken)
  }

  port.postMessage(0)
  try {
    while (!isOver) {
      const tasks = take()
      if (tasks.length > 0) commit(tasks)
      else if (!isOver) Atomics.wait(state, cells.given, taken)
    }
  } catch (error) {
    // The end: what comes later must not be on disk without what came before.
    const { message, code, syscall } = error as NodeJS.ErrnoException
    port.postMessage({ message, code, syscall })
  }
  port.close()
}
