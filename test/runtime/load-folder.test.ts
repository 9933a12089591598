import assert from 'node:assert/strict'
import { execFile, execFileSync } from 'node:child_process'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { beforeAll, describe, it, vi } from 'vitest'
import { root } from '../support/repository'
import { temporaryFolder } from './support/runtimes'

// Each case is a process of its own: what is loaded are files of an application that uses the built package.
vi.setConfig({ testTimeout: 30_000 })

beforeAll(() => {
  execFileSync(process.execPath, [join(root, '.ci/build.mjs')], { stdio: 'ignore' })
}, 120_000)

type Files = Readonly<Record<string, string>>

/** An application of these files, with the package installed. */
function application(files: Files): string {
  const folder = temporaryFolder()
  mkdirSync(join(folder, 'node_modules'))
  symlinkSync(root, join(folder, 'node_modules/rage-js'))
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), text)
  }
  return folder
}

/** What `main.cjs` or `main.mjs` of an application says, a line each. */
function run(folder: string, main: string): Promise<{ code: number; said: string[]; errors: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [main], { cwd: folder, timeout: 20_000 }, (error, stdout, stderr) => {
      const code = error === null ? 0 : Number(error.code)
      resolve({ code, said: stdout.split('\n').filter((line) => line !== ''), errors: stderr })
    })
  })
}

const order = `class OrderPlaced { constructor(id) { this.id = id } }`

/** The same application in both kinds of modules. */
const kinds = [
  {
    kind: 'CommonJS',
    type: 'commonjs',
    main: 'main.cjs',
    imports: `const { createRage, Subscriber } = require('rage-js')\nconst { OrderPlaced } = require('./order.js')`,
    exportOrder: `${order}\nmodule.exports = { OrderPlaced }`,
    subscriber: (name: string, depth = '..') => `
      const { Subscriber } = require('rage-js')
      const { OrderPlaced } = require('${depth}/order.js')
      class ${name} extends Subscriber {
        static on = [OrderPlaced]
        call({ id }) { console.log('${name} ' + id) }
      }
      module.exports = { ${name} }`,
  },
  {
    kind: 'ES modules',
    type: 'module',
    main: 'main.mjs',
    imports: `import { createRage, Subscriber } from 'rage-js'\nimport { OrderPlaced } from './order.js'`,
    exportOrder: `export ${order}`,
    subscriber: (name: string, depth = '..') => `
      import { Subscriber } from 'rage-js'
      import { OrderPlaced } from '${depth}/order.js'
      await undefined
      export class ${name} extends Subscriber {
        static on = [OrderPlaced]
        call({ id }) { console.log('${name} ' + id) }
      }`,
  },
] as const

function appOf(
  { type, imports, exportOrder, main }: (typeof kinds)[number],
  files: Files,
  work: string,
): string {
  return application({
    'package.json': `{ "type": "${type}" }`,
    'order.js': exportOrder,
    ...files,
    [main]: `${imports}
      const rage = createRage({ logger: { level: 'silent' }, storage: 'storage' })
      const codeOf = (work) => Promise.resolve(work).then(() => 'done', (error) => error.code)
      async function main() { ${work}; await rage.stop() }
      main()`,
  })
}

const publish = `await rage.events.publish(new OrderPlaced('7'))`

