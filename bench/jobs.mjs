/**
 * What a durable job costs.
 *
 * - `enqueue_vs_fdatasync`: awaited, durable enqueues per second from 64 callers at once, beside one write and one
 *   fdatasync per record, blocking, in a loop, into room that was made before: as fast as this disk can be asked.
 *   Above 1 is what sharing a commit gains. The faster the disk, the lower: 64 callers wait for our CPU too.
 * - `enqueue_vs_append_fdatasync`: the same beside records appended to a growing file, as a log without group commit
 *   and without prepared segments would do it.
 * - `end_to_end_vs_bullmq`: no-op jobs enqueued one by one from 64 callers until the last has run, per second,
 *   beside BullMQ on the Redis of this machine. Ours is on disk before it is acknowledged; Redis as configured
 *   here (`figures.redisAppendonly`) may promise less. Absent when no Redis answers on 127.0.0.1:6379.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { alternate, median } from './support/alternate.mjs'
import { startChild } from './support/child.mjs'
import { round } from './support/machine.mjs'

const script = new URL('./servers/jobs.mjs', import.meta.url)

export default async function jobs({ quick, log }) {
  const folder = mkdtempSync(join(tmpdir(), 'rage-bench-jobs-'))
  try {
    return await compare({ folder, quick, log })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function compare({ folder, quick, log }) {
  const rounds = quick ? 2 : 8
  const rage = await startChild(script, { args: ['rage', folder] })
  await rage.request('wholeRound', quick ? 2_000 : 50_000)

  const { appended, inPlace } = await compareWithDisk({ rage, folder, rounds, quick })
  const perSecond = (value) => `${Math.round(value)}/s`
  log(
    `durable enqueue ${perSecond(appended.a)}, append + fdatasync ${perSecond(appended.b)}: ${appended.ratio} times`,
  )
  log(
    `durable enqueue ${perSecond(inPlace.a)}, write in place + fdatasync ${perSecond(inPlace.b)}: ${inPlace.ratio} times`,
  )
  const figures = {
    enqueuesPerSecond: Math.round(inPlace.a),
    appendsPerSecond: Math.round(appended.b),
    writesInPlacePerSecond: Math.round(inPlace.b),
    enqueueNoise: inPlace.noise,
  }
  const ratios = {
    enqueue_vs_fdatasync: inPlace.ratio,
    enqueue_vs_append_fdatasync: appended.ratio,
  }

  const appendonly = await askRedis('CONFIG GET appendonly')
  if (appendonly === null) {
    log('no Redis on 127.0.0.1:6379: end_to_end_vs_bullmq is left out')
    figures.endToEndPerSecond = Math.round(await wholeRounds(rage, quick ? 2_000 : 50_000, rounds))
    await rage.stop()
    return { ratios, figures }
  }
  const whole = await compareWithBullmq({ rage, rounds, quick })
  log(`end to end ${Math.round(whole.a)}/s, BullMQ ${Math.round(whole.b)}/s: ${whole.ratio} times`)
  ratios.end_to_end_vs_bullmq = whole.ratio
  figures.endToEndPerSecond = Math.round(whole.a)
  figures.bullmqEndToEndPerSecond = Math.round(whole.b)
  figures.endToEndNoise = whole.noise
  figures.redisAppendonly = appendonly.includes('yes') ? 'yes' : 'no'
  await rage.stop()
  return { ratios, figures }
}

async function compareWithDisk({ rage, folder, rounds, quick }) {
  const disk = await startChild(script, { args: ['disk', folder] })
  const enqueueRound = () => rage.request('enqueueRound', quick ? 2_000 : 50_000)
  const against = (way) =>
    alternate(rounds, { a: enqueueRound, b: () => disk.request(way, quick ? 200 : 3_000) })
  await enqueueRound()
  await Promise.all([disk.request('appended', 200), disk.request('inPlace', 200)])
  const appended = await against('appended')
  const inPlace = await against('inPlace')
  await disk.stop()
  return { appended, inPlace }
}

async function compareWithBullmq({ rage, rounds, quick }) {
  const bullmq = await startChild(script, { args: ['bullmq'] })
  await bullmq.request('wholeRound', quick ? 500 : 10_000)
  const result = await alternate(rounds, {
    a: async () => (await rage.request('wholeRound', quick ? 2_000 : 30_000)).finished,
    b: async () => (await bullmq.request('wholeRound', quick ? 500 : 10_000)).finished,
  })
  await bullmq.request('clean')
  await bullmq.stop()
  return result
}

async function wholeRounds(rage, total, rounds) {
  const figures = []
  for (let index = 0; index < rounds; index++)
    figures.push((await rage.request('wholeRound', total)).finished)
  return round(median(figures), 0)
}

/** The answer of the local Redis, or `null` when none is there within half a second. */
function askRedis(command) {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port: 6379 })
    const end = (answer) => {
      socket.destroy()
      resolve(answer)
    }
    socket.setTimeout(500, () => end(null))
    socket.once('error', () => end(null))
    socket.once('data', (data) => end(String(data)))
    socket.once('connect', () => socket.write(`${command}\r\n`))
  })
}
