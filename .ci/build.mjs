/**
 * Builds dist/: one CommonJS copy of the code (tsc), and for each entry of the exports map a thin ESM wrapper,
 * so that `require` and `import` in one process meet the same classes and the same state.
 *
 *     node .ci/build.mjs            does nothing when no input has changed since the last build
 *     node .ci/build.mjs --force    builds anyway
 *
 * The result is built aside and swapped in by two renames: whoever reads dist/ meanwhile sees the old build or
 * the new one, never half of one. Two builds at once both succeed; the later one stays.
 */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  appendFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')
const require = createRequire(join(root, 'package.json'))
const dist = join(root, 'dist')
const stamp = join(root, '.tmp/build-stamp')
const inputs = ['src', 'adapters', 'tsconfig.json', 'package.json', '.ci/build.mjs']

const entries = entriesOf(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')))
const fingerprint = fingerprintOf(inputs)
if (!process.argv.includes('--force') && isUpToDate()) process.exit(0)

const staging = join(root, '.tmp', `dist-${process.pid}`)
process.on('exit', () => rmSync(staging, { recursive: true, force: true }))
build(staging)
swapIn(staging)
writeFileSync(stamp, fingerprint)

/** `{ subpath, base }` per entry of the exports map, `base` being the path under dist/ without extension. */
function entriesOf({ exports }) {
  return Object.entries(exports)
    .filter(([subpath]) => subpath !== './package.json')
    .map(([subpath, { require: target }]) => {
      const base = target.default.match(/^\.\/dist\/(.+)\.js$/)?.[1]
      if (base === undefined)
        fail(`exports["${subpath}"].require.default is ${target.default}, not ./dist/<file>.js.`)
      if (!existsSync(join(root, `${base}.ts`)))
        fail(`exports["${subpath}"] is built from ${base}.ts, which does not exist.`)
      return { subpath, base }
    })
}

/** Names, times and sizes of every input; a file that was deleted or restored to an older state changes it too. */
function fingerprintOf(paths) {
  const hash = createHash('sha256')
  const visit = (path) => {
    const stat = statSync(join(root, path), { throwIfNoEntry: false })
    if (stat?.isDirectory()) for (const name of readdirSync(join(root, path)).sort()) visit(join(path, name))
    else hash.update(`${path} ${stat?.mtimeMs} ${stat?.size}\n`)
  }
  for (const path of paths) visit(path)
  return hash.digest('hex')
}

function isUpToDate() {
  return (
    existsSync(stamp) &&
    readFileSync(stamp, 'utf8') === fingerprint &&
    entries.every(({ base }) => existsSync(join(dist, `${base}.d.mts`)))
  )
}

function build(target) {
  const tsc = require.resolve('typescript/bin/tsc')
  const { status } = spawnSync(
    process.execPath,
    [tsc, '-p', join(root, 'tsconfig.json'), '--outDir', target],
    {
      cwd: root,
      stdio: 'inherit',
    },
  )
  if (status !== 0) fail('tsc found errors; dist/ is as it was.')
  for (const entry of entries) writeWrapper(target, entry)
}

/**
 * The names are read from the built entry itself, so that the wrapper cannot differ from it. The default export is
 * the module, in both files: `import rage from 'rage-js'` compiled to CommonJS reads `.default` of what it requires.
 */
function writeWrapper(target, { subpath, base }) {
  const path = join(target, base)
  const file = `./${base.slice(base.lastIndexOf('/') + 1)}.js`
  // The type of the whole module: `typeof m.default` breaks under moduleResolution "bundler" (TS2339).
  const defaultType = `declare const api: typeof import('${file}')\nexport default api\n`
  appendFileSync(`${path}.js`, 'exports.default = exports\n')
  appendFileSync(`${path}.d.ts`, defaultType)

  let built
  try {
    built = require(`${path}.js`)
  } catch (cause) {
    fail(
      `require("rage-js${subpath.slice(1)}") throws, so its ESM wrapper cannot be written.\n${cause.stack}`,
    )
  }
  const names = Object.keys(built).filter((name) => name !== 'default')
  if (names.length === 0) fail(`exports["${subpath}"] exports nothing.`)
  writeFileSync(
    `${path}.mjs`,
    `import api from '${file}'\nexport const { ${names.join(', ')} } = api\nexport default api\n`,
  )
  writeFileSync(`${path}.d.mts`, `export * from '${file}'\n${defaultType}`)
}

/** Retried: another build may swap at the same moment. */
function swapIn(target) {
  const old = `${target}-old`
  for (let attempt = 1; ; attempt++) {
    try {
      if (existsSync(dist)) renameSync(dist, old)
      renameSync(target, dist)
      break
    } catch (error) {
      if (attempt === 5) throw error
    } finally {
      rmSync(old, { recursive: true, force: true })
    }
  }
}

function fail(message) {
  console.error(`build: ${message}`)
  process.exit(1)
}
