/**
 * Runs Express's own tests of `req.*` and `res.*` where there is no Express: `express()` is a stand-in whose handlers
 * are routes of a runtime and served by `rage.handler()`. Not part of `npm test`: the suite is not in this repository.
 *
 *     git clone --branch v5.2.1 https://github.com/expressjs/express /tmp/express && (cd /tmp/express && npm install)
 *     npm run build && node .ci/shim-suite.mjs /tmp/express [FOLDER ...]
 *
 * Each FOLDER is a checkout; its version decides whose semantics are asked for. Prints one JSON object per folder.
 * DIST is the folder of the built package (default: dist). VERBOSE=1 shows why tests fail. Exits with 1 when fewer than
 * 95 % pass.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

const root = resolve(import.meta.dirname, '..')
const dist = resolve(process.env.DIST ?? join(root, 'dist'))
const enoughPercent = 95
const folders = process.argv.slice(2)
if (folders.length === 0) {
  console.error('Usage: node .ci/shim-suite.mjs FOLDER_OF_EXPRESS [FOLDER_OF_EXPRESS ...]')
  process.exit(2)
}
const mocha = createRequire(join(root, 'package.json')).resolve('mocha/bin/mocha.js')
const scratch = mkdtempSync(join(tmpdir(), 'shim-suite-'))
process.on('exit', () => rmSync(scratch, { recursive: true, force: true }))

for (const folder of folders) {
  const checkout = resolve(folder)
  const { version } = JSON.parse(readFileSync(join(checkout, 'package.json'), 'utf8'))
  const { passes, failures } = run(checkout, Number.parseInt(version, 10))
  const total = passes.length + failures.length
  const percent = Math.floor((passes.length / total) * 1_000) / 10
  const failing = failures.map(({ fullTitle }) => fullTitle)
  console.log(
    JSON.stringify(
      { express: version, passed: passes.length, failed: failures.length, percent, failing },
      null,
      2,
    ),
  )
  if (process.env.VERBOSE)
    for (const { fullTitle, err } of failures) console.log(`\n${fullTitle}\n${err.stack}`)
  if (!(percent >= enoughPercent)) process.exitCode = 1
}

function run(checkout, major) {
  const preload = join(scratch, 'preload.cjs')
  const report = join(scratch, 'result.json')
  writeFileSync(
    preload,
    `const { standIn } = require(${JSON.stringify(join(import.meta.dirname, 'shim-suite-app.cjs'))})
     standIn(${JSON.stringify({ checkout, major, scratch, dist })})`,
  )
  const args = [mocha, '--reporter', 'json', '--reporter-option', `output=${report}`, '--exit']
  args.push('--require', 'test/support/env', '--require', preload, 'test/req.*.js', 'test/res.*.js')
  const { status, stderr } = spawnSync(process.execPath, args, {
    cwd: checkout,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  })
  if (!existsSync(report)) throw new Error(`mocha left no report (exit ${status}): ${stderr.slice(0, 2_000)}`)
  const result = JSON.parse(readFileSync(report, 'utf8'))
  rmSync(report)
  return result
}
