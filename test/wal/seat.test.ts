import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'vitest'
import { Seat } from '../../src/wal'
import { temporaryFolder } from './support/temporary'

describe('wal: a seat', () => {
  it('is had by one at a time, and free once that one lets go', async () => {
    const folder = join(temporaryFolder(), 'made', 'when missing')
    const first = new Seat(folder, 'seat')
    const second = new Seat(folder, 'seat')

    assert.equal(await first.take(), true)
    assert.equal(await second.take(), false)
    first.release()
    first.release()
    assert.equal(await second.take(), true)
    second.release()
  })

  it('keeps what was written for the next one, the whole of it', async () => {
    const folder = temporaryFolder()
    const first = new Seat(folder, 'seat')
    assert.equal(await first.read(), null)
    await first.take()
    await first.write('one')
    await first.write('two')
    first.release()
    // As a crash in the middle of a write leaves it.
    writeFileSync(join(folder, 'seat.next'), 'thr')

    assert.equal(await new Seat(folder, 'seat').read(), 'two')
  })
})
