import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, it } from 'vitest'
import type { Entry } from '../../src/wal'
import { encodeSegmentHeader } from '../../src/wal/codec'
import { PoolCommitter } from '../../src/wal/commit'
import type { Log } from '../../src/wal/log'
import { Child, compiledSources } from './support/child'
import {
  LineKeeper,
  openTemporary,
  record,
  recoverOnce,
  systemError,
  temporaryFolder,
  textsOf,
  WatchedCommitter,
} from './support/temporary'

const sources = compiledSources()
const children: Child[] = []
afterEach(async () => {
  for (const child of children.splice(0)) await child.kill()
})

async function processWith(folder: string, ...args: readonly string[]): Promise<Child> {
  const child = new Child('add-some.cjs', sources, [folder, ...args])
  children.push(child)
  await child.line((line) => line === 'ready')
  return child
}

/** Resolves with the texts of the next entries that are handed over. */
function adopted(log: Log): Promise<string[]> {
  return new Promise((resolve) => {
    log.watch((entries: readonly Entry[]) => {
      if (entries.length > 0) resolve(textsOf(entries))
    })
  })
}

function logFolders(folder: string): string[] {
  return readdirSync(folder).filter((name) => /^(flock|ofd|lockfileex)-/.test(name))
}

describe('wal: the log of a process that is killed', () => {
  it('is adopted by a sibling within two seconds, in the order of its entries', async () => {
    const folder = temporaryFolder()
    const log = await openTemporary(folder)
    const handedOver = adopted(log)
    const child = await processWith(folder, 'one', 'two', 'three')

    await child.kill()
    const killedAt = performance.now()
    const texts = await handedOver

    assert.deepEqual(texts, ['one', 'two', 'three'])
    assert.ok(performance.now() - killedAt < 2_000, `${performance.now() - killedAt} ms`)
    await log.close()
    assert.deepEqual(textsOf(await recoverOnce(folder)), ['one', 'two', 'three'])
    assert.deepEqual(logFolders(folder).length, 1)
  })

  it('is adopted once, by one of several siblings that live', async () => {
    const folder = temporaryFolder()
    const texts = Array.from({ length: 50 }, (_, n) => `entry ${n}`)
    const watchers = await Promise.all(['a', 'b', 'c'].map(() => processWith(folder, '--watch')))
    const victim = await processWith(folder, ...texts)

    await victim.kill()
    await Promise.race(watchers.map((child) => child.line((line) => line === 'adopted entry 49')))
    await new Promise((resolve) => setTimeout(resolve, 1_500))

    const lines = watchers.flatMap((child) => child.lines.filter((line) => line.startsWith('adopted')))
    assert.deepEqual(
      lines,
      texts.map((text) => `adopted ${text}`),
    )
  })

  it('is adopted with what it had adopted itself, however soon one death follows the other', async () => {
    const folder = temporaryFolder()
    const first = await processWith(folder, '--watch', 'of the first')
    const second = await processWith(folder, '--watch', 'of the second')
    await first.kill()
    await second.line((line) => line === 'adopted of the first')
    await second.kill()

    assert.deepEqual(textsOf(await recoverOnce(folder)).sort(), ['of the first', 'of the second'])
  })

  it('is left alone while its process lives, stopped or not', async () => {
    const folder = temporaryFolder()
    const log = await openTemporary(folder, { siblingMs: 20 })
    let handedOver = 0
    log.watch((entries) => {
      handedOver += entries.length
    })
    const child = await processWith(folder, 'mine')

    child.process.kill('SIGSTOP')
    await new Promise((resolve) => setTimeout(resolve, 300))
    child.process.kill('SIGCONT')

    assert.equal(handedOver, 0)
    assert.equal(logFolders(folder).length, 2)
  })

  it('is left alone after the watch has ended', async () => {
    const folder = temporaryFolder()
    const log = await openTemporary(folder, { siblingMs: 20 })
    const end = log.watch(() => assert.fail('nothing is adopted any more'))
    const child = await processWith(folder, 'one')
    end()

    await child.kill()
    await new Promise((resolve) => setTimeout(resolve, 200))

    assert.equal(logFolders(folder).length, 2)
  })

  const canUnshare = (() => {
    try {
      execFileSync('unshare', ['--uts', '--pid', '--fork', 'true'], { stdio: 'ignore' })
      return true
    } catch {
      return false
    }
  })()
  it.skipIf(!canUnshare)(
    'is found by a container with another host name and the same pids (skipped where namespaces cannot be made)',
    async () => {
      const folder = temporaryFolder()
      const child = await processWith(folder, 'on the old volume')
      await child.kill()
      const script = `hostname another; exec ${process.execPath} ${join(__dirname, 'support/add-some.cjs')} ${folder} --watch`
      const args = ['--uts', '--pid', '--fork', '--kill-child', 'sh', '-c', script]
      const { spawn } = await import('node:child_process')
      const container = spawn('unshare', args, { env: { ...process.env, RAGE_SOURCES: sources } })
      await new Promise((resolve) => container.stdout.once('data', resolve))
      assert.equal(logFolders(folder).length, 1)
      container.kill('SIGKILL')
      await new Promise((resolve) => container.once('close', resolve))

      assert.deepEqual(textsOf(await recoverOnce(folder)), ['on the old volume'])
    },
  )
})

