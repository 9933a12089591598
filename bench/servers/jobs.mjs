/**
 * One side of bench/jobs.mjs or bench/deferred.mjs in a process of its own: `rage`, `bullmq`, `pgboss`, `plainjob` or
 * `disk`. Each measures itself, so that no message between processes is part of a figure.
 *
 *     node jobs.mjs <side> <folder for files; the parent removes it> <port of Redis>
 */
import { pbkdf2 } from 'node:crypto'
import { fdatasyncSync, openSync, writeSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { listen, ready } from '../support/in-child.mjs'

const sides = { rage, bullmq, pgboss, plainjob, disk }
const [, , side, folder, redisPort = '6379'] = process.argv
await sides[side]()

/** `total` calls of `enqueue`, from 64 callers if not said otherwise, each awaiting its own before the next. */
async function fromCallers(total, enqueue, callers = 64) {
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
  const tomorrow = () => Noop.enqueue(undefined, { delay: 86_400 })
  const enqueueFrom256 = async (total) => total / (await time(() => fromCallers(total, tomorrow, 256)))
  /** Median of single enqueues from 64 callers, in ms; `busy` = the pool is full of hashing. */
  const latency = async ({ total, busy }) => {
    const stop = busy ? keepPoolFull() : () => undefined
    const waits = []
    await fromCallers(total, async () => {
      const startedAt = performance.now()
      await tomorrow()
      waits.push(performance.now() - startedAt)
    })
    stop()
    return waits.sort((a, b) => a - b)[waits.length >> 1]
  }
  /** A whole round beside a web server; how long its event loop was late, in ms. */
  const besideHttp = async (total) => {
    const delays = monitorEventLoopDelay({ resolution: 5 })
    delays.enable()
    const { finished } = await wholeRound(total)
    delays.disable()
    return { finished, loopP99Ms: delays.percentile(99) / 1e6 - 5 }
  }
  const hello = createServer((_req, res) => res.end('{"message":"Hello, World!"}'))
  const port = await listen(hello)
  ready({ port }, { wholeRound, enqueueRound, enqueueFrom256, latency, besideHttp })
}

/** As many hashes at once as there are threads, and as many that wait, until the answer is called. */
function keepPoolFull() {
  let isOver = false
  const hash = () => {
    if (!isOver) pbkdf2('password', 'salt', 100_000, 64, 'sha512', hash)
  }
  for (let count = 0; count < 8; count++) hash()
  return () => {
    isOver = true
  }
}

async function pgboss() {
  const { default: PgBoss } = await import('pg-boss')
  const boss = new PgBoss({
    connectionString: process.env.BENCH_DATABASE_URL,
    schema: `bench_${process.pid}`,
    max: 20,
  })
  boss.on('error', () => undefined)
  await boss.start()
  await boss.createQueue('noop')
  const send = () => boss.send('noop', {}, { startAfter: 86_400 })
  const enqueueFrom256 = async (total) => total / (await time(() => fromCallers(total, send, 256)))
  const clean = async () => {
    const db = boss.getDb()
    await db.executeSql(`DROP SCHEMA bench_${process.pid} CASCADE`)
    await boss.stop({ graceful: false })
  }
  ready({}, { enqueueFrom256, clean })
}

async function bullmq() {
  const { Queue, Worker } = await import('bullmq')
  const connection = { host: '127.0.0.1', port: Number(redisPort), maxRetriesPerRequest: null }
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
  const tomorrow = () => queue.add('noop', {}, { delay: 86_400_000 })
  const enqueueFrom256 = async (total) => total / (await time(() => fromCallers(total, tomorrow, 256)))
  ready({}, { wholeRound, enqueueFrom256, clean })
}

/**
 * On SQLite, by libsql, which answers as better-sqlite3 does. plainjob itself turns `synchronous` down to NORMAL, which
 * leaves the last jobs to a power cut; FULL syncs each commit.
 */
async function plainjob() {
  const { default: Database } = await import('libsql')
  const { better, defineQueue } = await import('plainjob')
  const database = new Database(join(folder, `plainjob-${process.pid}.db`))
  const silent = () => undefined
  const logger = { debug: silent, info: silent, warn: silent, error: silent }
  const queue = defineQueue({ connection: better(database), logger })
  database.pragma('synchronous = FULL')
  const settings = ['synchronous', 'journal_mode'].map((name) => database.pragma(name)[0][name])
  if (settings.join() !== '2,wal') throw new Error(`SQLite runs with synchronous, journal_mode = ${settings}`)
  // Its calls block: however many callers there are, each commits alone.
  const add = async () => queue.add('noop', {}, { delay: 86_400_000 })
  const enqueueFrom256 = async (total) => total / (await time(() => fromCallers(total, add, 256)))
  const clean = async () => queue.close()
  ready({ settings }, { enqueueFrom256, clean })
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
