/**
 * What a log of a million jobs costs. No peer: the figures are held against bounds.
 *
 * - `delayedMiB`: what so many jobs delayed by a day add to the memory of a process (RSS) that has just booted, garbage not
 *   counted; `fillingPauseMs`: the longest delay of the event loop while they are added; `cancelMs`: how long it takes to
 *   cancel one of them.
 * - `recoveryMs`: `rage.boot()` of a new process on a folder with so many open jobs, all of them delayed.
 * - `folderMiB`: size of the folder after as many jobs went through while 10,000 others stayed open.
 * - `longestPauseMs`, `pauseP99Ms`: delays of the event loop while jobs are enqueued and settled beside the open ones,
 *   which makes the log copy what is live forward; `idlePauseP99Ms`: the same process with nothing to do.
 */
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startChild } from './support/child.mjs'
import { round } from './support/machine.mjs'

const script = new URL('./servers/deferred-recovery.mjs', import.meta.url)

export default async function deferredRecovery({ quick, log }) {
  const jobs = quick ? 20_000 : 1_000_000
  const folder = mkdtempSync(join(tmpdir(), 'rage-bench-recovery-'))
  try {
    const figures = {
      jobs,
      ...(await recover({ folder: join(folder, 'a'), jobs })),
      ...(await flow({ folder: join(folder, 'b'), jobs })),
    }
    for (const [name, value] of Object.entries(figures)) log(`${name}: ${value}`)
    return { ratios: {}, figures }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function recover({ folder, jobs }) {
  const filler = await startChild(script, { args: [folder], execArgv: ['--expose-gc'] })
  const empty = await filler.request('rss')
  const { ms: filledMs, longestPauseMs: fillingPauseMs } = await filler.request('open', jobs)
  const delayedMiB = round((await filler.request('rss')) - empty, 1)
  const cancelMs = round(await filler.request('cancel', 100), 2)
  filler.kill()
  const folderMiBOfOpen = mebibytes(folder)
  const child = await startChild(script, { args: [folder], readyMs: 120_000 })
  const { recoveryMs, rssMiB } = child.facts
  // As many as it takes for the log to be three times as large as what is live in it.
  const pauses = await child.request('churn', 2.5 * jobs)
  await child.stop()
  return { filledMs, fillingPauseMs, delayedMiB, cancelMs, folderMiBOfOpen, recoveryMs, rssMiB, ...pauses }
}

async function flow({ folder, jobs }) {
  const child = await startChild(script, { args: [folder] })
  await child.request('open', Math.min(jobs, 10_000))
  const flowMs = await child.request('through', jobs)
  const folderMiB = mebibytes(folder)
  await child.stop()
  return { flowMs, folderMiB }
}

function mebibytes(folder) {
  const files = readdirSync(folder, { recursive: true }).map((name) => statSync(join(folder, name)))
  return round(files.reduce((sum, file) => sum + (file.isFile() ? file.size : 0), 0) / 2 ** 20, 1)
}