describe('wal: an adoption that meets trouble', () => {
  it('is taken back when the disk has no room, and made once there is', async () => {
    const folder = temporaryFolder()
    const committer = new WatchedCommitter()
    const log = await openTemporary(folder, { committer, filler: committer, siblingMs: 20, roomRetryMs: 20 })
    const child = await processWith(
      folder,
      ...Array.from({ length: 30 }, (_, n) => `${n} ${'x'.repeat(1_000)}`),
    )
    let isFull = true
    // New segments cannot be made.
    committer.fault = ({ salt }) => (isFull && salt === null ? systemError('ENOSPC', 'write') : null)
    const handedOver = adopted(log)

    await child.kill()
    while (log.health.state !== 'full') await new Promise((resolve) => setTimeout(resolve, 10))
    assert.equal(logFolders(folder).length, 2)
    isFull = false

    assert.equal((await handedOver).length, 30)
    await log.close()
    const texts = textsOf(await recoverOnce(folder))
    assert.equal(new Set(texts).size, 30)
    assert.equal(texts.length, 30)
  })

  it('by a log that fails on the way leaves both to the next boot, which counts each entry once', async () => {
    const folder = temporaryFolder()
    const committer = new WatchedCommitter()
    const log = await openTemporary(folder, { committer, filler: new PoolCommitter(), siblingMs: 20 })
    log.watch(() => assert.fail('it was not adopted'))
    await log.add(record('own'), 'sync').durable
    const child = await processWith(folder, 'one', 'two')
    committer.fault = () => systemError('EIO', 'write')

    await child.kill()
    while (log.health.state !== 'failed') await new Promise((resolve) => setTimeout(resolve, 10))
    await log.close()

    assert.deepEqual(textsOf(await recoverOnce(folder)).sort(), ['one', 'own', 'two'])
  })

  it('leaves a log of a newer version alone, and says so once', async () => {
    const folder = temporaryFolder()
    const logger = new LineKeeper()
    const log = await openTemporary(folder, { logger, siblingMs: 10 })
    log.watch(() => undefined)
    const [own] = logFolders(folder)
    const id = 'ab'.repeat(16)
    const other = join(folder, `${own!.split('-')[0]}-${id}`)
    mkdirSync(other)
    const header = encodeSegmentHeader({ segment: 1, logId: id, nextSequence: 1, createdAt: 0 })
    header.writeUInt16LE(9, 8)
    header.writeUInt32LE(0, 12)
    header.writeUInt32LE((await import('node:zlib')).crc32(header), 12)
    writeFileSync(join(other, '0000000000000001.wal'), header)

    while (logger.lines.length === 0) await new Promise((resolve) => setTimeout(resolve, 10))
    await new Promise((resolve) => setTimeout(resolve, 100))

    assert.deepEqual(logger.codes(), ['RAGE_WAL_NEWER_FORMAT'])
    assert.equal(logFolders(folder).length, 2)
  })
})

describe('wal: a process alone in its folder', () => {
  it('arms no timer', async () => {
    const folder = temporaryFolder()
    const log = await openTemporary(folder)
    log.watch(() => undefined)
    await new Promise((resolve) => setTimeout(resolve, 100))

    const timers = process.getActiveResourcesInfo().filter((name) => name === 'Timeout')
    await log.close()
    const left = process.getActiveResourcesInfo().filter((name) => name === 'Timeout')

    assert.deepEqual(timers, left)
  })
})
