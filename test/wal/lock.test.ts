import assert from 'node:assert/strict'
import { mkdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, it } from 'vitest'
import { LockUnavailableError } from '../../src/wal'
import { allLockWays, findLockWays, type LockWayName, LogLock } from '../../src/wal/lock'
import { Child, compiledSources } from './support/child'
import {
  LineKeeper,
  openTemporary,
  record,
  recoveredBy,
  recoverOnce,
  temporaryFolder,
  textsOf,
} from './support/temporary'

const sources = compiledSources()
const children: Child[] = []
afterEach(async () => {
  for (const child of children.splice(0)) await child.kill()
})

function holdInAnotherProcess(folder: string, name: LockWayName): Child {
  const child = new Child('hold-lock.cjs', sources, [folder, name])
  children.push(child)
  return child
}

for (const name of allLockWays) {
  const [way] = findLockWays([name])
  const cases = way === undefined ? describe.skip : describe

  cases(`wal: the lock by ${name}${way === undefined ? ' (not available here)' : ''}`, () => {
    it('is refused in the same process, and free again after release', () => {
      const folder = temporaryFolder()
      const lock = LogLock.take(folder, way!)

      assert.notEqual(lock, null)
      assert.equal(LogLock.take(folder, way!), null)
      lock!.release()
      lock!.release()
      const again = LogLock.take(folder, way!)
      assert.notEqual(again, null)
      again!.release()
    })

    it('is refused while another process lives, and free once that is killed', async () => {
      const folder = temporaryFolder()
      const child = holdInAnotherProcess(folder, name)
      assert.equal(await child.line(() => true), 'held')

      assert.equal(LogLock.take(folder, way!), null)
      await child.kill()
      const lock = LogLock.take(folder, way!)

      assert.notEqual(lock, null)
      assert.equal(await holdInAnotherProcess(folder, name).line(() => true), 'busy')
      lock!.release()
    })

    it('is not had on a folder that is gone, or was gone once the lock was taken', () => {
      const parent = temporaryFolder()
      const folder = join(parent, 'log')
      mkdirSync(folder)
      const remover = {
        ...way!,
        tryLock(file: number) {
          renameSync(folder, join(parent, 'removed'))
          return way!.tryLock(file)
        },
      }

      assert.equal(LogLock.take(folder, remover), null)
      assert.equal(LogLock.take(folder, way!), null)
    })

    it('is enough for a log, and names its folder', async () => {
      const folder = temporaryFolder()
      const log = await openTemporary(folder, { lockWays: [way!] })
      await log.add(record('kept'), 'sync').durable
      await log.close()

      assert.deepEqual(textsOf(await recoverOnce(folder, { lockWays: [way!] })), ['kept'])
    })
  })
}

describe('wal: kinds of locks', () => {
  it('prefer fs-ext, then the command, and have one way per kind', () => {
    const installed = findLockWays().map(({ name }) => name)

    assert.ok(installed.length > 0, 'no way to lock on this machine')
    assert.deepEqual(
      installed,
      allLockWays.filter((name) => installed.includes(name)),
    )
    assert.equal(new Set(findLockWays().map(({ kind }) => kind)).size, installed.length)
  })

  const [command] = findLockWays(['flock command'])
  const [fsExt] = findLockWays(['fs-ext'])
  it.skipIf(command === undefined || fsExt === undefined)(
    'fs-ext and the command see each other (skipped where either is not available)',
    () => {
      const folder = temporaryFolder()
      const lock = LogLock.take(folder, command!)

      assert.equal(LogLock.take(folder, fsExt!), null)
      lock!.release()
      const other = LogLock.take(folder, fsExt!)
      assert.equal(LogLock.take(folder, command!), null)
      other!.release()
    },
  )

  const [ofd] = findLockWays(['fs-native-extensions'])
  const canMix = ofd?.kind === 'ofd' && (fsExt ?? command) !== undefined
  it.skipIf(!canMix)(
    'a log whose kind cannot be tested is never taken (skipped where there is one kind only)',
    async () => {
      const folder = temporaryFolder()
      const flock = (fsExt ?? command)!
      const dead = await openTemporary(folder, { lockWays: [ofd!] })
      await dead.add(record('of the other kind'), 'sync').durable
      await dead.close()
      const logger = new LineKeeper()

      const withFlock = await openTemporary(folder, { lockWays: [flock], logger })
      const withBoth = await openTemporary(folder, { lockWays: [flock, ofd!] })

      assert.deepEqual(await recoveredBy(withFlock), [])
      assert.match(logger.lines[0]!.message, /locked by "ofd", which cannot be tested here/)
      assert.deepEqual(textsOf(await recoveredBy(withBoth)), ['of the other kind'])
      assert.equal(withBoth.id, dead.id)
    },
  )

  it('without any, opening fails and says what to install', async () => {
    const folder = temporaryFolder()

    await assert.rejects(openTemporary(folder, { lockWays: [] }), (error) => {
      assert.ok(error instanceof LockUnavailableError)
      assert.match(error.message, /RAGE_WAL_LOCK_UNAVAILABLE: .*npm install fs-native-extensions/)
      return true
    })
    rmSync(folder, { recursive: true })
  })
})
