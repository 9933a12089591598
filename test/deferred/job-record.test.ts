import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import { Task } from '../../src/deferred'
import { Job } from '../../src/deferred/job'
import {
  addedRecord,
  deadRecord,
  decodeAdded,
  decodeDeath,
  releasedRecord,
  retryRecord,
  startedRecord,
} from '../../src/deferred/job-record'
import { compileTask } from '../../src/deferred/task-plan'
import type { EntryRecord, NewRecord } from '../../src/wal'

class SendReceipt extends Task<{ orderId: string }> {
  override perform(): void {}
}

function makeJob(): Job {
  return new Job(
    'mjx0:000000001',
    compileTask(SendReceipt),
    '{"orderId":"7"}',
    { id: 'req-1' },
    1_700_000_000_000,
  )
}

/** As the log gives it back. */
function asRead(record: NewRecord): EntryRecord {
  return { ...record, body: Buffer.from(record.body) }
}

describe('deferred: a job in the log', () => {
  it('is a header line and its arguments', () => {
    const { type, count, time, body } = addedRecord(makeJob())

    assert.deepEqual([type, count, time], [1, 0, 1_700_000_000_000])
    assert.equal(
      Buffer.from(body).toString(),
      '{"v":1,"id":"mjx0:000000001","task":"SendReceipt","context":{"id":"req-1"}}\n{"orderId":"7"}',
    )
  })

  it('reads back as it was written', () => {
    assert.deepEqual(decodeAdded(asRead(addedRecord(makeJob()))), {
      id: 'mjx0:000000001',
      task: 'SendReceipt',
      carrier: { id: 'req-1' },
      queue: 'default',
      priority: 0,
      unique: null,
      enqueuedAt: 1_700_000_000_000,
      links: null,
      args: '{"orderId":"7"}',
    })
  })

  it('says its queue, priority and unique key where they are not the usual', () => {
    const job = makeJob()
    job.queue = 'mail'
    job.priority = -5
    job.unique = { key: 'order "7"', until: 1_700_000_060_000 }

    const record = addedRecord(job)

    assert.equal(
      Buffer.from(record.body).toString().split('\n')[0],
      '{"v":1,"id":"mjx0:000000001","task":"SendReceipt","context":{"id":"req-1"},' +
        '"queue":"mail","priority":-5,"unique":{"key":"order \\"7\\"","until":1700000060000}}',
    )
    const { queue, priority, unique } = decodeAdded(asRead(record))
    assert.deepEqual([queue, priority, unique], ['mail', -5, job.unique])
  })

  it('with a place that is not understood is taken for a usual one', () => {
    const header =
      '{"v":1,"id":"x:1","task":"T","context":{"id":"r"},"queue":7,"priority":"1","unique":{"key":1}}'

    const { queue, priority, unique } = decodeAdded({
      type: 1,
      count: 0,
      time: 0,
      body: Buffer.from(`${header}\n`),
    })

    assert.deepEqual([queue, priority, unique], ['default', 0, null])
  })

  it('notes the attempt that begins, and former crashes in one byte', () => {
    const job = makeJob()
    assert.deepEqual(startedRecord(job), { type: 2, count: 1, time: 0, body: new Uint8Array(0) })

    job.attempts = 3
    job.crashes = 2
    assert.deepEqual(startedRecord(job), { type: 2, count: 4, time: 0, body: Uint8Array.of(2) })
    assert.deepEqual(releasedRecord(job), { type: 4, count: 3, time: 0, body: Uint8Array.of(2) })
  })

  it('notes when it is tried again and what went wrong', () => {
    const job = makeJob()
    job.attempts = 1
    job.runAt = 1_700_000_011_000

    const { type, count, time, body } = retryRecord(job, new Error('no route'))

    assert.deepEqual([type, count, time, Buffer.from(body).toString()], [3, 1, 1_700_000_011_000, 'no route'])
  })

  it('notes why it died', () => {
    const death = { reason: 'exhausted', error: { name: 'Error', message: 'no route', stack: null } } as const

    const record = deadRecord(21, 1_700_000_000_000, death)

    assert.equal(
      Buffer.from(record.body).toString(),
      '{"reason":"exhausted","error":{"name":"Error","message":"no route","stack":null}}',
    )
    assert.deepEqual(decodeDeath(asRead(record)), death)
  })

  const unreadable: readonly (readonly [string, string, RegExp])[] = [
    ['no header line', 'garbage', /no header line/],
    ['a header that is not JSON', '{"v":1\n', /JSON/],
    ['a newer version', '{"v":2,"id":"a","task":"T","context":{"id":"r"}}\n', /version is 2, known is 1/],
    ['no task', '{"v":1,"id":"a","context":{"id":"r"}}\n', /lacks id, task or context/],
  ]
  for (const [name, text, message] of unreadable) {
    it(`cannot be read with ${name}`, () => {
      assert.throws(() => decodeAdded({ type: 1, count: 0, time: 0, body: Buffer.from(text) }), message)
    })
  }
})
