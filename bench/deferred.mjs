/**
 * The queue beside its peers, all on this machine.
 *
 * - `enqueue_vs_bullmq_always`, `enqueue_vs_bullmq_everysec`, `enqueue_vs_pgboss`, `enqueue_vs_plainjob`: awaited enqueues
 *   per second from 256 callers, of jobs that run tomorrow. Ours are on disk when acknowledged; so are those of BullMQ on
 *   a Redis with `appendfsync always`, of pg-boss, and of plainjob with `synchronous FULL`. The Redis servers are started
 *   here; without `redis-server` on the PATH, a PostgreSQL (`DATABASE_URL`, else the local one), or a build of libsql for
 *   this machine, the peer is left out.
 * - `figures.p50Ms`, `figures.p50BusyMs`: median of one enqueue with 64 callers, with libuv's pool idle, and full of
 *   password hashing.
 * - `figures.tasksPerSecond`: no-op tasks enqueued from 64 callers until the last has run, in one process;
 *   `httpWaitMs`, the longest that a request to a server in that process waited meanwhile; `loopP99Ms`, by how much its
 *   event loop was late.
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { alternate } from './support/alternate.mjs'
import { startChild } from './support/child.mjs'
import { round } from './support/machine.mjs'

const script = new URL('./servers/jobs.mjs', import.meta.url)

export default async function deferred({ quick, log }) {
  const folder = mkdtempSync(join(tmpdir(), 'rage-bench-deferred-'))
  try {
    return await compare({ folder, quick, log })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function compare({ folder, quick, log }) {
  const ratios = {}
  const figures = {}
  const rage = await startChild(script, { args: ['rage', folder] })
  await rage.request('enqueueFrom256', quick ? 2_000 : 50_000)
  for (const [name, start] of Object.entries(peers(folder))) {
    const peer = await start()
    if (peer === null) {
      log(`${name}: left out, it cannot be had here`)
      continue
    }
    const { child, stop } = peer
    await child.request('enqueueFrom256', quick ? 200 : 2_000)
    const { a, b, ratio, noise } = await alternate(quick ? 2 : 4, {
      a: () => rage.request('enqueueFrom256', quick ? 2_000 : 50_000),
      b: () => child.request('enqueueFrom256', quick ? 500 : 10_000),
    })
    log(`${Math.round(a)}/s, ${name} ${Math.round(b)}/s: ${ratio} times`)
    ratios[`enqueue_vs_${name}`] = ratio
    figures[name] = { rage: Math.round(a), [name]: Math.round(b), unit: 'enqueues/s', noise }
    await stop()
  }
  const total = quick ? 1_000 : 20_000
  figures.p50Ms = round(await rage.request('latency', { total, busy: false }), 3)
  figures.p50BusyMs = round(await rage.request('latency', { total, busy: true }), 3)
  log(`one enqueue: ${figures.p50Ms} ms, with the pool full of hashing ${figures.p50BusyMs} ms`)
  await rage.stop()
  Object.assign(figures, await besideHttp(mkdtempSync(join(folder, 'http-')), quick ? 10_000 : 500_000))
  log(`${figures.tasksPerSecond} tasks/s end to end, longest wait for HTTP ${figures.httpWaitMs} ms`)
  return { ratios, figures }
}

async function besideHttp(folder, total) {
  const rage = await startChild(script, { args: ['rage', folder] })
  await rage.request('wholeRound', total / 10)
  const ask = async () => (await fetch(rage.url)).text()
  // The first ones pay for fetch itself.
  for (let count = 0; count < 200; count++) await ask()
  let isOver = false
  let longest = 0
  const asking = (async () => {
    while (!isOver) {
      const startedAt = performance.now()
      await ask()
      longest = Math.max(longest, performance.now() - startedAt)
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  })()
  const { finished, loopP99Ms } = await rage.request('besideHttp', total)
  isOver = true
  await asking
  await rage.stop()
  return {
    tasksPerSecond: Math.round(finished),
    httpWaitMs: round(longest, 1),
    loopP99Ms: round(loopP99Ms, 1),
  }
}

function peers(folder) {
  return {
    bullmq_always: () => startBullmq(folder, 'always'),
    bullmq_everysec: () => startBullmq(folder, 'everysec'),
    pgboss: startPgboss,
    plainjob: () => startPlainjob(folder),
  }
}

async function startBullmq(folder, appendfsync) {
  const port = await freePort()
  const dir = mkdtempSync(join(folder, 'redis-'))
  const options = { port, dir, save: '', appendonly: 'yes', appendfsync, bind: '127.0.0.1' }
  const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)])
  const redis = spawn('redis-server', args, { stdio: 'ignore' })
  const isThere = await new Promise((resolve) => {
    redis.once('error', () => resolve(false))
    setTimeout(() => resolve(redis.exitCode === null), 500)
  })
  if (!isThere) return null
  const child = await startChild(script, { args: ['bullmq', folder, String(port)] })
  const stop = async () => {
    await child.request('clean')
    await child.stop()
    redis.kill()
  }
  return { child, stop }
}

async function startPgboss() {
  const { DATABASE_URL = 'postgres://postgres@127.0.0.1:5432/test' } = process.env
  try {
    const child = await startChild(script, {
      args: ['pgboss'],
      env: { BENCH_DATABASE_URL: DATABASE_URL },
    })
    const stop = async () => {
      await child.request('clean')
      await child.stop()
    }
    return { child, stop }
  } catch {
    return null
  }
}

async function startPlainjob(folder) {
  try {
    const child = await startChild(script, { args: ['plainjob', folder] })
    const stop = async () => {
      await child.request('clean')
      await child.stop()
    }
    return { child, stop }
  } catch {
    return null
  }
}

function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })
}
