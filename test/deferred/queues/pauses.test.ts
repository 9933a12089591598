import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'vitest'
import { Pauses } from '../../../src/deferred/queues/pauses'

let folder: string
let file: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pauses-'))
  file = join(folder, 'deferred', 'paused.json')
})

afterEach(() => rmSync(folder, { recursive: true, force: true }))

async function loaded(): Promise<Pauses> {
  const pauses = new Pauses(file)
  await pauses.load()
  return pauses
}

describe('deferred: paused queues', () => {
  it('are in force at once, and found by the next process', async () => {
    const pauses = await loaded()
    const written = pauses.set('mail', true)
    assert.deepEqual([pauses.has('mail'), pauses.has('other')], [true, false])
    await written

    assert.equal(readFileSync(file, 'utf8'), '{"v":1,"all":false,"queues":["mail"]}')
    assert.equal((await loaded()).has('mail'), true)

    await pauses.set('mail', false)
    assert.equal((await loaded()).has('mail'), false)
  })

  it('are all queues, without a name, and those paused by name stay when that is taken back', async () => {
    const pauses = await loaded()
    await pauses.set('mail', true)
    await pauses.set(null, true)
    assert.equal((await loaded()).has('whatever comes'), true)

    await pauses.set(null, false)

    const after = await loaded()
    assert.deepEqual([after.has('whatever comes'), after.has('mail')], [false, true])
  })

  it('of several processes of one folder are kept side by side', async () => {
    const [a, b] = [await loaded(), await loaded()]

    await a.set('mail', true)
    await b.set('reports', true)
    await a.set('mail', false)

    const after = await loaded()
    assert.deepEqual([after.has('mail'), after.has('reports')], [false, true])
  })

  it('changed many times at once end as the last change said, and leave one file', async () => {
    const pauses = await loaded()

    await Promise.all(Array.from({ length: 31 }, (_, index) => pauses.set('mail', index % 2 === 0)))

    assert.equal((await loaded()).has('mail'), true)
    assert.deepEqual(readdirSync(join(folder, 'deferred')), ['paused.json'])
  })

  it('hold in this process when they cannot be written down, and later changes are tried again', async () => {
    writeFileSync(join(folder, 'deferred'), 'in the way')
    const pauses = new Pauses(file)

    await assert.rejects(pauses.set('mail', true), { code: 'ENOTDIR' })
    assert.equal(pauses.has('mail'), true)

    rmSync(join(folder, 'deferred'))
    await pauses.set('reports', true)
    assert.equal((await loaded()).has('reports'), true)
  })

  for (const text of [
    '',
    '{',
    'null',
    '[]',
    '{"v":2,"all":false,"queues":[]}',
    '{"v":1,"all":"yes","queues":[]}',
  ]) {
    it(`are not read from ${JSON.stringify(text)}`, async () => {
      mkdirSync(join(folder, 'deferred'))
      writeFileSync(file, text)

      await assert.rejects(loaded())
    })
  }

  it('without a file end with the process', async () => {
    const pauses = new Pauses(null)
    await pauses.load()

    await pauses.set('mail', true)

    assert.equal(pauses.has('mail'), true)
  })
})
