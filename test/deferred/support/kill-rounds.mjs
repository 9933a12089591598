/** Kills a process with SIGKILL, over and over on one log, and says what became of the jobs it had acknowledged. */
import { fork } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { after, randomFrom } from './random.mjs'

const child = fileURLToPath(new URL('./crash-child.mjs', import.meta.url))
const built = resolve(import.meta.dirname, '../../../dist/src')

/**
 * @param plan `kills`; `seconds`: no kill after that time; `durability`: `sync` or `interval`; `seed` of the
 *             random moments; `dist`: compiled sources; `log(line)` for people.
 * @returns `{ kills, duringBoot, acknowledged, ran, repeated, dead, lost, parked, seconds, seed, durability }`:
 *          `lost` lists the acknowledged jobs that neither ran nor are kept as dead; `repeated` counts attempts that
 *          began again because the process died before their end was written down.
 */
export async function killRounds({ kills, seconds, durability, seed, dist = built, log = () => undefined }) {
  const folder = mkdtempSync(join(tmpdir(), 'rage-kills-'))
  const random = randomFrom(seed)
  const startedAt = performance.now()
  const elapsed = () => (performance.now() - startedAt) / 1_000
  let started = 0
  // A file for each process: a kill can tear the last line, and the next process must not write behind it.
  const start = (most) => {
    const file = join(folder, `said-${++started}`)
    const args = [dist, join(folder, 'log'), file, durability, String(most)]
    return fork(child, args, { stdio: ['ignore', 2, 2, 'ipc'] })
  }
  let done = 0
  let duringBoot = 0
  try {
    while (done < kills && elapsed() < seconds) {
      const booted = await killOnce(start(400), random)
      done += 1
      if (!booted) duringBoot += 1
      if (done % 50 === 0) log(`${done} kills in ${Math.round(elapsed())} s`)
    }
    const { dead, parked } = await finish(start(0))
    return {
      kills: done,
      duringBoot,
      ...judge(linesIn(folder), dead),
      parked,
      seconds: Math.round(elapsed()),
      seed,
      durability,
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** One in four dies while it boots, the others up to 150 ms after. Answers whether it had booted. */
async function killOnce(victim, random) {
  const ended = new Promise((resolveEnd) =>
    victim.once('exit', (code, signal) => resolveEnd({ code, signal })),
  )
  const booted = new Promise((resolveBoot) => victim.once('message', () => resolveBoot(true)))
  const early = random() < 0.25 ? after(60 + random() * 200).then(() => false) : new Promise(() => undefined)
  const first = await Promise.race([booted, early, ended])
  if (first === true) await Promise.race([after(random() * 150), ended])
  victim.kill('SIGKILL')
  const { code, signal } = await ended
  if (signal !== 'SIGKILL') throw new Error(`the process ended by itself, with code ${code}`)
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

/** What the processes said. A torn last line was not said: its call had not returned. */
function linesIn(folder) {
  return readdirSync(folder)
    .filter((name) => name.startsWith('said-'))
    .flatMap((name) => readFileSync(join(folder, name), 'utf8').split('\n').slice(0, -1))
}

function judge(lines, dead) {
  const acknowledged = new Set()
  const ran = new Set()
  const attempts = new Set()
  let repeated = 0
  for (const line of lines) {
    const [word, id, attempt] = line.split(' ')
    if (word === 'ack') acknowledged.add(id)
    if (word !== 'ran') continue
    ran.add(id)
    if (attempts.has(`${id} ${attempt}`)) repeated += 1
    attempts.add(`${id} ${attempt}`)
  }
  const deadIds = new Set(dead.map((job) => job.id))
  const lost = [...acknowledged].filter((id) => !ran.has(id) && !deadIds.has(id))
  return { acknowledged: acknowledged.size, ran: ran.size, repeated, dead: dead.length, lost }
}
