import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chownSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { beforeAll, describe, it, vi } from 'vitest'
import { systemClock } from '../../src/kernel'
import { queueName, testEngines } from '../deferred/support/engines'
import { atEnd, makeRage, temporaryFolder } from '../runtime/support/runtimes'
import { root } from '../support/repository'
import { redisUrl } from '../support/services'
import { Application, rage, start as startRage } from './support/program'

// Each case starts several processes.
vi.setConfig({ testTimeout: 60_000 })

// The program is that of the built package; this does nothing when it is fresh.
beforeAll(() => {
  execFileSync(process.execPath, [join(root, '.ci/build.mjs')], { stdio: 'ignore' })
}, 120_000)

async function start(storage: string, ...commands: readonly string[]): Promise<Application> {
  const application = new Application(storage, ...commands)
  atEnd(() => application.end('SIGKILL'))
  return application.ready()
}

/** A folder whose process was killed with these jobs in it, and their ids. */
async function stopped(...commands: readonly string[]): Promise<{ storage: string; ids: readonly string[] }> {
  const storage = temporaryFolder()
  const application = await start(storage, ...commands)
  const deaths = commands.filter((command) => command.startsWith('Dies')).length
  await application.until(() => application.said('ran').length >= deaths)
  await new Promise((resolve) => setTimeout(resolve, 200))
  await application.end('SIGKILL')
  return { storage, ids: application.said('enqueued') }
}

async function json(...args: readonly string[]) {
  const { code, stdout, stderr } = await rage('jobs', ...args, '--json')
  assert.equal(code, 0, stderr)
  return JSON.parse(stdout)
}

function codeIn(stderr: string): string | undefined {
  return /RAGE_\w+/.exec(stderr)?.[0]
}

