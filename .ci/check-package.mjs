/**
 * Checks what a user would download: packs the tarball into a temporary folder and asserts its contents, runs
 * publint and "are the types wrong" on it, and looks at the lockfile. Expects an up-to-date dist/ (it calls the
 * build, which is quick when nothing has changed).
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')
const folder = mkdtempSync(join(tmpdir(), 'rage-package-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
const faults = []

run('build', process.execPath, ['.ci/build.mjs'])
const [packed] = JSON.parse(
  run('npm pack', 'npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder]),
)
const tarball = join(folder, packed.filename)

checkFiles(packed.files.map(({ path }) => path))
run('the lockfile check', process.execPath, ['.ci/complete-lockfile.mjs', '--check'])
run('publint', 'node_modules/.bin/publint', ['run', tarball, '--strict'])
run('attw', 'node_modules/.bin/attw', [tarball, '--profile', 'strict', '--no-emoji'])

console.log(
  `${packed.filename}: ${kib(packed.size)} packed, ${kib(packed.unpackedSize)} unpacked, ${packed.entryCount} files`,
)
for (const fault of faults) console.error(`package: ${fault}`)
process.exit(faults.length === 0 ? 0 : 1)

/** The output of a command; its failure is one of the faults, and everything it printed is shown. */
function run(name, command, args) {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: root, encoding: 'utf8' })
  if (status === 0) return stdout
  console.error(stdout, stderr)
  faults.push(`${name} failed`)
  if (name === 'build' || name === 'npm pack') process.exit(1)
  return stdout
}

function checkFiles(paths) {
  const allowed =
    /^(dist\/(src|adapters)\/|migration-guide\/.+\.md$|adapters\/prometheus\/grafana\/dashboard\.json$|(LICENSE|README\.md|CHANGELOG\.md|package\.json)$)/
  for (const path of paths) {
    if (!allowed.test(path)) faults.push(`${path} does not belong into the package`)
    else if (path.startsWith('dist/') && !/\.(js|mjs|d\.ts|d\.mts)$/.test(path))
      faults.push(`${path} is not something the build writes`)
  }
  for (const path of ['LICENSE', 'README.md', 'CHANGELOG.md', ...targets()]) {
    if (!paths.includes(path)) faults.push(`${path} is missing from the package`)
  }
}

/** Every file that package.json points at. */
function targets() {
  const { main, types, exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const leaves = (value) => (typeof value === 'string' ? [value] : Object.values(value).flatMap(leaves))
  return leaves([main, types, exports]).map((path) => path.replace('./', ''))
}

function kib(bytes) {
  return `${(bytes / 1024).toFixed(1)} KiB`
}
