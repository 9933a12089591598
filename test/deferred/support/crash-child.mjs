/**
 * A process that enqueues and runs jobs until it is killed. What it promises and what it did go to a file by
 * synchronous writes, which a kill cannot take back:
 *
 *     ack <id>             an awaited enqueue has returned this id
 *     ran <id> <attempt>   perform was entered
 *
 *     node crash-child.mjs <dist/src> <folder of the log> <file> <durability> <most enqueues; 0 = finish what is there>
 */
import { openSync, writeSync } from 'node:fs'
import { createRequire } from 'node:module'

const [, , dist, folder, file, durability, most] = process.argv
const require = createRequire(import.meta.url)
const { Codecs } = require(`${dist}/codec`)
const { Deferred, deferredOptions, Task } = require(`${dist}/deferred`)
const { resolveOptions, Scope, systemClock } = require(`${dist}/kernel`)
const { createLoggers } = require(`${dist}/logger`)
const { ErrorReports, Telemetry } = require(`${dist}/telemetry`)
const { openLog } = require(`${dist}/wal`)

const out = openSync(file, 'a')
const say = (...words) => writeSync(out, `${words.join(' ')}\n`)
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

class Quick extends Task {
  perform(_args, { id, attempt }) {
    say('ran', id, attempt)
  }
}

class Slow extends Task {
  async perform({ ms }, { id, attempt }) {
    say('ran', id, attempt)
    await sleep(ms)
  }
}

class FailsOnce extends Task {
  static retryIn = () => 0.02

  async perform(_args, { id, attempt }) {
    say('ran', id, attempt)
    if (attempt === 1) throw new Error('once')
  }
}

const { logger } = createLoggers({ level: 'silent', format: 'json', destination: null })
const telemetry = new Telemetry()
const deferred = new Deferred({
  scope: new Scope(),
  clock: systemClock,
  logger,
  telemetry,
  errors: new ErrorReports(logger),
  codecs: new Codecs(),
  settings: resolveOptions(deferredOptions, { durability }, 'deferred'),
  openLog: () => openLog({ folder, logger }),
  currentClasses: () => [],
})
for (const task of [Quick, Slow, FailsOnce]) deferred.register(task)
telemetry.compile()
await deferred.service.boot()
deferred.service.serve()
process.send({ booted: true })

if (Number(most) > 0) await enqueueUntilKilled(Number(most))
else await finish()

async function enqueueUntilKilled(limit) {
  let count = 0
  const kinds = [
    () => Quick.enqueue(),
    () => Slow.enqueue({ ms: Math.random() * 5 }),
    () => FailsOnce.enqueue(),
    () => Quick.enqueue(undefined, { delay: 0.05 }),
  ]
  const client = async () => {
    while (count < limit) {
      const many = Math.random() < 0.05
      count += many ? 5 : 1
      const jobs = many
        ? await Quick.enqueueMany([undefined, undefined, undefined, undefined, undefined])
        : [await kinds[count % kinds.length]()]
      for (const { id } of jobs) say('ack', id)
    }
  }
  await Promise.all(Array.from({ length: 8 }, client))
  setInterval(() => undefined, 1_000)
}

async function finish() {
  const isBusy = ({ queued, delayed, running }) => queued + delayed + running > 0
  while (isBusy(deferred.stats())) await sleep(5)
  const dead = deferred.dead().map(({ id, reason }) => ({ id, reason }))
  await deferred.service.drain(AbortSignal.timeout(5_000))
  await deferred.service.stop()
  process.send({ dead, parked: deferred.stats().parked }, () => process.exit(0))
}
