import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, get, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import supertest from 'supertest'
import { afterAll, describe, it } from 'vitest'
import { FileBody, type FileOptions, type Request, type Response } from '../../src/http'

const folder = mkdtempSync(join(tmpdir(), 'rage-files-'))
const root = join(folder, '.root')
mkdirSync(join(root, 'sub'), { recursive: true })
writeFileSync(join(folder, 'secret.txt'), 'secret')
writeFileSync(join(root, '.env'), 'secret')
writeFileSync(join(root, 'a b%20ü.html'), '<p>')
writeFileSync(join(root, 'ten.txt'), '0123456789')
afterAll(() => rmSync(folder, { recursive: true }))

function ask(file: string, options: FileOptions = {}) {
  return supertest(
    createServer((req, res) => {
      new FileBody(file, options).write(req as Request, res as Response).catch((error) => {
        if (res.headersSent) return
        res.statusCode = error.status ?? 500
        res.end(error.code)
      })
    }),
  )
}

describe('http: files', () => {
  it('sends type, length and validators, and keeps the file from shared caches', async () => {
    const { status, headers, text } = await ask('ten.txt', { root }).get('/')

    assert.equal(status, 200)
    assert.equal(text, '0123456789')
    assert.equal(headers['content-type'], 'text/plain; charset=utf-8')
    assert.equal(headers['content-length'], '10')
    assert.equal(headers['accept-ranges'], 'bytes')
    assert.equal(headers['cache-control'], 'private, max-age=0')
    assert.ok(headers['last-modified'])
    assert.match(headers.etag!, /^W\//)
  })

  it('takes an absolute path, also below a folder with a dot, and names as they are', async () => {
    const res = await ask(join(root, 'a b%20ü.html')).get('/')

    assert.equal(res.text, '<p>')
    assert.equal(res.headers['content-type'], 'text/html; charset=utf-8')
  })

  it('answers ranges, 416 and conditions', async () => {
    const ten = ask('ten.txt', { root })
    const { headers } = await ten.get('/')

    assert.equal((await ten.get('/').set('Range', 'bytes=2-3')).text, '23')
    assert.equal((await ten.get('/').set('If-None-Match', headers.etag!)).status, 304)
    assert.equal((await ten.get('/').set('If-Match', '"other"')).text, 'RAGE_HTTP_PRECONDITION_FAILED')
    const beyond = await ten.get('/').set('Range', 'bytes=20-')
    assert.equal(beyond.status, 416)
    assert.equal(beyond.text, 'RAGE_HTTP_RANGE_NOT_SATISFIABLE')
    assert.equal(beyond.headers['content-range'], 'bytes */10')
    assert.equal(beyond.headers.etag, undefined)
  })

  it('has no body for HEAD', async () => {
    const res = await ask('ten.txt', { root }).head('/')

    assert.equal(res.headers['content-length'], '10')
    assert.equal(res.text, undefined)
  })

  it.each([
    'none.txt',
    'sub',
    'sub/',
    '',
    '.env',
    '../secret.txt',
    '/../secret.txt',
    'sub/../../secret.txt',
    '..\\secret.txt',
    '%2e%2e/secret.txt',
    join(folder, 'secret.txt'),
    'ten.txt\0.html',
    'ten\ud800.txt',
    'a'.repeat(5000),
  ])('finds nothing at %j', async (file) => {
    const res = await ask(file, { root }).get('/')

    assert.equal(res.text, 'RAGE_HTTP_FILE_NOT_FOUND')
    assert.equal(res.status, 404)
    assert.equal(res.headers['cache-control'], undefined)
  })

  it('refuses a relative path without a root', () => {
    assert.throws(() => new FileBody('ten.txt'), { code: 'RAGE_HTTP_FILE_ROOT_MISSING' })
  })
})

describe('http: files for clients that leave', () => {
  // Only Linux tells which files a process has open.
  it.runIf(process.platform === 'linux')('keeps no file open', async () => {
    writeFileSync(join(root, 'large.bin'), Buffer.alloc(8 * 1024 * 1024))
    const openFiles = (): number =>
      readdirSync('/proc/self/fd').filter((fd) => {
        try {
          return readlinkSync(`/proc/self/fd/${fd}`).endsWith('large.bin')
        } catch {
          return false
        }
      }).length
    let done = 0
    const server = createServer((req, res) => {
      const leave = () => void (done += 1)
      new FileBody('large.bin', { root }).write(req as Request, res as Response).then(leave, leave)
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    for (let i = 0; i < 50; i++) {
      const req = get({ host: '127.0.0.1', port, agent: false })
      req.on('error', () => undefined)
      const [res] = (await once(req, 'response')) as [IncomingMessage]
      res.on('error', () => undefined)
      res.destroy()
    }
    for (let i = 0; i < 200 && (done < 50 || openFiles() > 0); i++) await wait(10)

    assert.equal(done, 50)
    assert.equal(openFiles(), 0)
    server.close()
  })
})
