import assert from 'node:assert/strict'
import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'vitest'
import { type EntryLog, StorageUnusableError } from '../../src/wal'
import { Child, compiledSources } from './support/child'
import {
  LineKeeper,
  openTemporary,
  record,
  recoveredBy,
  recoverOnce,
  systemError,
  temporaryFolder,
  textsOf,
  WatchedCommitter,
} from './support/temporary'

const sources = compiledSources()

/** Two logs of processes that are gone, side by side, with these entries. */
async function deadLogs(own: readonly string[], other: readonly string[]): Promise<string> {
  const folder = temporaryFolder()
  const logs = [await openTemporary(folder), await openTemporary(folder)]
  for (const [i, texts] of [own, other].entries()) {
    for (const text of texts) await addNoted(logs[i]!, text)
    await logs[i]!.close()
  }
  return folder
}

async function addNoted(log: EntryLog, text: string): Promise<void> {
  const { sequence } = log.add(record(text), 'none')
  await log.note(sequence, record(`note on ${text}`), 'sync')
}

function logFolders(folder: string): string[] {
  return readdirSync(folder).filter((name) => /^(flock|ofd|lockfileex)-/.test(name))
}

describe('wal: opening', () => {
  it('makes the folder, and everything above it', async () => {
    const folder = join(temporaryFolder(), 'storage', 'deferred')

    await openTemporary(folder)

    assert.equal(logFolders(folder).length, 1)
  })

  it('makes them together with others that open their first log at the same moment', async () => {
    const folder = join(temporaryFolder(), 'app', 'storage', 'deferred')

    await Promise.all(Array.from({ length: 8 }, () => openTemporary(folder)))

    assert.equal(logFolders(folder).length, 8)
  })

  it('continues the log of a process that is gone, in a new segment', async () => {
    const folder = temporaryFolder()
    const first = await openTemporary(folder)
    await first.add(record('one'), 'sync').durable
    await first.close()

    const second = await openTemporary(folder)

    assert.equal(second.id, first.id)
    assert.deepEqual(textsOf(await recoveredBy(second)), ['one'])
    assert.deepEqual(
      readdirSync(join(folder, logFolders(folder)[0]!)).filter((name) => name.endsWith('.wal')),
      ['0000000000000001.wal', '0000000000000002.wal'],
    )
  })

  it('leaves the log of a living process alone, in this process too', async () => {
    const folder = temporaryFolder()
    const first = await openTemporary(folder)
    await first.add(record('mine'), 'sync').durable

    const second = await openTemporary(folder)
    await second.add(record('yours'), 'sync').durable

    assert.notEqual(second.id, first.id)
    assert.deepEqual(await recoveredBy(second), [])
  })

  it('by two processes gives each a log of its own, and the next one takes both', async () => {
    const folder = temporaryFolder()
    const children = ['a', 'b'].map((name) => new Child('add-forever.cjs', sources, [folder, name]))
    for (const child of children) {
      assert.equal(await child.line((line) => line.startsWith('ready')), 'ready 0')
      await child.line((line) => line.startsWith('added'))
    }
    assert.equal(logFolders(folder).length, 2)

    for (const child of children) await child.kill()
    const entries = textsOf(await recoverOnce(folder))

    assert.ok(entries.some((text) => text.startsWith('a-')))
    assert.ok(entries.some((text) => text.startsWith('b-')))
    assert.equal(logFolders(folder).length, 1)
  })

  it('fails with what to do when the folder is a file, or cannot be made', async () => {
    const file = join(temporaryFolder(), 'a-file')
    writeFileSync(file, '')

    for (const folder of [file, join(file, 'below'), '/proc/rage-wal']) {
      await assert.rejects(openTemporary(folder), (error) => {
        assert.ok(error instanceof StorageUnusableError)
        assert.match(error.message, /RAGE_WAL_STORAGE_UNUSABLE: The folder ".*" cannot hold a log: E/)
        return true
      })
    }
  })

  it.skipIf(process.getuid?.() === 0)(
    'fails when the folder may not be written (skipped for root)',
    async () => {
      const folder = temporaryFolder()
      chmodSync(folder, 0o500)

      await assert.rejects(openTemporary(folder), StorageUnusableError)
      chmodSync(folder, 0o700)
    },
  )

  it('leaves a log alone that cannot be locked or read, says so, and goes on', async () => {
    const folder = temporaryFolder()
    mkdirSync(join(folder, `flock-${'0a'.repeat(16)}`, 'LOCK'), { recursive: true })
    mkdirSync(join(folder, `flock-${'0b'.repeat(16)}`, '0000000000000001.wal'), { recursive: true })
    const logger = new LineKeeper()

    const log = await openTemporary(folder, { logger })
    await log.add(record('works'), 'sync').durable

    assert.deepEqual(
      logger.lines.map(({ message }) => message),
      ['A log cannot be locked; it was left alone.', 'A log cannot be read; it was left alone.'],
    )
    assert.equal(logFolders(folder).length, 3)
  })

  it('that fails gives the locks back', async () => {
    const folder = await deadLogs(['one'], ['two'])
    const committer = new WatchedCommitter()
    committer.fault = () => systemError('EIO', 'write')

    await assert.rejects(openTemporary(folder, { committer }), StorageUnusableError)

    assert.deepEqual(textsOf(await recoverOnce(folder)).sort(), ['one', 'two'])
  })
})