describe('rage jobs, with a process that runs', () => {
  it('lists, shows, retries and discards its jobs', async () => {
    const storage = temporaryFolder()
    const application = await start(storage, 'Works:1:3600', 'Dies:2')
    const [later, dead, other] = application.said('enqueued')
    await application.until(() => application.said('ran').length === 2)

    const listed = await json('list', '--storage', storage)
    const shown = await json('show', dead!, '--storage', storage)
    const retried = await rage('jobs', 'retry', dead!, '--storage', storage)
    await application.until(() => application.said('ran').length === 3)
    const discarded = await rage('jobs', 'discard', other!, later!, '--storage', storage)
    const left = await json('list', '--storage', storage)

    assert.deepEqual(
      listed.map(({ id, task, state }: Record<string, string>) => [id, task, state]),
      [
        [later, 'Works', 'delayed'],
        [dead, 'Dies', 'dead'],
        [other, 'Dies', 'dead'],
      ],
    )
    assert.deepEqual(
      [shown.args, shown.error.name, shown.error.message],
      [{ n: 0 }, 'RangeError', 'no such order'],
    )
    assert.equal(retried.stdout, `retried ${dead}\n`)
    assert.equal(application.said('ran')[2], `Dies ${dead}`)
    assert.equal(discarded.code, 0)
    assert.deepEqual(
      left.map(({ id }: { id: string }) => id),
      [dead],
    )
  })

  it('filters by state and task', async () => {
    const storage = temporaryFolder()
    const application = await start(storage, 'Works:3:3600', 'Dies:1')
    await application.until(() => application.said('ran').length === 1)

    const dead = await json('list', '--state', 'dead', '--storage', storage)
    const works = await json('list', '--task', 'Works', '--limit', '2', '--storage', storage)

    assert.deepEqual(
      dead.map(({ task, attempt }: Record<string, unknown>) => [task, attempt]),
      [['Dies', 1]],
    )
    assert.equal(works.length, 2)
  })

  it('lists a task behind more jobs of others than it would list', async () => {
    const storage = temporaryFolder()
    await start(storage, 'Works:1200:3600', 'Dies:2:7200')

    const dies = await json('list', '--task', 'Dies', '--storage', storage)

    assert.deepEqual(
      dies.map(({ task, state }: Record<string, string>) => [task, state]),
      [
        ['Dies', 'delayed'],
        ['Dies', 'delayed'],
      ],
    )
  })

  it('shows arguments that are no plain JSON as their text, and lists however large ones', async () => {
    const storage = temporaryFolder()
    const application = await start(storage, 'Works:1:3600:bigint', 'Works:110:3600:large')
    const [first] = application.said('enqueued')

    const listed = await json('list', '--limit', '1000', '--storage', storage)
    const shown = await json('show', first!, '--storage', storage)

    assert.equal(listed.length, 111)
    assert.match(shown.args, /^#1 .*"5"/)
  })

  it('is not paused as a whole by a queue that is no name', async () => {
    const storage = temporaryFolder()
    const application = await start(storage)
    const path = join(storage, 'control', '1.sock')
    await application.until(() => existsSync(path))
    const socket = connect(path)
    socket.end('{"v":1,"command":"jobs.pause","options":{"queue":5}}\n')

    const answer = JSON.parse((await socket.toArray()).join(''))
    const { processes } = await json('stats', '--storage', storage)

    assert.deepEqual([answer.ok, answer.code], [false, 'RAGE_KERNEL_INVALID_OPTION'])
    assert.equal(processes[0].paused, false)
  })

  it('pauses and resumes it', async () => {
    const storage = temporaryFolder()
    const application = await start(storage)

    const paused = await rage('jobs', 'pause', '--storage', storage)
    application.process.kill('SIGUSR2') // it enqueues a job
    await application.until(() => application.said('enqueued').length === 1)
    const { processes } = await json('stats', '--storage', storage)
    const shown = await rage('jobs', 'stats', '--storage', storage)
    const ranWhilePaused = application.said('ran').length
    const resumed = await rage('jobs', 'resume', '--storage', storage)
    await application.until(() => application.said('ran').length === 1)

    assert.deepEqual([paused.code, resumed.code], [0, 0])
    assert.deepEqual([processes[0].queued, ranWhilePaused], [1, 0])
    const { oldestMs, ...queue } = processes[0].queues.default
    assert.deepEqual(
      [processes[0].paused, queue],
      [true, { queued: 1, running: 0, delayed: 0, paused: true }],
    )
    assert.match(
      shown.stdout,
      /\n {4}paused: true\n {4}queues:\n {6}default:\n {8}queued: 1\n(?: {8}.*\n)* {8}paused: true\n/,
    )
  })

  it('counts the jobs of every process of the folder', async () => {
    const storage = temporaryFolder()
    await start(storage, 'Works:2:3600')
    await start(storage, 'Works:3:3600')

    const { processes } = await json('stats', '--storage', storage)

    assert.deepEqual(processes.map(({ delayed }: { delayed: number }) => delayed).sort(), [2, 3])
  })

  it('refuses to move jobs from under it', async () => {
    const storage = temporaryFolder()
    await start(storage)

    const { code, stderr } = await rage('jobs', 'move', '--to', 'bullmq', '--storage', storage)

    assert.deepEqual([code, codeIn(stderr)], [1, 'RAGE_CLI_WRONG_MOMENT'])
  })

  it('says so when a job is not there', async () => {
    const storage = temporaryFolder()
    await start(storage)

    for (const command of ['show', 'retry', 'discard']) {
      const { code, stderr } = await rage('jobs', command, 'nope', '--storage', storage)

      assert.deepEqual([code, codeIn(stderr)], [1, 'RAGE_CLI_NO_JOB'], command)
    }
  })
})

describe('rage jobs, on the folder of a process that was killed', () => {
  it('lists, shows, retries and discards jobs, for the next process to find', async () => {
    const { storage, ids } = await stopped('Works:2:3600', 'Dies:1')
    const [first, second, dead] = ids

    const listed = await json('list', '--storage', storage)
    const shown = await json('show', dead!, '--storage', storage)
    const retried = await json('retry', dead!, '--storage', storage)
    const discarded = await json('discard', first!, '--storage', storage)
    const stats = await json('stats', '--storage', storage)
    const next = await start(storage)
    await next.until(() => next.said('ran').length === 1)
    const left = await json('list', '--state', 'delayed', '--storage', storage)

    assert.deepEqual(
      listed.map(({ id, state, attempt }: Record<string, unknown>) => [id, state, attempt]),
      [
        [first, 'delayed', 0],
        [second, 'delayed', 0],
        [dead, 'dead', 1],
      ],
    )
    assert.deepEqual([shown.args, shown.error.message, shown.reason], [{ n: 0 }, 'no such order', 'stopped'])
    assert.deepEqual([retried, discarded], [{ retried: [dead] }, { discarded: [first] }])
    assert.deepEqual([stats.waiting, stats.delayed, stats.dead], [1, 1, 0])
    assert.deepEqual(next.said('ran'), [`Dies ${dead}`])
    assert.deepEqual(
      left.map(({ id }: { id: string }) => id),
      [second],
    )
  })

  it('shows them as the process did', async () => {
    const storage = temporaryFolder()
    const application = await start(storage, 'Works:1:3600:bigint', 'Dies:1')
    await application.until(() => application.said('ran').length === 1)
    const ids = application.said('enqueued')
    const view = async () => ({
      listed: await json('list', '--storage', storage),
      shown: await Promise.all(ids.map((id) => json('show', id, '--storage', storage))),
    })

    const live = await view()
    await application.end('SIGKILL')
    const stopped = await view()

    assert.deepEqual(stopped, live)
  })

  it('changes no file to list, show and count them', async () => {
    const { storage, ids } = await stopped('Works:2:3600')
    const before = filesOf(storage)

    await json('list', '--storage', storage)
    await json('show', ids[0]!, '--storage', storage)
    await json('stats', '--storage', storage)

    assert.deepEqual(filesOf(storage), before)
  })

  it.skipIf(process.geteuid?.() !== 0)(
    'shows jobs of another user, and leaves no file there that this user could not open (as root)',
    async () => {
      const { storage, ids } = await stopped('Works:2:3600')
      const inside = readdirSync(storage, { recursive: true, encoding: 'utf8' })
      for (const name of ['', ...inside]) chownSync(join(storage, name), 65_534, 65_534)
      const before = filesOf(storage)

      const listed = await json('list', '--storage', storage)
      const refused = [
        await rage('jobs', 'discard', ids[0]!, '--storage', storage),
        await rage('jobs', 'retry', ids[0]!, '--storage', storage),
        await rage('jobs', 'move', '--to', 'bullmq', '--storage', storage),
      ]

      assert.equal(listed.length, 2)
      for (const { code, stderr } of refused)
        assert.deepEqual([code, codeIn(stderr)], [1, 'RAGE_CLI_OTHER_USER'])
      assert.deepEqual(filesOf(storage), before)
    },
  )

  it('says that no process runs where it counts them for people', async () => {
    const { storage } = await stopped('Works:1:3600')

    const { code, stdout } = await rage('jobs', 'stats', '--storage', storage)

    assert.deepEqual(
      [code, stdout],
      [
        0,
        'processes: none runs\nwaiting: 0\ndelayed: 1\ninterrupted: 0\ndead: 0\nothers: 0\nunreadable: 0\npaused: false\n' +
          'queues:\n  default:\n    waiting: 0\n    delayed: 1\n    interrupted: 0\n    dead: 0\n    paused: false\n',
      ],
    )
  })

  it('tells which queues are paused, those without jobs included', async () => {
    const storage = temporaryFolder()
    const application = await start(storage, 'Works:1:3600')
    await rage('jobs', 'pause', 'mail', '--storage', storage)
    const { processes } = await json('stats', '--storage', storage)
    await application.end('SIGKILL')

    const stats = await json('stats', '--storage', storage)
    writeFileSync(join(storage, 'deferred', 'paused.json'), '{')
    const unreadable = await rage('jobs', 'stats', '--json', '--storage', storage)

    const pausedIn = ({ queues }: { queues: Record<string, { paused: boolean }> }) =>
      Object.entries(queues)
        .map(([name, { paused }]) => [name, paused])
        .sort()
    const expected = [
      ['default', false],
      ['mail', true],
    ]
    assert.deepEqual([processes[0].paused, pausedIn(processes[0])], [false, expected])
    assert.deepEqual([stats.paused, pausedIn(stats)], [false, expected])
    const none = { waiting: 0, delayed: 0, interrupted: 0, dead: 0 }
    assert.deepEqual(stats.queues.default, { ...none, delayed: 1, paused: false })
    assert.deepEqual([unreadable.code, JSON.parse(unreadable.stdout).paused], [0, null])
    assert.match(unreadable.stderr, /which queues are paused cannot be read/)
  })

  it('needs a process for pausing', async () => {
    const { storage } = await stopped('Works:1:3600')

    const { code, stderr } = await rage('jobs', 'pause', '--storage', storage)

    assert.deepEqual([code, codeIn(stderr)], [1, 'RAGE_CLI_WRONG_MOMENT'])
  })

  it('refuses a log that a process owns which listens on no socket', async () => {
    const storage = temporaryFolder()
    const application = await start(storage, 'Works:1:3600')
    for (const name of readdirSync(join(storage, 'control'))) {
      execFileSync('rm', [join(storage, 'control', name)])
    }

    const { code, stderr } = await rage('jobs', 'list', '--storage', storage)

    assert.deepEqual([code, codeIn(stderr)], [1, 'RAGE_CLI_STORAGE_IN_USE'])
    await application.end()
  })
})

describe('rage jobs verify', () => {
  it('counts records, changes nothing, and finds no damage where there is none', async () => {
    const { storage } = await stopped('Works:3:3600')
    const before = filesOf(storage)

    const { logs } = await json('verify', '--storage', storage)

    assert.equal(logs.length, 1)
    assert.ok(logs[0].records >= 3)
    assert.deepEqual([logs[0].damages, logs[0].isOwned], [0, false])
    assert.deepEqual(filesOf(storage), before)
  })

  it('exits with 1 and counts what is damaged', async () => {
    const { storage } = await stopped('Works:3:3600')
    const before = filesOf(storage)
    const [path, bytes] = [...before].find(([name]) => name.endsWith('.wal'))!
    const damaged = Buffer.from(bytes)
    // Within the first record, behind the header of the segment.
    damaged[64 + 40] = damaged[64 + 40]! ^ 0xff
    writeFileSync(path, damaged)

    const { code, stdout } = await rage('jobs', 'verify', '--storage', storage, '--json')

    const [log] = JSON.parse(stdout).logs
    assert.deepEqual([code, log.damages, log.damagedBytes > 0], [1, 1, true])
    assert.deepEqual(readFileSync(path), damaged)
  })

  it('looks at the log of a process that runs, too', async () => {
    const storage = temporaryFolder()
    await start(storage, 'Works:3:3600')

    const { logs } = await json('verify', '--storage', storage)

    assert.deepEqual([logs[0].isOwned, logs[0].damages], [true, 0])
  })
})

const bullmq = testEngines.find(({ name }) => name === 'bullmq')!
const pgBoss = testEngines.find(({ name }) => name === 'pg-boss')!

describe.skipIf(!bullmq.isThere)('rage jobs move', () => {
  it('moves waiting jobs to an engine, leaves dead ones, and does nothing the second time', async () => {
    const { storage } = await stopped('Works:5:3600', 'Dies:1')
    const queue = queueName()
    atEnd(() => bullmq.remove(queue))
    const to = ['--to', 'bullmq', '--connection', redisUrl, '--queue', queue, '--storage', storage]

    const first = await json('move', ...to)
    const second = await json('move', ...to)
    const left = await json('list', '--storage', storage)
    const { rage: runtime, kind } = await onEngine(bullmq, queue)
    await kind.close()

    assert.deepEqual([first.moved, first.stayed.length, second.moved], [5, 1, 0])
    assert.deepEqual(
      left.map(({ state }: { state: string }) => state),
      ['dead'],
    )
    assert.deepEqual(await runtime.deferred.count(), { queued: 0, delayed: 5, running: 0, dead: 0 })
  })

  it('says how many jobs it leaves, and why', async () => {
    const { storage } = await stopped('Dies:2')
    const to = ['--to', 'bullmq', '--connection', redisUrl, '--queue', queueName(), '--storage', storage]

    const { code, stdout, stderr } = await rage('jobs', 'move', ...to)

    assert.equal(code, 0)
    assert.match(stderr, /^not moved: 2 jobs, dead$/m)
    assert.match(stdout, /^moved 0 jobs to bullmq\n(stays in the log: \S+ \(Dies\), dead\n){2}$/)
  })

  it('goes on where it was killed in the middle, and loses nothing', async () => {
    const { storage } = await stopped('Works:4000:3600')
    const queue = queueName()
    atEnd(() => bullmq.remove(queue))
    const { rage: runtime, kind } = await onEngine(bullmq, queue)
    const to = ['--to', 'bullmq', '--connection', redisUrl, '--queue', queue, '--storage', storage]

    const killed = startRage('jobs', 'move', ...to)
    while ((await runtime.deferred.count()).delayed === 0)
      await new Promise((resolve) => setImmediate(resolve))
    await killed.kill()
    const atKill = (await runtime.deferred.count()).delayed
    const left = (await json('stats', '--storage', storage)).delayed
    const rest = await json('move', ...to)
    await kind.close()

    assert.ok(atKill > 0 && left > 0 && atKill + left >= 4_000, `${atKill} moved, ${left} left`)
    assert.equal(rest.moved, left)
    assert.deepEqual((await runtime.deferred.count()).delayed, 4_000)
  })

  it.skipIf(!pgBoss.isThere)('adds a job once, however often it is moved', async () => {
    for (const engine of [bullmq, pgBoss]) {
      const queue = queueName()
      atEnd(() => engine.remove(queue))
      const { rage: runtime, kind } = await onEngine(engine, queue)
      const job = {
        v: 1 as const,
        id: 'mjx2k9aq7f3c:000000017',
        task: 'Elsewhere',
        args: '',
        context: '{"id":"r"}',
        runAt: Date.now() + 3_600_000,
        failures: 2,
        priority: 0,
      }

      await kind.add([job], null)
      await kind.add([job, { ...job, id: 'mjx2k9aq7f3c:000000018' }], null)

      assert.equal((await runtime.deferred.count()).delayed, 2, engine.name)
      await kind.close()
    }
  })

  it('leaves the jobs in the log when the engine cannot be reached', async () => {
    const { storage } = await stopped('Works:5:3600')
    const unreachable = ['--to', 'bullmq', '--connection', 'redis://127.0.0.1:1']

    const { code, stderr } = await rage('jobs', 'move', ...unreachable, '--storage', storage)
    const left = await json('list', '--storage', storage)

    assert.deepEqual([code, left.length, codeIn(stderr)], [1, 5, 'RAGE_DEFERRED_ENGINE_UNAVAILABLE'])
    assert.match(stderr, /ECONNREFUSED/)
  })
})

describe('rage jobs, used wrongly', () => {
  it('exits with 2 and says what it does not know', async () => {
    const wrong = [
      ['frobnicate'],
      ['list', '--bogus'],
      ['list', '--limit', '0'],
      ['list', '--state', 'ded'],
      ['list', '--to', 'bullmq'],
      ['show'],
      ['retry'],
      ['move'],
      ['move', '--to', 'kafka'],
      ['move', '--to', 'pg-boss', '--prefix', 'x'],
      ['move', '--to', 'bullmq', '--schema', 'x'],
    ]

    for (const args of wrong) {
      const { code, stderr, stdout } = await rage('jobs', ...args)

      assert.deepEqual([code, codeIn(stderr), stdout], [2, 'RAGE_CLI_USAGE', ''], args.join(' '))
    }
  })

  it('says where it looked when there is nothing', async () => {
    const storage = join(temporaryFolder(), 'none')

    const { code, stderr } = await rage('jobs', 'list', '--storage', storage, '--json')

    assert.equal(code, 1)
    assert.equal(JSON.parse(stderr).error.code, 'RAGE_CLI_NO_STORAGE')
  })

  it('does not wait for ever for a process that does not answer', async () => {
    const storage = temporaryFolder()
    mkdirSync(join(storage, 'control'))
    const silent = createServer(() => undefined)
    await new Promise<void>((resolve) => silent.listen(join(storage, 'control', '1.sock'), resolve))
    atEnd(() => void silent.close())

    const { code, stderr } = await rage('jobs', 'stats', '--storage', storage)

    assert.deepEqual([code, codeIn(stderr)], [1, 'RAGE_CLI_PROCESS'])
  })
})

function filesOf(storage: string): Map<string, Buffer> {
  const files = readdirSync(storage, { recursive: true, encoding: 'utf8' })
    .map((name) => join(storage, name))
    .filter((path) => statSync(path).isFile())
  return new Map(files.map((path) => [path, readFileSync(path)]))
}

/** A runtime on the engine, and the engine by itself. */
async function onEngine(engine: (typeof testEngines)[number], queue: string) {
  const { rage: runtime } = makeRage({ deferred: { engine: engine.kind(queue) } })
  await runtime.boot()
  const { logger, errors } = runtime
  const world = {
    clock: systemClock,
    logger,
    errors,
    concurrency: 1,
    deadLimit: 10,
    run: () => Promise.reject(new Error('not here')),
  }
  const kind = await engine.kind(queue)!.open(world, AbortSignal.timeout(5_000))
  return { rage: runtime, kind }
}
