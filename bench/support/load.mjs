/**
 * HTTP load over keep-alive connections, one request at a time on each (no pipelining). Lean on purpose:
 * on a machine of two cores the generator must cost less than what it measures, so a request is one
 * prepared buffer and a response is read only as far as its length.
 */
import { connect } from 'node:net'
import { quantile } from './alternate.mjs'
import { round } from './machine.mjs'

/**
 * @param options.url         `http://127.0.0.1:port/path`.
 * @param options.connections open at once. Default 50.
 * @param options.durationMs  ends after it, or after `requests`, whichever is given. Default 2,000 ms.
 * @param options.warmupMs    load before the measurement, not counted. Default 500; 0 = none.
 * @param options.method      Default GET. `headers`: object. `body`: string, or an object sent as JSON.
 * @param options.status      every answer must have it, or the load rejects. Default 200.
 * @returns `{ requests, seconds, perSecond, p50Ms, p99Ms, maxMs }`
 */
export async function load(options) {
  const {
    connections = 50,
    requests = null,
    durationMs = requests === null ? 2_000 : 60_000,
    warmupMs = 500,
  } = options
  const target = prepare(options)
  if (warmupMs > 0) await runOnce(target, { connections, durationMs: warmupMs, requests: null })
  return runOnce(target, { connections, durationMs, requests })
}

function prepare({ url, method = 'GET', headers = {}, body = null, status = 200 }) {
  const { hostname, port, pathname, search, host } = new URL(url)
  const isJson = body !== null && typeof body !== 'string'
  const content = Buffer.from(body === null ? '' : isJson ? JSON.stringify(body) : body)
  const all = {
    host,
    ...(isJson ? { 'content-type': 'application/json' } : null),
    ...(body === null ? null : { 'content-length': content.length }),
    ...headers,
  }
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
  const head = Buffer.from(`${method} ${pathname}${search} HTTP/1.1\r\n${lines.join('')}\r\n`)
  return {
    hostname,
    port: Number(port || 80),
    status,
    request: Buffer.concat([head, content]),
    isHead: method === 'HEAD',
  }
}

async function runOnce(target, limits) {
  const run = {
    left: limits.requests ?? Infinity,
    until: performance.now() + limits.durationMs,
    latencies: [],
  }
  const startedAt = performance.now()
  await Promise.all(Array.from({ length: limits.connections }, () => drive(target, run)))
  const seconds = (performance.now() - startedAt) / 1_000
  const { latencies } = run
  if (latencies.length === 0) throw new Error('the load made no request')
  return {
    requests: latencies.length,
    seconds: round(seconds, 3),
    perSecond: Math.round(latencies.length / seconds),
    p50Ms: round(quantile(latencies, 0.5)),
    p99Ms: round(quantile(latencies, 0.99)),
    maxMs: round(quantile(latencies, 1)),
  }
}

/** One connection: sends, waits for the whole answer, sends again, until the run is over. */
function drive(target, run) {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: target.hostname, port: target.port, noDelay: true })
    let sentAt = 0
    let pending = null
    let isOver = false
    const end = (error) => {
      if (isOver) return
      isOver = true
      socket.destroy()
      // One failure ends the run: the other connections stop after the answer they wait for.
      if (error !== null) run.left = 0
      if (error === null) resolve()
      else reject(error)
    }
    const next = () => {
      if (run.left <= 0 || performance.now() >= run.until) return end(null)
      run.left -= 1
      sentAt = performance.now()
      socket.write(target.request)
    }
    socket.setTimeout(30_000, () => end(new Error('no answer within 30 s')))
    socket.on('connect', next)
    socket.on('error', end)
    socket.on('close', () => end(new Error('the server closed a keep-alive connection')))
    socket.on('data', (chunk) => {
      pending = pending === null ? chunk : Buffer.concat([pending, chunk])
      const answer = measure(pending, target.isHead)
      if (answer === null) return
      if (answer.status !== target.status)
        return end(new Error(`answered ${answer.status}: ${pending.toString().slice(0, 600)}`))
      if (pending.length > answer.bytes) return end(new Error('more bytes than one answer'))
      pending = null
      run.latencies.push(performance.now() - sentAt)
      next()
    })
  })
}

/** Status and length of the first answer in `bytes`, or `null` while it is incomplete. */
function measure(bytes, isHead) {
  const headEnd = bytes.indexOf('\r\n\r\n')
  if (headEnd === -1) return null
  const head = bytes.latin1Slice(0, headEnd).toLowerCase()
  const status = Number(head.slice(9, 12))
  const bodyAt = headEnd + 4
  if (isHead || status === 204 || status === 304) return { status, bytes: bodyAt }
  const lengthAt = head.indexOf('\r\ncontent-length:')
  if (lengthAt !== -1) {
    const total = bodyAt + Number.parseInt(head.slice(lengthAt + 17), 10)
    return bytes.length < total ? null : { status, bytes: total }
  }
  if (!head.includes('\r\ntransfer-encoding: chunked')) throw new Error(`an answer without a length: ${head}`)
  return measureChunks(bytes, bodyAt, status)
}

function measureChunks(bytes, from, status) {
  for (let at = from; ; ) {
    const lineEnd = bytes.indexOf('\r\n', at)
    if (lineEnd === -1) return null
    const size = Number.parseInt(bytes.latin1Slice(at, lineEnd), 16)
    at = lineEnd + 2 + size + 2
    if (bytes.length < at) return null
    if (size === 0) return { status, bytes: at }
  }
}
