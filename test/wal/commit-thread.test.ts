import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { scrypt } from 'node:crypto'
import { closeSync, openSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, onTestFinished } from 'vitest'
import type { CommitTask } from '../../src/wal/commit'
import { ThreadCommitter } from '../../src/wal/commit-thread'
import { temporaryFolder } from './support/temporary'

async function startThread(): Promise<ThreadCommitter> {
  const committer = await ThreadCommitter.start()
  onTestFinished(() => committer.close())
  return committer
}

function openFile(name = 'file') {
  const path = join(temporaryFolder(), name)
  const file = openSync(path, 'w+')
  onTestFinished(() => closeSync(file))
  return { path, file }
}

function taskOf(file: number, text: string, position: number, more: Partial<CommitTask> = {}): CommitTask {
  const bytes = new Uint8Array(new SharedArrayBuffer(text.length))
  bytes.set(Buffer.from(text))
  return { file, bytes, position, salt: null, sync: true, place: null, written: null, ...more }
}

describe('wal: commits on a thread', () => {
  it('are done in the order given, whether they sync or not', async () => {
    const committer = await startThread()
    const { path, file } = openFile()
    const order: string[] = []
    const give = (text: string, position: number, sync: boolean) =>
      committer
        .commit(taskOf(file, text, position, { sync, written: () => order.push(`${text} written`) }))
        .then(() => order.push(`${text} done`))

    await Promise.all([give('one', 0, true), give('two', 3, false), give('three', 6, true)])

    assert.equal(readFileSync(path, 'utf8'), 'onetwothree')
    for (const text of ['one', 'two', 'three'])
      assert.ok(order.indexOf(`${text} written`) < order.indexOf(`${text} done`), text)
    const isDone = (line: string) => line.endsWith('done')
    assert.deepEqual(order.filter(isDone), ['one done', 'two done', 'three done'])
    assert.equal(committer.waiting, 0)
    assert.ok(committer.lastSyncMs > 0)
  })

  it('fail with the error of the system, and nothing is written after', async () => {
    const committer = await startThread()
    const { path, file } = openFile()

    const failed = committer.commit(taskOf(1_000_000, 'nowhere', 0))
    const later = committer.commit(taskOf(file, 'later', 0))

    await assert.rejects(failed, { code: 'EBADF', syscall: 'write' })
    await assert.rejects(later)
    await assert.rejects(committer.commit(taskOf(file, 'latest', 0)))
    assert.equal(readFileSync(path, 'utf8'), '')
  })

  it('fail when the file no longer lies at its place', async () => {
    const committer = await startThread()
    const { path, file } = openFile()
    const place = { path, inode: statSync(path).ino }
    await committer.commit(taskOf(file, 'here', 0, { place }))

    renameSync(path, `${path}.moved`)
    writeFileSync(path, 'another file')

    await assert.rejects(committer.commit(taskOf(file, 'gone', 4, { place })), /has been replaced/)
  })

  it('do not wait for a pool that is full of hashing', async () => {
    const committer = await startThread()
    const { path, file } = openFile()
    const order: string[] = []
    const hashes = Array.from({ length: 8 }, () => {
      return new Promise<void>((resolve, reject) => {
        scrypt('password', 'salt', 64, { N: 2 ** 15, maxmem: 2 ** 27 }, (error) => {
          order.push('hash')
          if (error === null) resolve()
          else reject(error)
        })
      })
    })

    await committer.commit(taskOf(file, 'stored', 0, { place: { path, inode: statSync(path).ino } }))
    order.push('commit')
    await Promise.all(hashes)

    assert.equal(order[0], 'commit')
  })

  it('are all done when it closes, and the thread is gone', async () => {
    const committer = await startThread()
    const { path, file } = openFile()
    const commits = Array.from({ length: 20 }, (_, i) => committer.commit(taskOf(file, 'x', i)))

    await committer.close()
    await Promise.all(commits)

    assert.equal(readFileSync(path, 'utf8'), 'x'.repeat(20))
    await assert.rejects(committer.commit(taskOf(file, 'late', 0)), /has ended/)
  })

  it('keep the process alive until they are done, and not longer; what it preloads stays off the thread', () => {
    const folder = temporaryFolder()
    const preload = join(folder, 'preload.cjs')
    writeFileSync(preload, 'console.log(require("node:worker_threads").isMainThread ? "main" : "thread")')
    const script = `
      const { createRage, Task } = require(${JSON.stringify(process.cwd())})
      class Note extends Task { perform() {} }
      const rage = createRage({ root: ${JSON.stringify(folder)}, logger: { level: 'silent' } })
      rage.register(Note)
      Note.enqueue(undefined, { delay: 3600 }).then(() => console.log('stored'))
    `

    const { stdout, stderr, status } = spawnSync(process.execPath, ['--require', preload, '-e', script], {
      encoding: 'utf8',
      timeout: 20_000,
      env: { ...process.env, NODE_OPTIONS: `--require ${preload}` },
    })

    assert.equal(status, 0, stderr)
    const [last, ...preloads] = stdout.trim().split('\n').reverse()
    assert.equal(last, 'stored')
    assert.ok(preloads.length > 0 && preloads.every((line) => line === 'main'), stdout)
  })

  it('go to the pool where the process may have no threads, and say so', () => {
    const script = `
      require('node:worker_threads').Worker = class { constructor() { throw new Error('no threads here') } }
      const { createRage, Task } = require(${JSON.stringify(process.cwd())})
      class Note extends Task { perform() {} }
      const rage = createRage({ root: ${JSON.stringify(temporaryFolder())}, logger: { level: 'warn', format: 'json' } })
      rage.register(Note)
      Note.enqueue(undefined, { delay: 3600 }).then(() => console.log('stored'))
    `

    const { stdout, stderr } = spawnSync(process.execPath, ['-e', script], {
      encoding: 'utf8',
      timeout: 20_000,
    })

    assert.match(stdout, /its commits share the pool.*stored/s, stderr)
  })
})
