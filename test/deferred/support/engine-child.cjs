/**
 * A process that shares jobs with others, of the built package. Says what it does, a line each:
 *
 *     booted | enqueued ID | started ID | done ID | dead REASON
 *
 *     node engine-child.cjs <dist> <engine> <queue or storage folder> <hold | finish | crash> <jobs to enqueue>
 *
 * `hold`: jobs begin and never end. `crash`: a job takes the process down. `finish`: jobs end.
 */
const [, , dist, engine, place, mode, count] = process.argv
const { createRage, Task } = require(`${dist}/src`)
const { bullmq } = require(`${dist}/adapters/bullmq`)
const { pgBoss } = require(`${dist}/adapters/pg-boss`)

const say = (...words) => process.stdout.write(`${words.join(' ')}\n`)
const connection = JSON.parse(process.env.ENGINE_CONNECTION ?? '{}')
const takeOverMs = Number(process.env.TAKE_OVER_MS)
const engines = {
  log: () => null,
  bullmq: () => bullmq({ connection, queue: place, takeOverMs }),
  'pg-boss': () => pgBoss({ connection, queue: place, takeOverMs, pollMs: 100, schema: process.env.SCHEMA }),
}

class Shared extends Task {
  async perform(_args, { id }) {
    say('started', id)
    if (mode === 'crash') process.kill(process.pid, 'SIGKILL')
    if (mode === 'hold') await new Promise(() => undefined)
    say('done', id)
  }
}

const rage = createRage({
  storage: engine === 'log' ? place : `${process.env.STORAGE}`,
  logger: { level: 'silent' },
  deferred: { engine: engines[engine]() },
})
rage.register(Shared)

async function main() {
  await rage.boot()
  say('booted')
  for (let job = 0; job < Number(count); job++) say('enqueued', (await Shared.enqueue()).id)
  setInterval(async () => {
    for (const { reason } of await rage.deferred.deadJobs()) say('dead', reason)
  }, 200)
}

main()