describe.each(kinds)('runtime: a folder of $kind', (kind) => {
  const { main, subscriber } = kind

  it('has its subscribers called in the order of their paths, those of its folders too', async () => {
    const folder = appOf(
      kind,
      {
        'subscribers/b.js': subscriber('Second'),
        'subscribers/a.js': subscriber('First'),
        'subscribers/b/a.js': subscriber('Third', '../..'),
      },
      `await rage.load('subscribers'); await rage.boot(); ${publish}`,
    )

    assert.deepEqual(await run(folder, main), {
      code: 0,
      said: ['First 7', 'Second 7', 'Third 7'],
      errors: '',
    })
  })

  it('is waited for by boot when nobody awaits it, and keeps its place among other folders', async () => {
    const folder = appOf(
      kind,
      { 'z/one.js': subscriber('OfZ'), 'a/one.js': subscriber('OfA') },
      `rage.load('z'); rage.load('a'); await rage.boot(); ${publish}`,
    )

    assert.deepEqual((await run(folder, main)).said, ['OfZ 7', 'OfA 7'])
  })

  it('leaves out tests, declarations, hidden files and packages', async () => {
    const broken = 'throw new Error("was loaded")'
    const folder = appOf(
      kind,
      {
        'subscribers/a.js': subscriber('First'),
        'subscribers/a.test.js': broken,
        'subscribers/a.spec.ts': broken,
        'subscribers/a.d.ts': broken,
        'subscribers/a.ts': broken,
        'subscribers/__tests__/b.js': broken,
        'subscribers/.hidden.js': broken,
        'subscribers/node_modules/b/index.js': broken,
        'subscribers/README.md': broken,
      },
      `await rage.load('subscribers'); await rage.boot(); ${publish}`,
    )

    assert.deepEqual((await run(folder, main)).said, ['First 7'])
  })

  it('registers what was registered before, or is exported twice, once', async () => {
    const folder = appOf(
      kind,
      { 'subscribers/a.js': subscriber('First') },
      `await rage.load('subscribers'); await rage.load(new URL('file://' + process.cwd() + '/subscribers'))
       await rage.boot(); ${publish}`,
    )

    assert.deepEqual((await run(folder, main)).said, ['First 7'])
  })

  it('is refused with the file that throws, and nothing of it is registered', async () => {
    const folder = appOf(
      kind,
      { 'subscribers/a.js': subscriber('First'), 'subscribers/b.js': 'throw new TypeError("no printer")' },
      `await rage.load('subscribers').catch((error) => {
         console.log(error.code, error.facts.file.endsWith('/subscribers/b.js'), error.cause.name)
       })
       console.log(rage.events.tree().length, await codeOf(rage.boot()))`,
    )

    assert.deepEqual(await run(folder, main), {
      code: 0,
      said: ['RAGE_RUNTIME_FILE_NOT_LOADED true TypeError', '0 RAGE_RUNTIME_FILE_NOT_LOADED'],
      errors: '',
    })
  })

  it('is refused with the file whose class cannot work', async () => {
    const folder = appOf(
      kind,
      { 'subscribers/a.js': subscriber('First').replace('static on = [OrderPlaced]', '') },
      `await rage.load('subscribers').catch((error) => {
         console.log(error.facts.file.endsWith('/subscribers/a.js'), error.cause.code)
       })`,
    )

    assert.deepEqual((await run(folder, main)).said, ['true RAGE_EVENTS_INVALID_SUBSCRIBER'])
  })

  it('is refused with the file that exports nothing to register, naming what it exports', async () => {
    const folder = appOf(
      kind,
      { 'subscribers/a.js': kind.exportOrder },
      `await rage.load('subscribers').catch((error) => console.log(error.code, error.facts.names.includes('OrderPlaced')))`,
    )

    assert.deepEqual((await run(folder, main)).said, ['RAGE_RUNTIME_NOTHING_TO_REGISTER true'])
  })

  it('is refused with the file whose top-level await does not end, and so is boot', async () => {
    const never = 'export class Never {}; await new Promise(() => {})'
    const folder = appOf(
      kind,
      { 'subscribers/a.js': subscriber('First'), 'subscribers/b.mjs': never, 'subscribers/c.mjs': never },
      `const short = createRage({ logger: { level: 'silent' }, storage: 'short', loadFileMs: 300 })
       // Nobody awaits it, and nothing else keeps the process alive.
       short.load('subscribers')
       await short.boot().catch((error) => {
         console.log(error.code, error.facts.file.endsWith('/subscribers/b.mjs'), error.message.includes('300 ms'))
       })
       console.log(short.events.tree().length, short.health().problems[0].code)
       await short.stop()`,
    )

    assert.deepEqual(await run(folder, main), {
      code: 0,
      said: ['RAGE_RUNTIME_FILE_LOAD_TIMEOUT true true', '0 runtime.boot_failed'],
      errors: '',
    })
  })

  it('is refused when it is none, is empty, or boot has begun', async () => {
    const folder = appOf(
      kind,
      { 'empty/README.md': '' },
      `const other = createRage({ logger: { level: 'silent' }, storage: 'other' })
       await other.boot()
       for (const one of ['missing', 'order.js', 'empty']) console.log(await codeOf(rage.load(one)))
       console.log(await codeOf(other.load('subscribers')))
       await other.stop()`,
    )

    assert.deepEqual((await run(folder, main)).said, [
      'RAGE_RUNTIME_FOLDER_NOT_LOADED',
      'RAGE_RUNTIME_FOLDER_NOT_LOADED',
      'RAGE_RUNTIME_FOLDER_NOT_LOADED',
      'RAGE_KERNEL_REGISTRATION_CLOSED',
    ])
  })
})

