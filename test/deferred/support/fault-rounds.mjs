/**
 * Two processes at a time on one folder, killed again and again, on a disk that fails in every way the log claims to
 * survive; then a model says whether each job that was acknowledged ran, none before its time, and keys were respected.
 */
import { execFileSync, fork } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { damageLog } from './damage-log.mjs'
import { judge } from './fault-model.mjs'
import { after, randomFrom } from './random.mjs'

const child = fileURLToPath(new URL('./fault-child.mjs', import.meta.url))
const shimSource = fileURLToPath(new URL('./fault-shim.c', import.meta.url))
const built = resolve(import.meta.dirname, '../../../dist/src')

/** What a round may have beside kills. */
export const allFaults = ['shortWrites', 'failingSync', 'fullDisk', 'clockJumps', 'tornTail', 'flippedBit']

/**
 * @param plan `kills`; `seconds`: no round after that time; `seed`; `faults` among `allFaults`; `dist`: compiled
 *             sources; `log(line)` for people.
 * @returns the verdict of fault-model.mjs, and `{ kills, duringBoot, refusedBoots, rounds, damages, parked, damaged }`:
 *          `rounds` per fault; `damages` were made, `damaged` places were found by the last process. Faults of the
 *          disk are left out, and not counted, where no C compiler makes their shim.
 */
export async function faultRounds({
  kills,
  seconds,
  seed,
  faults = allFaults,
  dist = built,
  log = () => undefined,
}) {
  const folder = mkdtempSync(join(tmpdir(), 'rage-faults-'))
  const random = randomFrom(seed)
  const startedAt = performance.now()
  const elapsed = () => (performance.now() - startedAt) / 1_000
  const shim = compileShim(folder)
  const possible = faults.filter((fault) => shim !== null || !(fault in shares))
  const counts = { kills: 0, duringBoot: 0, refusedBoots: 0, damages: 0 }
  const rounds = Object.fromEntries(['kill', ...possible].map((fault) => [fault, 0]))
  const excused = new Set()
  const jumpers = new Set()
  let started = 0

  const start = (most, fault, keys) => {
    const file = `said-${++started}`
    if (fault === 'clockJumps') jumpers.add(file)
    const plan = {
      dist,
      folder: join(folder, 'log'),
      file: join(folder, file),
      most,
      jumps: fault === 'clockJumps',
      keys,
    }
    const seedOfDisk = Math.floor(random() * 2 ** 31)
    const env =
      fault in shares ? { LD_PRELOAD: shim, RAGE_FAULTS: `/log/ ${shares[fault]} ${seedOfDisk}` } : {}
    return fork(child, [JSON.stringify(plan)], {
      stdio: ['ignore', 2, 2, 'ipc'],
      env: { ...process.env, ...env },
    })
  }
  try {
    while (counts.kills < kills && elapsed() < seconds) {
      const fault = random() < 0.25 ? 'kill' : (possible[Math.floor(random() * possible.length)] ?? 'kill')
      rounds[fault] += 1
      const victims = [start(400, fault, 'a'), start(400, fault, 'b')]
      for (const end of await Promise.all(victims.map((victim) => killOnce(victim, random, fault)))) {
        counts.kills += 1
        if (end === 'during boot') counts.duringBoot += 1
        if (end === 'refused to boot') {
          if (!(fault in shares)) throw new Error('a process refused to boot on a disk that works')
          counts.refusedBoots += 1
        }
      }
      if (fault === 'tornTail' || fault === 'flippedBit') {
        const lost = damageLog(join(folder, 'log'), { fault, random, dist })
        counts.damages += lost === null ? 0 : 1
        for (const id of lost ?? []) excused.add(id)
      }
      if (counts.kills % 50 < 2) log(`${counts.kills} kills in ${Math.round(elapsed())} s`)
    }
    const { dead, parked, damaged } = await finish(start(0, 'kill', ''))
    const said = linesIn(folder)
    return {
      ...counts,
      rounds,
      parked,
      damaged,
      ...judge({ said, dead, excused, jumpers }),
      seconds: Math.round(elapsed()),
      seed,
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Per million calls: short writes, ENOSPC, EIO. */
const shares = {
  shortWrites: '200000 0 0',
  fullDisk: '0 30000 0',
  failingSync: '0 0 10000',
}

function compileShim(folder) {
  const shim = join(folder, 'fault-shim.so')
  try {
    execFileSync('cc', ['-shared', '-fPIC', '-O2', '-o', shim, shimSource, '-ldl'], { stdio: 'ignore' })
    return shim
  } catch {
    return null
  }
}

/** One in five dies while it boots, the others up to 700 ms after: some see their sibling die and adopt its log. */
async function killOnce(victim, random, fault) {
  const ended = new Promise((resolveEnd) =>
    victim.once('exit', (code, signal) => resolveEnd({ code, signal })),
  )
  const booted = new Promise((resolveBoot) => victim.once('message', () => resolveBoot('booted')))
  const early =
    random() < 0.2 ? after(60 + random() * 200).then(() => 'during boot') : new Promise(() => undefined)
  const lifeMs = random() < 0.15 ? 1_500 + random() * 1_500 : random() * 400
  const first = await Promise.race([booted, early, ended])
  if (first === 'booted') await Promise.race([after(lifeMs), ended])
  victim.kill('SIGKILL')
  const { code, signal } = await ended
  if (code === 3) return 'refused to boot'
  if (signal !== 'SIGKILL')
    throw new Error(`a process ended by itself, with code ${code}, in a round of ${fault}`)
  return first
}

/** Runs what is left to its end. */
async function finish(last) {
  let report = null
  last.on('message', (message) => {
    if (message.dead !== undefined) report = message
  })
  const code = await new Promise((resolveEnd) => last.once('exit', resolveEnd))
  if (code !== 0 || report === null) throw new Error(`the last process ended with code ${code}`)
  return report
}

/** What the processes said, per file. A torn last line was not said: its call had not returned. */
function linesIn(folder) {
  const files = readdirSync(folder).filter((name) => name.startsWith('said-'))
  return new Map(
    files.map((name) => [name, readFileSync(join(folder, name), 'utf8').split('\n').slice(0, -1)]),
  )
}
