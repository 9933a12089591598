/**
 * Runs Express's own test suite with and without a mount in front of every app, and lists the tests whose result
 * differs. Not part of `npm test`: the suite is not in this repository.
 *
 *     git clone --branch v5.2.1 https://github.com/expressjs/express /tmp/express && (cd /tmp/express && npm install)
 *     npm run build && node .ci/express-suite.mjs /tmp/express [DIST]
 *
 * DIST is a folder with the built package (default: dist). VERBOSE=1 shows why. Exits with 1 when a test differs.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

const root = resolve(import.meta.dirname, '..')
const [folder, dist = join(root, 'dist')] = process.argv.slice(2)
if (folder === undefined) {
  console.error('Usage: node .ci/express-suite.mjs FOLDER_OF_EXPRESS [DIST]')
  process.exit(2)
}
const checkout = resolve(folder)
const mocha = createRequire(join(root, 'package.json')).resolve('mocha/bin/mocha.js')
const scratch = mkdtempSync(join(tmpdir(), 'express-suite-'))
process.on('exit', () => rmSync(scratch, { recursive: true, force: true }))

/** Loaded by mocha first: puts an `express` in the module cache whose apps begin with a mount. */
const preload = (arrange) => `
  const { createRage } = require(${JSON.stringify(resolve(dist, 'src/index.js'))})
  const file = require.resolve(${JSON.stringify(join(checkout, 'lib/express.js'))})
  const express = require(file)
  let count = 0
  const runtime = () => createRage({ storage: ${JSON.stringify(scratch)} + '/' + count++, signals: false, logger: { level: 'silent', requests: false } })
  function createApplication() {
    const app = express()
    const rage = runtime()
    ${arrange}
    return app
  }
  Object.setPrototypeOf(createApplication, express)
  for (const key of Object.getOwnPropertyNames(express)) {
    if (!Object.hasOwn(createApplication, key)) Object.defineProperty(createApplication, key, Object.getOwnPropertyDescriptor(express, key))
  }
  require.cache[file].exports = createApplication
`

const variants = {
  alone: null,
  'with a mount that owns nothing': 'app.use(rage.mount())',
  'with a mount that owns unrelated routes':
    "rage.routes((r) => { r.get('/rage-owned/:id', () => undefined); r.post('/rage-owned', () => undefined) }); app.use(rage.mount())",
  'with rage.context() and a mount': 'app.use(rage.context(), rage.mount())',
}

const reasons = new Map()
let expected
let isDifferent = false
for (const [name, arrange] of Object.entries(variants)) {
  const results = run(arrange)
  const passed = [...results.values()].filter(Boolean).length
  console.log(`${name}: ${passed} of ${results.size} pass`)
  expected ??= results
  const titles = new Set([...expected.keys(), ...results.keys()])
  for (const title of titles) {
    if (results.get(title) === expected.get(title)) continue
    isDifferent = true
    console.log(`  differs: ${title} (${show(results.get(title))}, alone ${show(expected.get(title))})`)
    if (process.env.VERBOSE) console.log(reasons.get(title))
  }
}
process.exitCode = isDifferent ? 1 : 0

function run(arrange) {
  const args = [mocha, '--reporter', 'json', '--reporter-option', `output=${join(scratch, 'result.json')}`]
  args.push('--exit', '--require', 'test/support/env')
  if (arrange !== null) {
    const file = join(scratch, 'preload.cjs')
    writeFileSync(file, preload(arrange))
    args.push('--require', file)
  }
  args.push('test/*.js', 'test/acceptance/*.js')
  const { status, stderr } = spawnSync(process.execPath, args, {
    cwd: checkout,
    encoding: 'utf8',
    env: { ...process.env, NODE_PATH: join(root, 'node_modules') },
    maxBuffer: 1 << 28,
  })
  return resultsOf(stderr, status)
}

/** Title to passed or failed; several tests of one title count as one that passes when all do. */
function resultsOf(stderr, status) {
  const file = join(scratch, 'result.json')
  if (!existsSync(file)) throw new Error(`mocha left no report (exit ${status}): ${stderr.slice(0, 2_000)}`)
  const report = JSON.parse(readFileSync(file, 'utf8'))
  rmSync(file)
  const results = new Map()
  for (const { fullTitle } of report.passes) results.set(fullTitle, results.get(fullTitle) ?? true)
  for (const { fullTitle, err } of report.failures) {
    results.set(fullTitle, false)
    reasons.set(fullTitle, err.stack ?? err.message)
  }
  return results
}

function show(result) {
  return result === undefined ? 'absent' : result ? 'passes' : 'fails'
}
