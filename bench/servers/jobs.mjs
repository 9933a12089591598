/**
 * One side of bench/jobs.mjs in a process of its own: `rage`, `bullmq` or `disk`. Each measures itself, so that
 * no message between processes is part of a figure.
 *
 *     node jobs.mjs <side> <folder for files; the parent removes it>
 */
import { fdatasyncSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { ready } from '../support/in-child.mjs'

const callers = 64
const sides = { rage, bullmq, disk }
const [, , side, folder] = process.argv
await sides[side]()

/** `total` calls of `enqueue` from 64 callers, each awaiting its own before the next. */
async function fromCallers(total, enqueue) {
  let left = total
  await Promise.all(
    Array.from({ length: callers }, async () => {
      while (left-- > 0) await enqueue()
    }),
  )
}

/** Seconds that `work` takes. */
async function time(work) {
  const startedAt = performance.now()
  await work()
  return (performance.now() - startedAt) / 1_000
}

/** Counts jobs down to the end of a round. */
function createFinishLine() {
  let left = 0
  let cross = null
  return {
    await: (total) => {
      left = total
      return new Promise((resolve) => {
        cross = resolve
      })
    },
    pass: () => {
      left -= 1
      if (left === 0) cross()
    },
  }
}

async function rage() {
  const { createRage, Task } = await import('rage-js')
  const line = createFinishLine()
  class Noop extends Task {
    perform() {
      line.pass()
    }
  }
  const runtime = createRage({ root: folder, signals: false, logger: { level: 'warn', format: 'json' } })
  runtime.register(Noop)
  await runtime.boot()
  const wholeRound = async (total) => {
    const finished = line.await(total)
    let acknowledged = 0
    const seconds = await time(async () => {
      acknowledged = await time(() => fromCallers(total, () => Noop.enqueue()))
      await finished
    })
    return { acknowledged: total / acknowledged, finished: total / seconds }
  }
  // Jobs of tomorrow: only what it takes to have them safe is measured.
  const enqueueRound = async (total) =>
    total / (await time(() => fromCallers(total, () => Noop.enqueue(undefined, { delay: 86_400 }))))
  ready({}, { wholeRound, enqueueRound })
}

async function bullmq() {
  const { Queue, Worker } = await import('bullmq')
  const connection = { host: '127.0.0.1', port: 6379, maxRetriesPerRequest: null }
  const name = `rage-bench-${process.pid}`
  const line = createFinishLine()
  const queue = new Queue(name, { connection, defaultJobOptions: { removeOnComplete: true } })
  // Ten times our own default: BullMQ is faster with more in flight.
  const worker = new Worker(name, async () => line.pass(), { connection, concurrency: 100 })
  await Promise.all([queue.waitUntilReady(), worker.waitUntilReady()])
  const wholeRound = async (total) => {
    const finished = line.await(total)
    const seconds = await time(async () => {
      await fromCallers(total, () => queue.add('noop', {}))
      await finished
    })
    return { finished: total / seconds }
  }
  const clean = async () => {
    await worker.close()
    await queue.obliterate({ force: true })
    await queue.close()
  }
  ready({}, { wholeRound, clean })
}

/** One record, one write, one fdatasync, blocking: appended to a file, and into room that is there already. */
async function disk() {
  const record = Buffer.alloc(192, 'x')
  const room = 16 * 1024 * 1024
  const prepared = openSync(join(folder, 'prepared'), 'w')
  writeSync(prepared, Buffer.alloc(room))
  fdatasyncSync(prepared)
  const growing = openSync(join(folder, 'growing'), 'w')
  let position = 0
  let end = 0

  const inPlace = async (total) => {
    const seconds = await time(() => {
      for (let count = 0; count < total; count++) {
        writeSync(prepared, record, 0, record.length, position)
        fdatasyncSync(prepared)
        position = (position + record.length) % (room - record.length)
      }
    })
    return total / seconds
  }
  const appended = async (total) => {
    const seconds = await time(() => {
      for (let count = 0; count < total; count++) {
        end += writeSync(growing, record, 0, record.length, end)
        fdatasyncSync(growing)
      }
    })
    return total / seconds
  }
  ready({}, { inPlace, appended })
}
