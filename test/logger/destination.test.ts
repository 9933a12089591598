import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { Writable } from 'node:stream'
import { describe, it } from 'vitest'
import { createLoggers } from '../../src/logger'
import { guardDestination } from '../../src/logger/destination'
import { root } from '../support/repository'
import { warningsDuring } from './support/warnings'

function loggerTo(destination: { write(line: string): unknown }) {
  return createLoggers({ level: 'info', format: 'json', destination }).logger
}

describe('logger: a destination', () => {
  it('that throws, rejects or emits an error costs one warning, never the caller', async () => {
    const emitting = new Writable({ write: (_chunk, _encoding, done) => done(new Error('gone')) })
    const codes = await warningsDuring(async () => {
      loggerTo({
        write() {
          throw new Error('full')
        },
      }).info('one')
      loggerTo({ write: async () => Promise.reject(new Error('late')) }).info('two')
      loggerTo(emitting).info('three')
      await new Promise((resolve) => setImmediate(resolve))
    })

    assert.deepEqual(codes, ['RAGE_W041'])
    assert.equal(emitting.destroyed, true)
  })

  it('that is slower than the lines come keeps 16 MiB of them; more are dropped with one warning', async () => {
    const written: Buffer[] = []
    const slow = new Writable({
      write(chunk: Buffer) {
        // Never done: everything after it waits.
        written.push(chunk)
      },
    })
    const guarded = guardDestination(slow)
    const line = 'x'.repeat(1024 * 1024)

    const codes = await warningsDuring(() => {
      for (let count = 0; count < 40; count++) guarded.write(line)
    })

    assert.equal(slow.writableLength, 17 * 1024 * 1024)
    assert.deepEqual(codes, ['RAGE_W042'])
  })

  it('that wants to know about lines (pino.multistream) is told', () => {
    const seen: unknown[] = []
    const stream = {
      [Symbol.for('pino.metadata')]: true,
      lastLevel: 0,
      write(this: { lastLevel: number }, line: string) {
        seen.push(this.lastLevel, JSON.parse(line).msg)
      },
    }

    loggerTo(stream).warn('told')

    assert.deepEqual(seen, [40, 'told'])
  })
})

describe('logger: standard output', () => {
  it('has every line when the process ends by itself, by exit, by a crash, and by flush before a signal', async () => {
    const ends = {
      itself: '',
      exit: 'process.exit(3)',
      crash: "throw new Error('crash')",
      signal: "flush(); process.kill(process.pid, 'SIGKILL'); while (true) {}",
    }
    for (const [name, end] of Object.entries(ends)) {
      const script = `
        const { createLoggers } = require('./dist/src/logger')
        const { logger, flush } = createLoggers({ level: 'info', format: 'json', destination: null })
        for (let n = 0; n < 5000; n++) logger.info({ n, pad: 'x'.repeat(100) }, 'line')
        ${end}`
      const child = spawn(process.execPath, ['-e', script], {
        cwd: root,
        stdio: ['ignore', 'pipe', 'ignore'],
      })
      let text = ''
      child.stdout.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
      await once(child, 'close')

      const lines = text.trimEnd().split('\n')
      assert.equal(lines.length, 5_000, name)
      assert.equal(JSON.parse(lines[4_999]!).n, 4_999, name)
    }
  })

  it('that nobody reads does not stop the process', async () => {
    const script = `
      const { createLoggers } = require('./dist/src/logger')
      const { logger } = createLoggers({ level: 'info', format: 'json', destination: null })
      const began = Date.now()
      for (let n = 0; n < 20000; n++) logger.info({ pad: 'x'.repeat(1000) }, 'line')
      setTimeout(() => {
        require('fs').writeSync(2, String(Date.now() - began))
        process.kill(process.pid, 'SIGKILL')
      }, 100)`
    const child = spawn(process.execPath, ['-e', script], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
    child.stdout.pause()
    let took = ''
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => (took += chunk))
    await once(child, 'exit')
    child.stdout.destroy()

    // With a blocking write it would never get there.
    assert.match(took, /^\d+$/m)
  })

  it('that cannot be written (/dev/full) does not end the process', async () => {
    const script = `
      const { createLoggers } = require('./dist/src/logger')
      const { logger } = createLoggers({ level: 'info', format: 'json', destination: null })
      process.on('warning', ({ code }) => require('fs').writeSync(2, code + '\\n'))
      logger.info('lost')
      setTimeout(() => logger.info('lost too'), 50)
      setTimeout(() => require('fs').writeSync(2, 'alive\\n'), 150)`
    const child = spawn('sh', ['-c', `exec "${process.execPath}" -e "$SCRIPT" > /dev/full`], {
      cwd: root,
      env: { ...process.env, SCRIPT: script },
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    let said = ''
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => (said += chunk))
    const [code] = await once(child, 'close')

    assert.match(said, /RAGE_W041/)
    assert.match(said, /alive/)
    assert.equal(code, 0)
  })
})
