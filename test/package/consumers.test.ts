/** What users of the packed tarball meet: module systems, Express majors, Nodes, types, and installs without scripts. */
import assert from 'node:assert'
import { cp, mkdtemp, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, it, type TestContext } from 'vitest'
import { root } from '../support/repository'
import {
  type ExpressMajor,
  install,
  link,
  nodeBinary,
  pack,
  remove,
  run,
  succeed,
  temporaryFolder,
} from './installation'

const minutes = 60_000
const expressMajors: readonly ExpressMajor[] = ['4', '5']
const nodeMajors = ['20', '22', '24']
/** Of Node and Express, and what those need; whatever else our declarations asked for, users would have to find and install. */
const typesOfNode = ['@types/node', 'undici-types']
const typesOfExpress = [
  'body-parser',
  'connect',
  'express',
  'express-serve-static-core',
  'http-errors',
  'qs',
  'range-parser',
  'send',
  'serve-static',
].map((name) => `@types/${name}`)
const mustNotSkip = process.env.CI === 'true' || process.env.RAGE_REQUIRE_SERVICES === '1'

let folder: string
const projects = new Map<ExpressMajor, string>()

beforeAll(async () => {
  folder = await temporaryFolder()
  const tarball = await pack(folder)
  // One with install scripts and one without, which is what npm 12 and pnpm do: fs-ext is then not compiled.
  projects.set('5', await install(folder, tarball, { express: '5', scripts: true }))
  projects.set('4', await install(folder, tarball, { express: '4', scripts: false }))
}, 10 * minutes)

afterAll(() => remove(folder))

for (const major of nodeMajors) {
  describe(`the package on Node ${major}`, () => {
    it('is required by CommonJS, and only through its exports map', async (context) => {
      await prints(context, major, '5', 'required.cjs', 'required\n')
    })

    it('is imported by ES modules, by name, as default and as namespace', async (context) => {
      await prints(context, major, '5', 'imported.mjs', 'imported\n')
    })

    it('is one runtime when a process both requires and imports it', async (context) => {
      await prints(context, major, '5', 'both.mjs', 'one runtime\n')
    })

    for (const express of expressMajors) {
      for (const app of ['app.cjs', 'app.mjs']) {
        it(`serves ${app} under Express ${express}, runs its job, and lets the process end`, async (context) => {
          const { stdout, stderr } = await runFixture(context, major, express, app)

          assert.deepEqual(lastLine(stdout, stderr), {
            owned: { hello: 'ada' },
            legacy: 'from Express',
            job: 'ada',
            storage: true,
          })
        })
      }
    }
  })
}

describe('the package installed without scripts', () => {
  it('has no compiled fs-ext, and runs jobs all the same', async (context) => {
    const project = projects.get('4')!
    const probe = await run(project, process.execPath, ['-e', 'require("fs-ext")'])
    assert.notEqual(probe.status, 0)

    const { stdout, stderr } = await runFixture(context, process.versions.node.split('.')[0]!, '4', 'app.cjs')

    const { job, storage } = lastLine(stdout, stderr)
    assert.deepEqual([job, storage], ['ada', true])
  })
})

describe('the types of the package', () => {
  const sources = ['consumer.cts', 'consumer.mts']
  const settings = {
    'node16, from CommonJS and ES modules': { module: 'node16', files: sources },
    nodenext: { module: 'nodenext', files: sources },
    bundler: { module: 'esnext', moduleResolution: 'bundler', files: sources.slice(1) },
    'node10, which knows no exports map': {
      module: 'commonjs',
      moduleResolution: 'node10',
      ignoreDeprecations: '6.0',
      files: ['consumer.ts'],
    },
  }

  beforeAll(async () => {
    const project = projects.get('5')!
    await link(project, ...typesOfNode, ...typesOfExpress)
    for (const source of sources) await cp(join(project, 'consumer.ts.txt'), join(project, source))
    await cp(join(project, 'consumer-node10.ts.txt'), join(project, 'consumer.ts'))
  })

  for (const [name, { files, ...options }] of Object.entries(settings)) {
    it(
      `check under moduleResolution ${name}`,
      async () => {
        const project = projects.get('5')!
        const compilerOptions = {
          target: 'es2022',
          strict: true,
          noEmit: true,
          esModuleInterop: true,
          types: ['node'],
          ...options,
        }
        const config = join(project, `tsconfig.${name.split(',')[0]}.json`)
        await writeFile(config, JSON.stringify({ compilerOptions, files }))

        await succeed(project, process.execPath, [
          join(root, 'node_modules/typescript/bin/tsc'),
          '-p',
          config,
        ])
      },
      minutes,
    )
  }
})

describe('the types of the package where only those of Node are', () => {
  it(
    'check, with every declaration they lead to',
    async () => {
      const project = projects.get('4')!
      await link(project, ...typesOfNode)
      await writeFile(
        join(project, 'plain.mts'),
        "export * from 'rage-js'\nexport * from 'rage-js/testing'\n" +
          "export const log = ({ log }: import('node:http').IncomingMessage): void => log.info('typed')\n",
      )
      const config = join(project, 'tsconfig.plain.json')
      const compilerOptions = {
        target: 'es2022',
        module: 'nodenext',
        strict: true,
        noEmit: true,
        types: ['node'],
      }
      await writeFile(config, JSON.stringify({ compilerOptions, files: ['plain.mts'] }))

      await succeed(project, process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', config])
    },
    minutes,
  )
})

describe('the Conduit example with the packed tarball', () => {
  for (const express of expressMajors) {
    it(
      `passes its tests under Express ${express}`,
      async () => {
        const project = projects.get(express)!
        await link(project, 'bcryptjs', 'cors', 'jsonwebtoken', 'libsql', 'morgan', 'supertest')
        const isSource = (path: string) => !/\/(conduit\.db[^/]*|storage|node_modules)$/.test(path)
        await cp(join(root, 'examples/conduit'), join(project, 'conduit'), {
          recursive: true,
          filter: isSource,
        })

        // Its helper asks for "express4" when told so; here that is the Express the project has.
        if (express === '4') await symlink('express', join(project, 'node_modules/express4'))

        const mocha = join(root, 'node_modules/mocha/bin/mocha.js')
        await succeed(project, process.execPath, [mocha, '--exit', 'conduit/test/**/*.test.js'], {
          env: { EXPRESS_MAJOR: express },
          limitMs: 2 * minutes,
        })
      },
      3 * minutes,
    )
  }
})

async function prints(
  context: TestContext,
  node: string,
  express: ExpressMajor,
  fixture: string,
  expected: string,
) {
  const { stdout, stderr } = await runFixture(context, node, express, fixture)
  assert.equal(stdout, expected, stderr)
}

/** Runs a fixture with a storage folder of its own; skips, saying why, where that Node cannot be had. */
async function runFixture(context: TestContext, major: string, express: ExpressMajor, fixture: string) {
  const project = projects.get(express)!
  const storage = await mkdtemp(join(folder, 'storage-'))
  const node = await nodeBinary(major).catch((error: Error) => {
    if (mustNotSkip) throw error
    return context.skip(`Node ${major} cannot be had: ${error.message}`)
  })
  return succeed(project, node, [fixture], { env: { STORAGE: storage } })
}

function lastLine(stdout: string, stderr: string): Record<string, unknown> {
  const line = stdout.trim().split('\n').at(-1)!
  assert.ok(line.startsWith('{'), `no JSON line:\n${stdout}\n${stderr}`)
  return JSON.parse(line)
}
