/** Processes that share a storage folder: real ones, real files, kill -9. */
import assert from 'node:assert/strict'
import { type ChildProcess, execFileSync, fork } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeAll, describe, it, onTestFinished } from 'vitest'

const root = join(__dirname, '../..')
const script = join(__dirname, 'support/fault-child.mjs')
const children: ChildProcess[] = []

beforeAll(() => {
  execFileSync(process.execPath, [join(root, '.ci/build.mjs')], { stdio: 'ignore' })
}, 120_000)

afterEach(async () => {
  for (const child of children.splice(0)) await kill(child)
})

interface Worker {
  readonly child: ChildProcess
  /** Words of each line it has said. */
  readonly said: () => string[][]
}

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'rage-processes-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

async function start(folder: string, name: string, most: number): Promise<Worker> {
  const file = join(folder, name)
  writeFileSync(file, '')
  const plan = { dist: join(root, 'dist/src'), folder: join(folder, 'log'), file, most, jumps: false }
  const child = fork(script, [JSON.stringify(plan)], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
  children.push(child)
  await new Promise((resolve) => child.once('message', resolve))
  const said = () => (existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(0, -1) : [])
  return { child, said: () => said().map((line) => line.split(' ')) }
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGKILL')
  await ended
}

async function patiently(isSo: () => boolean, ms: number): Promise<void> {
  const until = performance.now() + ms
  while (!isSo()) {
    if (performance.now() > until) throw new Error(`it did not happen within ${ms} ms`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

function ids({ said }: Worker, word: string): Set<string> {
  return new Set(
    said()
      .filter(([first]) => first === word)
      .map((words) => (word === 'fired' ? words[2]! : words[1]!)),
  )
}

describe('deferred: processes that share a folder', () => {
  it('run the jobs of one that is killed within two seconds, and lose none', async () => {
    const folder = temporaryFolder()
    const survivor = await start(folder, 'survivor', 1)
    const victim = await start(folder, 'victim', 400)
    await patiently(() => ids(victim, 'ack').size > 100, 10_000)

    await kill(victim.child)
    const open = [...ids(victim, 'ack')].filter((id) => !ids(victim, 'ran').has(id))
    assert.ok(open.length > 0)
    // The last of them are due after 0.4 s.
    await patiently(() => open.every((id) => ids(survivor, 'ran').has(id)), 2_500)
  }, 30_000)

  it('fire each time of a schedule once, whoever of them is killed', async () => {
    const folder = temporaryFolder()
    const workers = [await start(folder, 'a', 1), await start(folder, 'b', 1), await start(folder, 'c', 1)]
    const slots = () => workers.flatMap(({ said }) => said().filter(([word]) => word === 'fired'))
    await patiently(() => slots().length >= 2, 6_000)

    for (let deaths = 0; deaths < 2; deaths++) {
      const [, , job] = slots().at(-1)!
      const firing = workers.find((worker) => ids(worker, 'fired').has(job!))!
      await kill(firing.child)
      const survivors = workers.filter(({ child }) => child.signalCode === null)
      const before = survivors.flatMap((worker) => [...ids(worker, 'fired')]).length
      await patiently(() => survivors.flatMap((worker) => [...ids(worker, 'fired')]).length > before, 4_000)
    }
    await patiently(() => {
      const ran = workers.flatMap((worker) => [...ids(worker, 'ran')])
      return slots().every(([, , job]) => ran.includes(job!))
    }, 4_000)

    const times = slots().map(([, at]) => at)
    assert.equal(new Set(times).size, times.length)
  }, 40_000)
})
