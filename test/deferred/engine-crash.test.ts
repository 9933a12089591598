import assert from 'node:assert/strict'
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { join } from 'node:path'
import { afterEach, beforeAll, describe, it } from 'vitest'
import { atEnd, temporaryFolder } from '../runtime/support/runtimes'
import { postgresUrl, redisUrl } from '../support/services'
import { queueName, schema, type TestEngine, takeOverMs, testEngines } from './support/engines'

const root = join(__dirname, '../..')
const children = new Set<ChildProcess>()

// The processes that are killed run the built package; this does nothing when it is fresh.
beforeAll(() => {
  execFileSync(process.execPath, [join(root, '.ci/build.mjs')], { stdio: 'ignore' })
}, 120_000)

afterEach(() => {
  for (const child of children) child.kill('SIGKILL')
  children.clear()
})

type Mode = 'hold' | 'finish' | 'crash'

function start(engine: TestEngine, place: string, mode: Mode, jobs = 0) {
  const connection = engine.name === 'bullmq' ? { url: redisUrl } : { connectionString: postgresUrl, max: 3 }
  const script = join(__dirname, 'support/engine-child.cjs')
  const child = spawn(
    process.execPath,
    [script, join(root, 'dist'), engine.name, place, mode, String(jobs)],
    {
      env: {
        ...process.env,
        ENGINE_CONNECTION: JSON.stringify(connection),
        TAKE_OVER_MS: String(takeOverMs),
        SCHEMA: schema,
        STORAGE: temporaryFolder(),
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  children.add(child)
  let text = ''
  child.stdout.setEncoding('utf8').on('data', (piece: string) => {
    text += piece
  })
  const exited = new Promise<void>((resolve) => child.once('close', () => resolve()))
  const said = (word: string): string[] =>
    text.split('\n').flatMap((line) => (line.startsWith(`${word} `) ? [line.slice(word.length + 1)] : []))
  return {
    said,
    exited,
    async until(isSo: () => boolean, seconds = 30): Promise<void> {
      const deadline = Date.now() + seconds * 1_000
      while (!isSo()) {
        if (Date.now() > deadline) throw new Error(`it did not happen: ${isSo}; it said ${text}`)
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
    },
    async kill(): Promise<void> {
      child.kill('SIGKILL')
      await exited
    },
  }
}

for (const engine of testEngines) {
  describe.skipIf(!engine.isThere)(`deferred on ${engine.name}: a process that is killed`, () => {
    it('leaves its jobs to another one, which finishes them', async () => {
      const place = engine.name === 'log' ? temporaryFolder() : queueName()
      atEnd(() => engine.remove(place))
      const killed = start(engine, place, 'hold', 3)
      await killed.until(() => killed.said('started').length === 3)
      const ids = killed.said('enqueued').sort()
      const other = start(engine, place, 'finish')
      await killed.kill()

      await other.until(() => other.said('done').length >= 3)
      await other.kill()

      assert.deepEqual([...new Set(other.said('done'))].sort(), ids)
    }, 60_000)
  })
}

for (const engine of testEngines.filter(({ name }) => name !== 'log')) {
  describe.skipIf(!engine.isThere)(`deferred on ${engine.name}: a job that takes its process down`, () => {
    it('is dead after the third process', async () => {
      const place = queueName()
      atEnd(() => engine.remove(place))
      let started = 0
      for (let process = 0; process < 3; process++) {
        const crashing = start(engine, place, 'crash', process === 0 ? 1 : 0)
        await crashing.exited
        started += crashing.said('started').length
      }

      const last = start(engine, place, 'finish')
      await last.until(() => last.said('dead').length > 0)
      await last.kill()

      assert.equal(started, 3)
      assert.equal(last.said('dead')[0], 'crashed')
      assert.deepEqual(last.said('done'), [])
    }, 90_000)
  })
}
