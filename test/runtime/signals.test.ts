import assert from 'node:assert/strict'
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { beforeAll, describe, it } from 'vitest'
import { atEnd, eventually, temporaryFolder } from './support/runtimes'

const root = join(import.meta.dirname, '../..')
const script = join(import.meta.dirname, 'support/signalled.cjs')

interface Run {
  readonly child: ChildProcess
  readonly said: string[]
  /** Resolves with the exit code and signal. */
  readonly ended: Promise<[number | null, string | null]>
}

function start(...flags: string[]): Run {
  const child = spawn(process.execPath, [script, temporaryFolder(), ...flags], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  atEnd(() => void child.kill('SIGKILL'))
  const said: string[] = []
  createInterface({ input: child.stdout! }).on('line', (line) => said.push(line))
  return { child, said, ended: once(child, 'exit') as Promise<[number | null, string | null]> }
}

const started = ({ said }: Run, jobs: number): Promise<unknown> =>
  eventually(() => said.filter((line) => line === 'job started').length === jobs, 'the start of the jobs')

describe('runtime: SIGTERM', () => {
  // The child uses the built package, as applications do.
  beforeAll(() => void execFileSync(process.execPath, ['.ci/build.mjs'], { cwd: root }), 120_000)

  it('lets running jobs finish, and then ends the process as it would have without us', async () => {
    const run = start()
    await started(run, 1)

    run.child.kill('SIGTERM')

    assert.deepEqual(await run.ended, [null, 'SIGTERM'])
    assert.deepEqual(run.said, ['job started', 'job ended'])
  })

  it('drains every runtime of the process before it ends', async () => {
    const run = start('--two')
    await started(run, 2)

    run.child.kill('SIGTERM')

    assert.deepEqual(await run.ended, [null, 'SIGTERM'])
    assert.equal(run.said.filter((line) => line === 'job ended').length, 2)
  })

  it.each(['--own-listener', '--own-once'])('leaves the end to an app that handles it: %s', async (flag) => {
    const run = start(flag)
    await started(run, 1)

    run.child.kill('SIGTERM')
    await eventually(() => run.said.includes('job ended'), 'the drain')
    await new Promise((resolve) => setTimeout(resolve, 200))

    assert.equal(run.child.exitCode, null)
    assert.equal(run.child.signalCode, null)
    assert.ok(run.said.includes('own listener'))
  })

  it('does not wait longer than drainMs for a job without end', async () => {
    const run = start('--endless')
    await started(run, 1)

    run.child.kill('SIGTERM')

    assert.deepEqual(await run.ended, [null, 'SIGTERM'])
  })

  it('given twice ends the process at once', async () => {
    const run = start()
    await started(run, 1)

    run.child.kill('SIGTERM')
    await new Promise((resolve) => setTimeout(resolve, 50))
    run.child.kill('SIGTERM')

    assert.deepEqual(await run.ended, [null, 'SIGTERM'])
    assert.deepEqual(run.said, ['job started'])
  })
})
