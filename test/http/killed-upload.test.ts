import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, it } from 'vitest'

const root = mkdtempSync(join(tmpdir(), 'rage-killed-'))
const folder = join(root, 'uploads')
mkdirSync(folder)
const children: ChildProcess[] = []
afterAll(() => {
  for (const child of children) child.kill('SIGKILL')
  rmSync(root, { recursive: true, force: true })
})

/** The built package in a process of its own, as applications run it. */
async function startApp() {
  const script = join(import.meta.dirname, 'support/upload-child.cjs')
  const child = spawn(process.execPath, [script, folder, join(root, 'storage')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  children.push(child)
  const app = { child, said: '', port: 0 }
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    app.said += text
  })
  await until(() => app.said.includes('port '))
  app.port = Number(/port (\d+)/.exec(app.said)![1])
  return app
}

async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 10_000
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`${condition} did not come true within ten seconds`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

/** Every file below the folder, with its size. */
const kept = (): readonly number[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => statSync(join(entry.parentPath, entry.name)).size)

const head = (bytes: number) =>
  `POST /uploads HTTP/1.1\r\nHost: a\r\nContent-Length: ${bytes}\r\nContent-Type: multipart/form-data; boundary=x\r\n\r\n`
const part = '--x\r\nContent-Disposition: form-data; name="file"; filename="a.bin"\r\n\r\n'

describe('http: kill -9 in the middle of an upload', () => {
  it('answers nothing, reaches no action, and what it left is gone once the next process has booted', async () => {
    const app = await startApp()
    const socket = connect(app.port, '127.0.0.1')
    let answered = ''
    socket.on('data', (data) => {
      answered += data
    })
    socket.on('error', () => undefined)
    socket.write(head(2_000_000) + part)
    socket.write(randomBytes(300_000))
    await until(() => kept().some((size) => size > 200_000))

    app.child.kill('SIGKILL')
    await Promise.all([once(app.child, 'exit'), once(socket, 'close')])

    assert.equal(answered, '')
    assert.doesNotMatch(app.said, /reached/)
    assert.equal(kept().length, 1)
    await startApp()
    assert.deepEqual(readdirSync(folder), [])
  }, 30_000)

  it('touches no upload of a process that lives', async () => {
    const app = await startApp()
    const socket = connect(app.port, '127.0.0.1')
    const body = `${part}${'x'.repeat(100_000)}\r\n--x--\r\n`
    socket.write(head(body.length) + body.slice(0, 70_000))
    await until(() => kept().some((size) => size > 50_000))

    const second = await startApp()
    const form = new FormData()
    form.append('file', new Blob(['small']), 'b.bin')
    const res = await fetch(`http://127.0.0.1:${second.port}/uploads`, { method: 'POST', body: form })
    socket.write(body.slice(70_000))
    const [answer] = await once(socket, 'data')

    assert.deepEqual(await res.json(), { bytes: 5 })
    assert.match(String(answer), /200 OK[\s\S]*\{"bytes":100000\}/)
    socket.destroy()
    await until(() => kept().length === 0)
  }, 30_000)
})
