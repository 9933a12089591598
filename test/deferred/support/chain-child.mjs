/**
 * A process that adds chains and batches until it is killed. What it promises and what it did go to a file by synchronous
 * writes, which a kill cannot take back:
 *
 *     chain <name>                       an awaited enqueue of a chain of three steps has returned
 *     batch <name>                       an awaited batch of three members has returned
 *     ran <name> <step, or member>       perform is over, as far as it can tell
 *     finish <name> <done> <dead>        what follows the batch was run
 *
 *     node chain-child.mjs <dist/src> <folder of the log> <file> <most; 0 = finish what is there>
 */
import { openSync, writeSync } from 'node:fs'
import { createRequire } from 'node:module'

const [, , dist, folder, file, most] = process.argv
const require = createRequire(import.meta.url)
const { createRage, Task } = require(`${dist}/index`)
const out = openSync(file, 'a')
const say = (...words) => writeSync(out, `${words.join(' ')}\n`)
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

class Step extends Task {
  static keepResults = 1

  async perform({ name, step }) {
    if (Math.random() < 0.5) await sleep(Math.random() * 4)
    say('ran', name, step)
    return step
  }
}

class Finish extends Task {
  perform({ name }, { batch }) {
    say('finish', name, batch.done, batch.dead)
  }
}

const rage = createRage({ storage: folder, logger: { level: 'silent' } })
rage.register(Step, Finish)
await rage.boot()
process.send({ booted: true })

const run = Math.random().toString(36).slice(2)
async function client(number) {
  for (let count = 0; count < Number(most); count++) {
    const name = `${run}-${number}-${count}`
    const [first, ...others] = [1, 2, 3].map((step) => ({ name, step }))
    if (count % 2 === 0) {
      await Step.enqueue(first, { followedBy: others.map((args) => Step.with(args)) })
      say('chain', name)
    } else {
      const members = [first, ...others].map((args) => Step.with(args))
      await rage.deferred.batch(members, { followedBy: Finish.with({ name }) })
      say('batch', name)
    }
  }
}

if (Number(most) > 0) {
  await Promise.all(Array.from({ length: 6 }, (_, number) => client(number)))
  setInterval(() => undefined, 1_000)
} else {
  // Those that ran at three kills in a row.
  await rage.deferred.retryAllDead()
  const isBusy = ({ queued, delayed, running }) => queued + delayed + running > 0
  for (let quiet = 0; quiet < 20; quiet = isBusy(rage.deferred.stats()) ? 0 : quiet + 1) await sleep(5)
  await rage.stop()
  process.send({ over: true }, () => process.exit(0))
}
