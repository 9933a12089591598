import assert from 'node:assert'
import { execFile, execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { beforeAll, describe, it } from 'vitest'
import { root } from '../../support/repository'

// This does nothing when the package is built and fresh.
beforeAll(() => {
  execFileSync(process.execPath, [join(root, '.ci/build.mjs')], { stdio: 'ignore' })
}, 120_000)

/** Runs a program where packages whose names begin so are not installed. */
async function without(prefix: string, program: string): Promise<string> {
  const hide = `
    const Module = require('node:module')
    const resolve = Module._resolveFilename
    Module._resolveFilename = function (name, ...rest) {
      if (name.startsWith('${prefix}')) throw Object.assign(new Error('not found'), { code: 'MODULE_NOT_FOUND' })
      return resolve.call(this, name, ...rest)
    }
    const { openTelemetry, rageMetricProducer } = require('./dist/adapters/opentelemetry/index.js')
    const { createRage } = require('./dist/src/index.js')`
  const { stdout } = await promisify(execFile)(process.execPath, ['-e', `${hide}\n${program}`], { cwd: root })
  return stdout
}

describe('opentelemetry: the packages of OpenTelemetry', () => {
  it('are asked for by name where the API is missing', async () => {
    const stdout = await without(
      '@opentelemetry/',
      `try { openTelemetry() } catch (error) { console.log(error.message) }`,
    )

    assert.match(stdout, /^RAGE_KERNEL_MISSING_PACKAGE: .*Run "npm install @opentelemetry\/api@1"/)
  })

  it('are not needed for metrics, which the reader brings', async () => {
    const stdout = await without(
      '@opentelemetry/',
      `rageMetricProducer(createRage({ signals: false })).collect().then(({ errors }) => console.log(errors.length))`,
    )

    assert.equal(stdout, '0\n')
  })
})
