import assert from 'node:assert/strict'
import { existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { describe, it } from 'vitest'
import { createLoggers } from '../../src/logger'
import { type Commands, Control } from '../../src/runtime/control'
import { controlFolder } from '../../src/runtime/control-path'
import { serviceContract } from '../kernel/service-contract'
import { atEnd, eventually, type Line, temporaryFolder } from './support/runtimes'

const echo: Commands = {
  echo: (options) => options,
  fails: () => Promise.reject(Object.assign(new Error('not today'), { code: 'RAGE_TEST' })),
  long: () => 'x'.repeat(17 * 1024 * 1024),
}

async function open(storage = temporaryFolder()): Promise<{ path: string; lines: Line[]; control: Control }> {
  const lines: Line[] = []
  const destination = { write: (line: string) => void lines.push(JSON.parse(line) as Line) }
  const { logger } = createLoggers({ level: 'debug', format: 'json', destination })
  const control = new Control({ storage, logger, commands: echo })
  atEnd(() => control.service.stop())
  await control.service.boot()
  control.service.serve()
  const path = join(controlFolder(storage), '1.sock')
  return { path, lines, control }
}

/** Everything that is answered until the socket is closed. */
function ask(path: string, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = ''
    const socket = connect(path, () => socket.write(text))
    socket.setEncoding('utf8').on('data', (piece: string) => {
      answer += piece
    })
    socket.once('close', () => resolve(answer))
    socket.once('error', reject)
  })
}

const request = (command: string, options: object = {}) => `${JSON.stringify({ v: 1, command, options })}\n`

describe('control: the socket', () => {
  it('answers a command with one line, and closes', async () => {
    const { path } = await open()
    await eventually(() => existsSync(path))

    assert.equal(await ask(path, request('echo', { a: 1 })), '{"ok":true,"result":{"a":1}}\n')
  })

  it('answers what a command fails with', async () => {
    const { path } = await open()
    await eventually(() => existsSync(path))

    assert.equal(await ask(path, request('fails')), '{"ok":false,"code":"RAGE_TEST","message":"not today"}\n')
  })

  it('is for the user of the process alone', async () => {
    const { path } = await open()
    await eventually(() => existsSync(path) && (statSync(path).mode & 0o777) === 0o600)

    assert.equal(statSync(join(path, '..')).mode & 0o777, 0o700)
  })

  it('is gone when the runtime has stopped', async () => {
    const { path, control } = await open()
    await eventually(() => existsSync(path))

    await control.service.stop()

    assert.equal(existsSync(path), false)
  })

  it('takes the place of one whose process was killed, and leaves one that lives', async () => {
    const storage = temporaryFolder()
    mkdirSync(controlFolder(storage))
    // A file nobody listens on is what a killed process leaves.
    writeFileSync(join(controlFolder(storage), '1.sock'), '')
    const first = await open(storage)
    await eventually(() => statSync(first.path).isSocket())
    await open(storage)
    const second = join(controlFolder(storage), '2.sock')
    await eventually(() => existsSync(second))

    assert.match(await ask(first.path, request('echo')), /^\{"ok":true/)
    assert.match(await ask(second, request('echo')), /^\{"ok":true/)
  })

  it('lies in the temporary folder where the path of the storage is too long for it', async () => {
    const storage = join(temporaryFolder(), 'a'.repeat(100))
    mkdirSync(storage)
    const { path } = await open(storage)
    await eventually(() => existsSync(path))

    assert.ok(!path.startsWith(storage))
    assert.ok(Buffer.byteLength(path) <= 103)
    assert.match(await ask(path, request('echo')), /^\{"ok":true/)
  })

  it('leaves the runtime alone when it cannot be made', async () => {
    const storage = temporaryFolder()
    writeFileSync(join(storage, 'control'), 'a file')

    const { lines } = await open(storage)

    await eventually(() => lines.some(({ msg }) => msg.includes('cannot reach this process')))
  })
})

describe('control: what it is sent', () => {
  for (const [what, text] of [
    ['no JSON', 'hello\n'],
    ['no object', 'null\n'],
    ['no command', '{"v":1}\n'],
    ['a command there is none of', request('toString')],
    ['another version', '{"v":2,"command":"echo"}\n'],
    ['a line without end', 'x'.repeat(100_000)],
  ] as const) {
    it(`is refused when it is ${what}`, async () => {
      const { path } = await open()
      await eventually(() => existsSync(path))

      assert.equal(JSON.parse(await ask(path, text)).ok, false)
      assert.match(await ask(path, request('echo')), /^\{"ok":true/)
    })
  }

  it('is not answered at any length', async () => {
    const { path } = await open()
    await eventually(() => existsSync(path))

    assert.match(await ask(path, request('long')), /too long/)
  })
})

describe('control: as a service', () => {
  const { logger } = createLoggers({ level: 'silent', format: 'json', destination: null })
  serviceContract(() => new Control({ storage: temporaryFolder(), logger, commands: echo }).service)
})
