/**
 * Adds to package-lock.json the optional platform packages that npm left out, and removes addresses. npm drops an
 * optional package its registry does not offer (mirrors often lack those of other systems), and then `npm ci` refuses
 * the lockfile everywhere, since the package that wants it still names it. An entry with os and cpu is enough: a
 * system that does not match never asks for the package.
 *
 *     node .ci/complete-lockfile.mjs            after each npm install that changed the lockfile
 *     node .ci/complete-lockfile.mjs --check    lists what is to be done and exits with 1
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const path = join(import.meta.dirname, '../package-lock.json')
const lock = JSON.parse(readFileSync(path, 'utf8'))
const todo = []

for (const [parent, entry] of Object.entries(lock.packages)) {
  if (entry.resolved !== undefined) {
    todo.push(`${parent} has an address`)
    delete entry.resolved
  }
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    if (found(parent, name)) continue
    todo.push(`${name} is missing`)
    lock.packages[`node_modules/${name}`] = {
      version,
      ...(entry.dev ? { dev: true } : {}),
      optional: true,
      ...platformOf(name),
    }
  }
}

lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : 1)))
if (!process.argv.includes('--check')) writeFileSync(path, `${JSON.stringify(lock, null, 2)}\n`)
else for (const line of todo) console.log(line)
process.exit(process.argv.includes('--check') && todo.length > 0 ? 1 : 0)

/** Whether the package is installed where Node would find it from `parent`. */
function found(parent, name) {
  const parts = parent.split('/node_modules/')
  return (
    parts.some((_, index) => {
      const folder = parts.slice(0, parts.length - index).join('/node_modules/')
      return lock.packages[`${folder === '' ? '' : `${folder}/`}node_modules/${name}`] !== undefined
    }) || lock.packages[`node_modules/${name}`] !== undefined
  )
}

/** From a name such as `@biomejs/cli-linux-x64-musl`. */
function platformOf(name) {
  const [, os, cpu, libc] =
    name.match(/(android|darwin|freebsd|linux|win32)-(arm64|arm|x64|ia32)(?:-(musl|gnu))?$/) ?? []
  if (os === undefined)
    throw new Error(
      `${name} is missing from package-lock.json, and its name does not say for which system it is`,
    )
  return { os: [os], cpu: [cpu], ...(libc === 'musl' ? { libc: ['musl'] } : {}) }
}