describe('runtime: a folder of several kinds', () => {
  it('may hold files with awaits at their top level that take a while, also without a limit', async () => {
    const [modules] = kinds.filter(({ type }) => type === 'module')
    const folder = appOf(
      modules!,
      {
        'subscribers/a.js': `${modules!.subscriber('First')}
          await new Promise((resolve) => setTimeout(resolve, 200))`,
      },
      `const unlimited = createRage({ logger: { level: 'silent' }, storage: 'unlimited', loadFileMs: 0 })
       await unlimited.load('subscribers'); await unlimited.boot()
       await unlimited.events.publish(new OrderPlaced('6')); await unlimited.stop()
       await rage.load('subscribers'); await rage.boot(); ${publish}`,
    )

    assert.deepEqual(await run(folder, modules!.main), { code: 0, said: ['First 6', 'First 7'], errors: '' })
  })

  it('may hold tasks, channels and controllers, base classes, and classes beside other exports', async () => {
    const folder = application({
      'main.cjs': `
        const { createRage } = require('rage-js')
        const rage = createRage({ logger: { level: 'silent' }, storage: 'storage' })
        rage.load('app')
        rage.routes((r) => r.get('/orders', 'orders#index'))
        rage.boot().then(async () => {
          const { SendReceipt } = require('./app/tasks.cjs')
          const { port } = await rage.listen(0, '127.0.0.1')
          console.log(await (await fetch('http://127.0.0.1:' + port + '/orders')).text())
          await rage.events.publish(new (require('./app/base.cjs').OrderPlaced)())
          await SendReceipt.enqueue()
          setTimeout(() => rage.stop(), 100)
        })`,
      'app/base.cjs': `
        const { Subscriber } = require('rage-js')
        class OrderPlaced {}
        class ApplicationSubscriber extends Subscriber {}
        exports.OrderPlaced = OrderPlaced
        exports.ApplicationSubscriber = ApplicationSubscriber
        exports.limit = 10`,
      'app/controllers.mjs': `
        import { Channel, Controller } from 'rage-js'
        export class OrdersController extends Controller { index() { this.render({ text: 'orders' }) } }
        export class OrdersChannel extends Channel {}`,
      'app/default.mjs': `
        import base from './base.cjs'
        export default class Default extends base.ApplicationSubscriber {
          static on = [base.OrderPlaced]
          call() { console.log('Default') }
        }`,
      'app/single.cjs': `
        const { ApplicationSubscriber, OrderPlaced } = require('./base.cjs')
        module.exports = class Single extends ApplicationSubscriber {
          static on = [OrderPlaced]
          call() { console.log('Single') }
        }`,
      'app/tasks.cjs': `
        const { Task } = require('rage-js')
        exports.SendReceipt = class SendReceipt extends Task { perform() { console.log('SendReceipt') } }`,
    })

    assert.deepEqual(await run(folder, 'main.cjs'), {
      code: 0,
      said: ['orders', 'Default', 'Single', 'SendReceipt'],
      errors: '',
    })
  })
})
