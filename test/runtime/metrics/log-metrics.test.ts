import assert from 'node:assert'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'vitest'
import { Task } from '../../../src'
import { makeRage, temporaryFolder } from '../support/runtimes'
import { valuesOf } from './support/values'

class Kept extends Task {
  perform() {}
}

function bootable(storage: string) {
  const { rage } = makeRage({ metrics: true, storage })
  rage.register(Kept)
  return rage
}

describe('log metrics', () => {
  it('are those of the log of the process', async () => {
    const rage = bootable(temporaryFolder())
    await rage.boot()
    const of = (name: string): number => valuesOf(rage, `rage_wal_${name}`)[0]![1]
    const [syncs, commits] = [of('sync_duration_seconds'), of('commits_total')]

    for (let n = 0; n < 4; n++) await Kept.enqueue(undefined, { delay: 60 })

    assert.equal(of('sync_duration_seconds') - syncs, 4)
    assert.equal(of('commits_total') - commits, 4)
    assert.deepEqual(
      [of('bytes'), of('segments'), of('healthy'), of('quarantined_total')],
      [1_048_576, 1, 1, 0],
    )
  })

  it('count places that were damaged', async () => {
    const storage = temporaryFolder()
    const first = bootable(storage)
    await first.boot()
    for (let n = 0; n < 3; n++) await Kept.enqueue(undefined, { delay: 60 })
    await first.stop()
    damage(join(storage, 'deferred'))

    const second = bootable(storage)
    await second.boot()

    assert.deepEqual(valuesOf(second, 'rage_wal_quarantined_total'), [['', 1]])
  })

  it('have no values before boot is over', async () => {
    const rage = bootable(temporaryFolder())
    const booting = rage.boot()

    assert.deepEqual(valuesOf(rage, 'rage_wal_bytes'), [])
    await booting
    assert.equal(valuesOf(rage, 'rage_wal_bytes').length, 1)
  })
})

/** Flips a bit in the middle job of three. */
function damage(folder: string): void {
  const file = readdirSync(folder, { recursive: true, encoding: 'utf8' }).find((name) => /\.wal$/.test(name))!
  const path = join(folder, file)
  const bytes = readFileSync(path)
  const [, second] = [...bytes.toString('latin1').matchAll(/Kept/g)].map(({ index }) => index)
  bytes[second!]! ^= 1
  writeFileSync(path, bytes)
}
