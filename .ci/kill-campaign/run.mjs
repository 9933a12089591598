/**
 * Kills processes that enqueue and perform jobs, again and again, two at a time on one storage folder, and then
 * checks the promise: every job whose enqueue resolved is performed, by whoever comes after.
 *
 *     node .ci/kill-campaign/run.mjs [ROUNDS]    kills per slot; default 10, about half a second each
 */
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const rounds = Number(process.argv[2] ?? 10)
const victim = join(import.meta.dirname, 'victim.mjs')
const folder = mkdtempSync(join(tmpdir(), 'rage-kill-'))
/** Time for the process that comes last to perform what is left. */
const settleMs = 60_000

await Promise.all(['a', 'b'].map(killRepeatedly))
const lost = await performTheRest()

const [acked, performed] = ['acked', 'performed'].map(lines)
const repeated = performed.length - new Set(performed).size
console.log(
  `${2 * rounds} kills, ${acked.length} jobs acknowledged, ${lost.length} lost, ${repeated} performed more than once`,
)
if (lost.length > 0 || acked.length === 0) {
  console.error(`kill campaign: lost ${lost.slice(0, 20).join(', ')}; the folder is kept: ${folder}`)
  process.exit(1)
}
rmSync(folder, { recursive: true, force: true })

async function killRepeatedly(slot) {
  for (let round = 0; round < rounds; round++) {
    const child = await start(`${slot}${round}`)
    // From "has hardly begun" to "is in the middle of commits, rotations and performances".
    await sleep(Math.random() ** 2 * 800)
    child.kill('SIGKILL')
    await ended(child)
  }
}

/** Starts the last process and waits until nothing is missing; answers what is when its time is over. */
async function performTheRest() {
  const child = await start()
  const deadline = Date.now() + settleMs
  let missing = missingNow()
  while (missing.length > 0 && Date.now() < deadline && child.exitCode === null) {
    await sleep(200)
    missing = missingNow()
  }
  child.kill('SIGTERM')
  await ended(child)
  return missing
}

function missingNow() {
  const performed = new Set(lines('performed'))
  return lines('acked').filter((name) => !performed.has(name))
}

/** A victim that has booted. */
async function start(...prefix) {
  const child = spawn(process.execPath, [victim, folder, ...prefix], { stdio: ['ignore', 'pipe', 'inherit'] })
  await new Promise((resolve, reject) => {
    child.stdout.once('data', resolve)
    child.once('exit', (code) => reject(new Error(`a victim did not boot: it exited with ${code}`)))
  })
  return child
}

function ended(child) {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve()
    else child.once('exit', resolve)
  })
}

/** The complete lines of a file; the writer may have died within the last one. */
function lines(name) {
  const path = join(folder, name)
  return existsSync(path) ? readFileSync(path, 'utf8').split('\n').slice(0, -1) : []
}

function sleep(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
