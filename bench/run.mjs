/**
 * npm run bench -- NAME [--quick]
 *
 * Loads bench/NAME.mjs, runs it and prints one JSON object as the last line of standard output. The
 * contract between this file and a bench is in bench/README.md.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { stopChildren } from './support/child.mjs'
import { machine } from './support/machine.mjs'

const benchFolder = fileURLToPath(new URL('.', import.meta.url))
const root = join(benchFolder, '..')
/** A bench that takes longer hangs. */
const limitMinutes = 20

const flags = process.argv.slice(2).filter((argument) => argument.startsWith('-'))
const names = process.argv.slice(2).filter((argument) => !argument.startsWith('-'))
const known = benchNames()

if (names.length !== 1 || !known.includes(names[0]) || flags.some((flag) => flag !== '--quick')) {
  process.stderr.write(
    `usage: npm run bench -- NAME [--quick]\nbenches:\n${known.map((name) => `  ${name}\n`).join('')}`,
  )
  process.exit(2)
}

try {
  await run(names[0], flags.includes('--quick'))
} catch (error) {
  process.stderr.write(`bench ${names[0]} failed: ${error?.stack ?? error}\n`)
  await stopChildren()
  process.exit(1)
}

async function run(name, quick) {
  setTimeout(() => {
    process.stderr.write(`bench ${name} did not end within ${limitMinutes} minutes\n`)
    process.exit(1)
  }, limitMinutes * 60_000).unref()
  ensureBuilt()
  const facts = machine()
  log(
    `${name}${quick ? ' (quick)' : ''}: node ${facts.node}, ${facts.cpus} x ${facts.model}, load ${facts.load}`,
  )
  const bench = await import(pathToFileURL(join(benchFolder, `${name}.mjs`)).href)
  const { ratios, figures } = await bench.default({ quick, log })
  checkRatios(ratios)
  await stopChildren()
  const result = JSON.stringify({ bench: name, ratios, figures, machine: facts })
  // A socket or timer left open by the bench must not keep the runner alive.
  process.stdout.write(`${result}\n`, () => process.exit(0))
}

function log(line) {
  process.stdout.write(`${line}\n`)
}

/** Every bench/**\/*.mjs but this file and the folders `support` and `servers`. */
function benchNames(folder = benchFolder, prefix = '') {
  return readdirSync(folder, { withFileTypes: true })
    .flatMap((entry) => {
      if (entry.isDirectory()) {
        if (entry.name === 'support' || entry.name === 'servers') return []
        return benchNames(join(folder, entry.name), `${prefix}${entry.name}/`)
      }
      const isBench = entry.name.endsWith('.mjs') && `${prefix}${entry.name}` !== 'run.mjs'
      return isBench ? [`${prefix}${entry.name.slice(0, -'.mjs'.length)}`] : []
    })
    .sort()
}

function ensureBuilt() {
  const built = join(root, 'dist/src/index.js')
  if (!existsSync(built)) {
    log('dist is missing: building')
    const { status } = spawnSync(process.execPath, ['.ci/build.mjs'], { cwd: root, stdio: ['ignore', 2, 2] })
    if (status !== 0 || !existsSync(built)) throw new Error('the build (node .ci/build.mjs) failed')
  } else if (newest(join(root, 'src')) > statSync(built).mtimeMs) {
    log('note: src/ is newer than dist/; run "npm run build" to measure the current code')
  }
}

/** Modification time of the newest file below `folder`, epoch milliseconds. */
function newest(folder) {
  const files = readdirSync(folder, { withFileTypes: true, recursive: true }).filter((entry) =>
    entry.isFile(),
  )
  return Math.max(0, ...files.map((entry) => statSync(join(entry.parentPath, entry.name)).mtimeMs))
}

function checkRatios(ratios) {
  for (const [key, ratio] of Object.entries(ratios)) {
    if (!Number.isFinite(ratio) || ratio <= 0)
      throw new Error(`ratio "${key}" is ${ratio}, not a positive number`)
  }
}
