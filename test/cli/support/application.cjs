/**
 * An application with jobs. Says `ran TASK ID` for each attempt, and `enqueued ID` for each job it enqueues: those of
 * its arguments, and one on each SIGUSR2.
 *
 *     node application.cjs <dist> <storage> [TASK:COUNT[:DELAY[:ARGUMENT]]]...
 *
 * `ARGUMENT`: `bigint`, or `large` for 200 KB; else their numbers.
 */
const [, , dist, storage, ...commands] = process.argv
const { createRage, Task } = require(`${dist}/src`)

const say = (...words) => process.stdout.write(`${words.join(' ')}\n`)

class Works extends Task {
  perform(_args, { id }) {
    say('ran', 'Works', id)
  }
}

class Dies extends Task {
  static retryIn = () => false
  perform(_args, { id }) {
    say('ran', 'Dies', id)
    throw new RangeError('no such order')
  }
}

const rage = createRage({ storage, logger: { level: 'silent' } })
rage.register(Works, Dies)

const given = { bigint: 5n, large: 'x'.repeat(200_000) }

async function main() {
  await rage.boot()
  for (const command of commands) {
    const [name, count, delay = '0', argument] = command.split(':')
    const task = { Works, Dies }[name]
    const jobs = Array.from({ length: Number(count) }, (_, n) => ({ n: given[argument] ?? n }))
    const handles = await task.enqueueMany(jobs, { delay: Number(delay) })
    for (const { id } of handles) say('enqueued', id)
  }
  process.on('SIGUSR2', async () => say('enqueued', (await Works.enqueue()).id))
  say('ready')
  setInterval(() => undefined, 1_000)
}

main()
