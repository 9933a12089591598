import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { beforeAll, describe, it, vi } from 'vitest'
import { atEnd, temporaryFolder } from '../runtime/support/runtimes'
import { root } from '../support/repository'
import { EventsApplication, rage } from './support/program'

// Each case starts several processes.
vi.setConfig({ testTimeout: 60_000 })

// The program is that of the built package; this does nothing when it is fresh.
beforeAll(() => {
  execFileSync(process.execPath, [join(root, '.ci/build.mjs')], { stdio: 'ignore' })
}, 120_000)

async function start(storage: string, ...commands: readonly string[]): Promise<EventsApplication> {
  const application = new EventsApplication(storage, ...commands)
  atEnd(() => application.end('SIGKILL'))
  return application.ready()
}

const tree = `Audited  trait
└─ KeepRecord
CartLeft
└─ nobody
OrderEvent
├─ WriteLog
└─ OrderPlaced  (Audited)
   ├─ WriteLog  via OrderEvent
   ├─ SendReceipt  deferred
   └─ KeepRecord  via Audited
`

describe('rage events', () => {
  it('prints who runs when an event is published, and events that reach nobody', async () => {
    const storage = temporaryFolder()
    await start(storage)

    assert.deepEqual(await rage('events', '--storage', storage), { code: 0, stdout: tree, stderr: '' })
  })

  it('prints the events that are named, only', async () => {
    const storage = temporaryFolder()
    await start(storage)

    const { stdout } = await rage('events', 'CartLeft', 'OrderPlaced', '--storage', storage)

    assert.equal(
      stdout,
      'CartLeft\n└─ nobody\nOrderPlaced  (Audited)\n├─ WriteLog  via OrderEvent\n├─ SendReceipt  deferred\n└─ KeepRecord  via Audited\n',
    )
  })

  it('prints JSON', async () => {
    const storage = temporaryFolder()
    const { process: application } = await start(storage)

    const { stdout } = await rage('events', 'OrderPlaced', '--json', '--storage', storage)

    assert.deepEqual(JSON.parse(stdout), [
      {
        pids: [application.pid],
        events: [
          {
            name: 'OrderPlaced',
            isTrait: false,
            traits: ['Audited'],
            subscribers: [
              { name: 'WriteLog', deferred: false, via: 'OrderEvent' },
              { name: 'SendReceipt', deferred: true, via: 'OrderPlaced' },
              { name: 'KeepRecord', deferred: false, via: 'Audited' },
            ],
            children: [],
          },
        ],
      },
    ])
  })

  it('prints one tree of processes that agree, and several of those that do not', async () => {
    const storage = temporaryFolder()
    const [one, two] = [await start(storage), await start(storage)]
    const agreed = await rage('events', '--storage', storage)
    const odd = await start(storage, 'more')

    const { stdout } = await rage('events', 'CartLeft', '--storage', storage)

    assert.equal(agreed.stdout, tree)
    assert.equal(
      stdout,
      `process ${one.process.pid}, ${two.process.pid}:\nCartLeft\n└─ nobody\n\n` +
        `process ${odd.process.pid}:\nCartLeft\n└─ CallBack\n\n`,
    )
  })

  it('says so when no process runs, or none knows the event', async () => {
    const storage = temporaryFolder()
    const nobody = await rage('events', '--storage', storage)
    const asJson = await rage('events', '--json', '--storage', storage)
    await start(storage)
    const unknown = await rage('events', 'OrderPlacd', '--storage', storage)

    assert.deepEqual([nobody.code, nobody.stdout], [1, ''])
    assert.match(nobody.stderr, /RAGE_CLI_NO_PROCESS: No process of ".*" runs that "rage events" could ask\./)
    assert.equal(JSON.parse(asJson.stderr).error.code, 'RAGE_CLI_NO_PROCESS')
    assert.equal(unknown.code, 1)
    assert.match(unknown.stderr, /RAGE_CLI_NO_EVENT: .*Did you mean "OrderPlaced"\?/)
  })

  it('exits with 2 on wrong usage, and explains itself', async () => {
    const wrong = await rage('events', '--storag', 'x')
    const help = await rage('events', '--help')

    assert.equal(wrong.code, 2)
    assert.match(wrong.stderr, /RAGE_CLI_USAGE: .*Run "rage events --help"/)
    assert.equal(help.code, 0)
    assert.match(help.stdout, /^rage events \[EVENT\.\.\.\]/)
  })
})
