/**
 * A process of the fault campaign: enqueues and runs jobs on a folder it shares, until it is killed. What it promises
 * and what it did go to a file by synchronous writes, which a kill cannot take back; times are those of the machine.
 *
 *     has <id> <key>             a job with this key was open when the process had booted
 *     ack <id> <due> [<key>]     an awaited enqueue has returned this id; the job may not run before `due`
 *     dup <id> <key> <asked>     an enqueue was answered with a job that had the key already; when it was called
 *     ran <id> <attempt> <at>    perform was entered
 *     over <id> <at>             a job with a key has done its work
 *     fired <at> <id>            a schedule has fired
 *     refused <ms>               an enqueue was rejected for lack of room, after so long
 *     recovered                  the log took jobs again after a failure
 *
 * `asked` and the time of `over` are milliseconds of the clock that all processes share and nobody sets.
 *
 *     node fault-child.mjs '{"dist","folder","file","most","jumps","keys"}'     most: enqueues; 0 = finish what is there;
 *                                                                              keys: what its keys begin with
 *
 * Ends with code 3 when it could not boot because of a coded error.
 */
import { openSync, writeSync } from 'node:fs'
import { createRequire } from 'node:module'

const plan = JSON.parse(process.argv[2])
const require = createRequire(import.meta.url)
const { Deferred, deferredOptions, Task } = require(`${plan.dist}/deferred`)
const { Codecs } = require(`${plan.dist}/codec`)
const { resolveOptions, Scope, systemClock } = require(`${plan.dist}/kernel`)
const { createLoggers } = require(`${plan.dist}/logger`)
const { ErrorReports, Telemetry } = require(`${plan.dist}/telemetry`)
const { openLog } = require(`${plan.dist}/wal`)

const out = openSync(plan.file, 'a')
const say = (...words) => writeSync(out, `${words.join(' ')}\n`)
const steadyMs = () => Number(process.hrtime.bigint() / 1_000n) / 1_000
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

class Quick extends Task {
  perform(_args, { id, attempt }) {
    say('ran', id, attempt, Date.now())
  }
}

class Slow extends Task {
  async perform({ ms }, { id, attempt }) {
    say('ran', id, attempt, Date.now())
    await sleep(ms)
  }
}

class FailsOnce extends Task {
  static retryIn = () => 0.02

  async perform(_args, { id, attempt }) {
    say('ran', id, attempt, Date.now())
    if (attempt === 1) throw new Error('once')
  }
}

/** Fails now and then, and is still open then. */
class Keyed extends Task {
  static retryIn = () => 0.02

  async perform({ ms }, { id, attempt }) {
    say('ran', id, attempt, Date.now())
    await sleep(ms)
    if (attempt === 1 && ms > 4) throw new Error('once')
    say('over', id, steadyMs())
  }
}

class Tick extends Task {
  perform(_args, { id, attempt }) {
    say('ran', id, attempt, Date.now())
  }
}

/** The wall clock of a machine on which somebody sets it: not by much, since what is left waits for it at the end. */
let jumpedMs = 0
const clock = plan.jumps ? { ...systemClock, now: () => Date.now() + jumpedMs } : systemClock
if (plan.jumps) setInterval(() => (jumpedMs = Math.round((Math.random() - 0.5) * 3_000)), 30).unref()

const destination = {
  write(line) {
    const { msg, at, job } = JSON.parse(line)
    if (msg === 'schedule fired' && job !== null) say('fired', at, job)
  },
}
const { logger } = createLoggers({ level: 'info', format: 'json', destination })
const telemetry = new Telemetry()
const deferred = new Deferred({
  scope: new Scope(),
  clock,
  logger,
  telemetry,
  errors: new ErrorReports(logger),
  codecs: new Codecs(),
  settings: resolveOptions(deferredOptions, {}, 'deferred'),
  folder: plan.folder,
  openLog: () => openLog({ folder: plan.folder, logger, segmentBytes: 262_144 }),
  currentClasses: () => [],
})
for (const task of [Quick, Slow, FailsOnce, Keyed, Tick]) deferred.register(task)
if (!plan.jumps) deferred.every('1s', Tick)
telemetry.compile()
try {
  await deferred.service.boot()
} catch (error) {
  process.exit(error.code?.startsWith('RAGE_') ? 3 : 4)
}
for (const state of ['waiting', 'delayed']) {
  const jobs = await deferred.list({ state, limit: 1_000 })
  for (const { id, args } of jobs) if (args?.key !== undefined) say('has', id, args.key)
}
deferred.service.serve()
process.send({ booted: true })

if (plan.most > 0) await enqueueUntilKilled(plan.most)
else await finish()

async function enqueueUntilKilled(limit) {
  let count = 0
  const kinds = [
    [0, () => Quick.enqueue()],
    [0, () => Slow.enqueue({ ms: Math.random() * 5 })],
    [0, () => FailsOnce.enqueue()],
    [50, () => Quick.enqueue(undefined, { delay: 0.05 })],
    [400, () => Quick.enqueue(undefined, { delay: 0.4 })],
  ]
  const one = async () => {
    const many = Math.random() < 0.05
    const [delayMs, enqueue] = many ? [0, null] : kinds[count % kinds.length]
    count += many ? 5 : 1
    const due = Date.now() + delayMs
    const jobs = many ? await Quick.enqueueMany(Array.from({ length: 5 })) : [await enqueue()]
    for (const { id } of jobs) say('ack', id, due)
  }
  const keyed = async () => {
    count += 1
    const key = `${plan.keys}${Math.floor(Math.random() * 16)}`
    const delayMs = [0, 20, 400, 1_500][Math.floor(Math.random() * 4)]
    const due = Date.now() + delayMs
    const asked = steadyMs()
    const options = { unique: key, delay: delayMs / 1_000 }
    const { id, duplicate } = await Keyed.enqueue({ key, ms: Math.random() * 6 }, options)
    if (duplicate) say('dup', id, key, asked)
    else say('ack', id, due, key)
  }
  const client = async () => {
    while (count < limit) {
      const startedAt = performance.now()
      try {
        await (Math.random() < 0.2 ? keyed() : one())
      } catch (error) {
        if (error.code === 'RAGE_WAL_STORAGE_FULL') say('refused', Math.round(performance.now() - startedAt))
        else if (error.code !== 'RAGE_WAL_WRITE_FAILED') throw error
        await mend()
      }
    }
  }
  await Promise.all(Array.from({ length: 8 }, client))
  setInterval(() => undefined, 1_000)
}

/** What an operator would do. */
async function mend() {
  await sleep(5)
  if (deferred.health().ok) return
  await deferred.recover().then(
    () => deferred.health().ok && say('recovered'),
    () => undefined,
  )
}

async function finish() {
  const isBusy = ({ queued, delayed, running }) => queued + delayed + running > 0
  // Logs of the processes that died last are adopted within two seconds.
  await sleep(2_500)
  while (isBusy(deferred.stats())) await sleep(5)
  const dead = deferred.dead().map(({ id, reason }) => ({ id, reason }))
  await deferred.service.drain(AbortSignal.timeout(5_000))
  const { parked, damaged } = deferred.stats()
  await deferred.service.stop()
  process.send({ dead, parked, damaged }, () => process.exit(0))
}
