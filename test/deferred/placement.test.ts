/** What was said about jobs, kept through the death of the process that was told: real files, SIGKILL, the built package. */
import assert from 'node:assert/strict'
import { type ChildProcess, execFileSync, fork } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeAll, beforeEach, describe, it } from 'vitest'
import type { DeferredStats, EnqueuedJob, EnqueueOptions } from '../../src/deferred'

type Figures = DeferredStats & { readonly ran: readonly unknown[] }

const root = join(__dirname, '../..')
let folder: string
let child: ChildProcess

// This does nothing when the package is built and fresh.
beforeAll(() => {
  execFileSync(process.execPath, [join(root, '.ci/build.mjs')], { stdio: 'ignore' })
}, 120_000)

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'placement-'))
  await begin()
})

afterEach(async () => {
  await kill()
  rmSync(folder, { recursive: true, force: true })
})

async function begin(): Promise<void> {
  child = fork(join(__dirname, 'support/placing-child.mjs'), [join(root, 'dist/src'), folder])
  await answer()
}

function kill(): Promise<void> {
  return new Promise((resolve) => {
    child.once('exit', () => resolve())
    child.kill('SIGKILL')
  })
}

function answer<T>(): Promise<T> {
  return new Promise((resolve, reject) => {
    child.once('message', (message) => resolve(message as T))
    child.once('exit', (code) => reject(new Error(`the process ended with code ${code}`)))
  })
}

function ask<T>(question: object): Promise<T> {
  child.send(question)
  return answer()
}

const enqueue = (args: unknown, options: EnqueueOptions = {}) =>
  ask<EnqueuedJob>({ enqueue: [args, options] })

async function ranOf(count: number): Promise<Figures> {
  for (let tries = 0; tries < 400; tries++) {
    const figures = await ask<Figures>({ stats: true })
    if (figures.ran.length >= count && figures.running === 0) return figures
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  throw new Error(`${count} jobs did not run`)
}

describe('deferred: a process that is killed', () => {
  it('leaves keys in force: of jobs that wait, and of those that are over while their window lasts', async () => {
    const waiting = await enqueue('later', { unique: 'a', delay: 3_600 })
    const over = await enqueue('at once', { unique: 'b', uniqueFor: 3_600 })
    const freed = await enqueue('at once', { unique: 'c' })
    await ranOf(2)
    // The ends of jobs are written within 50 ms, and nobody waits for them.
    await new Promise((resolve) => setTimeout(resolve, 300))
    await kill()

    await begin()

    assert.deepEqual(await enqueue('again', { unique: 'a' }), { ...waiting, duplicate: true })
    assert.deepEqual(await enqueue('again', { unique: 'b' }), { ...over, duplicate: true })
    const third = await enqueue('again', { unique: 'c' })
    assert.deepEqual([third.duplicate, third.id === freed.id], [false, false])
    assert.deepEqual((await ranOf(1)).ran, ['again'])
  }, 60_000)

  it('leaves queues paused, and jobs in their queues by their priorities', async () => {
    await ask({ pause: 'mail' })
    await enqueue('late', { queue: 'mail', priority: 5 })
    await enqueue('urgent', { queue: 'mail', priority: -5 })
    await kill()

    await begin()
    await enqueue('other')

    const { queues, ran } = await ranOf(1)
    assert.deepEqual(ran, ['other'])
    assert.deepEqual([queues.mail?.paused, queues.mail?.queued], [true, 2])
  }, 60_000)
})
