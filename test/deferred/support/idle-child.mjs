/**
 * A process with an application and a queue, that answers what it costs. Asked for by messages, one at a time:
 *
 *     { idle: ms }       what the queue holds open, and processor time of so many ms, once jobs have run
 *     { slow: count }    enqueues so many jobs that never end, and serves HTTP while it does
 *
 *     node idle-child.mjs <dist/src> <folder>
 */
import { createHook } from 'node:async_hooks'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'

// Ours are all unrefed, which `process.getActiveResourcesInfo` leaves out.
const armed = new Map()
createHook({
  init: (id, type) => {
    if (type === 'Timeout' || type === 'Immediate') armed.set(id, new Error(type).stack)
  },
  destroy: (id) => armed.delete(id),
}).enable()

const [, , dist, folder] = process.argv
const { createRage, Task } = createRequire(import.meta.url)(dist)
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

class Quick extends Task {
  perform() {}
}

class Slow extends Task {
  static queue = 'slow'

  perform() {
    running += 1
    most = Math.max(most, running)
    return new Promise(() => undefined)
  }
}

class Limited extends Task {
  static rateLimit = { max: 5, per: 0.05 }

  perform() {}
}

let running = 0
let most = 0
const rage = createRage({
  root: folder,
  signals: false,
  logger: { level: 'silent' },
  deferred: { drainMs: 0, queues: { slow: {} } },
})
rage.register(Quick, Slow, Limited)
await rage.boot()

process.on('message', async ({ idle, slow }) => {
  if (idle !== undefined) process.send(await restWhile(idle))
  if (slow !== undefined) process.send(await loadWith(slow))
})
process.send('ready')

async function restWhile(ms) {
  await Quick.enqueueMany(Array.from({ length: 500 }, () => undefined))
  await Limited.enqueueMany(Array.from({ length: 12 }, () => undefined))
  const isBusy = ({ queued, running: runs }) => queued + runs > 0
  while (isBusy(rage.deferred.stats())) await sleep(5)
  // A paused queue with jobs in it rests, too.
  await rage.deferred.pause('paused')
  await Quick.enqueueMany([undefined, undefined], { queue: 'paused' })
  // The log writes what is left, and makes its next segment.
  await sleep(500)
  const timers = [...armed.values()].filter((stack) => !stack.includes('at sleep '))
  const resources = process
    .getActiveResourcesInfo()
    .filter((name) => name === 'Timeout' || name === 'Immediate')
  const before = process.cpuUsage()
  await sleep(ms)
  const { user, system } = process.cpuUsage(before)
  return { timers, resources, cpuMs: (user + system) / 1_000 }
}

async function loadWith(count) {
  globalThis.gc?.()
  const rssBefore = process.memoryUsage.rss()
  const server = createServer((_req, res) => res.end('hello')).listen(0)
  const url = `http://127.0.0.1:${server.address().port}/`
  const waits = []
  let isOver = false
  const client = (async () => {
    while (!isOver) {
      const askedAt = performance.now()
      await (await fetch(url)).text()
      waits.push(performance.now() - askedAt)
      await sleep(1)
    }
  })()
  for (let left = count; left > 0; left -= 1_000) {
    await Slow.enqueueMany(Array.from({ length: 1_000 }, (_, index) => ({ index, note: 'x'.repeat(100) })))
  }
  await sleep(200)
  isOver = true
  await client
  server.close()
  const { queued, running: runs } = rage.deferred.stats()
  const megabytes = (process.memoryUsage.rss() - rssBefore) / 1024 ** 2
  return { queued, runs, most, megabytes, answers: waits.length, longestMs: Math.max(...waits) }
}