describe('wal: adoption', () => {
  it('brings the entries of other logs over, notes included, under new sequences', async () => {
    const folder = await deadLogs(['own 1', 'own 2'], ['other'])
    const logger = new LineKeeper()

    const log = await openTemporary(folder, { logger })
    const recovered = await recoveredBy(log)

    assert.deepEqual(textsOf(recovered), ['own 1', 'own 2', 'other'])
    assert.equal(recovered[2]!.sequence, 3)
    assert.equal(Buffer.from(recovered[2]!.note!.body).toString(), 'note on other')
    assert.deepEqual(logFolders(folder).length, 1)
    assert.ok(logger.lines.some(({ message }) => message === 'Adopted the log of a process that is gone.'))

    await log.settle(3, record(''), 'sync')
    await log.close()
    assert.deepEqual(textsOf(await recoverOnce(folder)), ['own 1', 'own 2'])
  })

  it('removes dead logs without entries', async () => {
    const folder = await deadLogs([], [])

    await openTemporary(folder)

    assert.equal(logFolders(folder).length, 1)
  })

  it('brings every entry over exactly once when it is interrupted at any write', async () => {
    const source = await deadLogs(['own 1', 'own 2'], ['other 1', 'other 2', 'other 3'])
    let isInterrupted = true
    for (let last = 0; isInterrupted; last++) {
      const folder = temporaryFolder()
      cpSync(source, folder, { recursive: true })
      const committer = new WatchedCommitter()
      committer.fault = () => (committer.tasks.length >= last ? systemError('EIO', 'write') : null)

      isInterrupted = await openTemporary(folder, { committer }).then(
        (log) => log.close().then(() => false),
        () => true,
      )

      for (const boot of ['first', 'second']) {
        const found = textsOf(await recoverOnce(folder)).sort()
        assert.deepEqual(
          found,
          ['other 1', 'other 2', 'other 3', 'own 1', 'own 2'],
          `write ${last}, ${boot} boot`,
        )
      }
      assert.ok(last < 50)
    }
  })

  it('does not repeat what it had brought over when only the removal was missing', async () => {
    const source = await deadLogs(['own 1', 'own 2'], ['other'])
    const [before, after] = [temporaryFolder(), temporaryFolder()]
    cpSync(source, before, { recursive: true })
    cpSync(source, after, { recursive: true })
    await recoverOnce(after)
    const gone = logFolders(before).filter((name) => !existsSync(join(after, name)))
    for (const name of gone) cpSync(join(before, name), join(after, name), { recursive: true })

    const entries = textsOf(await recoverOnce(after))

    assert.equal(gone.length, 1)
    assert.deepEqual(entries, ['own 1', 'own 2', 'other'])
    assert.equal(logFolders(after).length, 1)
  })

  it('finishes a removal that was interrupted', async () => {
    const folder = temporaryFolder()
    mkdirSync(join(folder, `removed-${'ab'.repeat(16)}`))
    writeFileSync(join(folder, `removed-${'ab'.repeat(16)}`, '0000000000000001.wal'), 'half')

    await openTemporary(folder)

    assert.equal(logFolders(folder).length, 1)
  })
})
