import assert from 'node:assert/strict'
import { createServer, type ServerResponse } from 'node:http'
import supertest from 'supertest'
import { describe, it } from 'vitest'
import { createLoggers, createRequestLog } from '../../src/logger'

/** The line of one request that is answered by `answer`. */
async function lineOf(answer: (res: ServerResponse) => void): Promise<Record<string, unknown>> {
  const lines: string[] = []
  const { requestLogger } = createLoggers({
    level: 'info',
    format: 'json',
    destination: { write: (line: string) => void lines.push(line) },
  })
  const log = createRequestLog(requestLogger, () => ({ arm: 'rage' }))
  const server = createServer((req, res) => {
    log(req, res, 'r1')
    answer(res)
  })
  await supertest(server).get('/orders?token=secret')
  assert.equal(lines.length, 1)
  return JSON.parse(lines[0]!)
}

describe('logger: the line of a request', () => {
  it('says what was asked, without the query, and how it ended', async () => {
    const { time, durationMs, ...line } = await lineOf((res) => res.end())

    assert.equal(typeof durationMs, 'number')
    assert.match(String(time), /^\d{4}-/)
    assert.deepEqual(line, {
      level: 30,
      requestId: 'r1',
      method: 'GET',
      path: '/orders',
      status: 200,
      arm: 'rage',
      msg: 'request completed',
    })
  })

  it('holds the error that was set on the response', async () => {
    const line = await lineOf((res) => {
      res.err = new TypeError('broken')
      res.writeHead(500).end()
    })

    assert.equal(line.msg, 'request failed')
    assert.equal((line.err as { message: string }).message, 'broken')
  })

  it('makes no error up for a status from 500', async () => {
    const line = await lineOf((res) => res.writeHead(503).end())

    assert.equal(line.level, 50)
    assert.equal(line.status, 503)
    assert.equal(line.err, undefined)
  })
})
