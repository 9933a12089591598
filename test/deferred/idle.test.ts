/** What a queue costs that has nothing to do, or far more to do than it can: in a process of its own, by the built package. */
import assert from 'node:assert/strict'
import { type ChildProcess, execFileSync, fork } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeAll, beforeEach, describe, it } from 'vitest'

const root = join(__dirname, '../..')
let folder: string
let child: ChildProcess

// This does nothing when the package is built and fresh.
beforeAll(() => {
  execFileSync(process.execPath, [join(root, '.ci/build.mjs')], { stdio: 'ignore' })
}, 120_000)

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'idle-'))
  child = fork(join(__dirname, 'support/idle-child.mjs'), [join(root, 'dist/src'), folder])
  await answer()
})

afterEach(async () => {
  child.kill('SIGKILL')
  await new Promise((resolve) =>
    child.exitCode === null && child.signalCode === null ? child.once('exit', resolve) : resolve(0),
  )
  rmSync(folder, { recursive: true, force: true })
})

function answer<T>(): Promise<T> {
  return new Promise((resolve, reject) => {
    child.once('message', (message) => resolve(message as T))
    child.once('exit', (code) => reject(new Error(`the process ended with code ${code}`)))
  })
}

describe('deferred: a queue with nothing to do', () => {
  it('has no timer armed and takes no processor time, limits and a paused queue included', async () => {
    child.send({ idle: 2_000 })
    const { timers, resources, cpuMs } = await answer<{ timers: []; resources: []; cpuMs: number }>()

    assert.deepEqual([timers, resources], [[], []])
    assert.ok(cpuMs < 20, `2 s of rest took ${cpuMs} ms of processor time`)
  }, 60_000)
})

describe('deferred: 50,000 jobs that take for ever', () => {
  it('run ten at a time, fit into memory and leave HTTP alone', async () => {
    child.send({ slow: 50_000 })
    const { queued, runs, most, megabytes, answers, longestMs } = await answer<Record<string, number>>()

    assert.deepEqual([queued, runs, most], [49_990, 10, 10])
    assert.ok(megabytes! < 200, `they took ${megabytes} MB`)
    assert.ok(answers! > 20, `${answers} requests were answered`)
    assert.ok(longestMs! < 1_000, `a request waited ${longestMs} ms`)
  }, 60_000)
})
