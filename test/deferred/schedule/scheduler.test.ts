import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, it, onTestFinished } from 'vitest'
import { Context, CurrentAttributes, currentContext, runInContext } from '../../../src/context'
import { type Deferred, InvalidScheduleError, type JobMiddleware, Task } from '../../../src/deferred'
import { DuplicateNameError, NotRegisteredError } from '../../../src/kernel'
import { FakeClock } from '../../../src/testing'
import { bootDeferred, crash, createDeferred, stopAll } from '../support/boot-deferred'
import { MemoryDisk } from '../support/memory-log'

afterEach(stopAll)

const day = 86_400_000
const midnight = Date.UTC(2026, 0, 1)
const ran: Run[] = []
afterEach(() => void ran.splice(0))

class Current extends CurrentAttributes<{ tenant: string }> {}

class Backup extends Task<{ full: boolean } | undefined> {
  perform(args: unknown, { id }: { id: string }): void {
    ran.push({ id, args, requestId: currentContext()!.requestId, tenant: Current.get('tenant') })
  }
}

class OneAtATime extends Task {
  static override unique = true
  perform(_args: unknown, { id }: { id: string }): Promise<void> {
    ran.push({ id, args: null, requestId: currentContext()!.requestId, tenant: undefined })
    return new Promise(() => undefined)
  }
}

interface Run {
  readonly id: string
  readonly args: unknown
  readonly requestId: string
  readonly tenant: string | undefined
}

interface Process {
  readonly folder: string
  readonly clock: FakeClock
  readonly disk?: MemoryDisk
  readonly declare?: (deferred: Deferred) => void
}

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'rage-schedule-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** A process with a schedule, on real files; only its log is in memory. */
async function start({ folder, clock, disk = new MemoryDisk(), declare = nightly }: Process) {
  const made = createDeferred({
    tasks: [Backup, OneAtATime],
    currentClasses: [Current],
    folder,
    clock,
    disk,
  })
  declare(made.deferred)
  await made.deferred.service.boot()
  made.deferred.service.serve()
  return made
}

function nightly(deferred: Deferred): void {
  deferred.schedule('0 3 * * *', Backup, { full: true }, { timeZone: 'UTC' })
}

function fires(lines: readonly { readonly msg: string }[]): Promise<void> {
  return patiently(() => lines.some(({ msg }) => msg === 'this process fires schedules'))
}

/** A process whose nightly backup passes a layer of enqueue middleware. */
async function withLayer(layer: JobMiddleware, more: (deferred: Deferred) => void = () => undefined) {
  const declare = (deferred: Deferred): void => {
    nightly(deferred)
    more(deferred)
    deferred.use(layer)
  }
  const clock = new FakeClock(midnight)
  const made = await start({ folder: temporaryFolder(), clock, declare })
  await fires(made.lines)
  return made
}

/** Real files take real time, which the fake clock does not know of. */
async function patiently(isSo: () => boolean): Promise<void> {
  for (let tries = 0; tries < 400; tries++) {
    if (isSo()) return
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  throw new Error('it did not happen')
}

async function quietly(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 60))
}

describe('deferred: a schedule', () => {
  it('makes a job at each of its times, with its arguments', async () => {
    const clock = new FakeClock(midnight)
    const { lines } = await start({ folder: temporaryFolder(), clock })
    await fires(lines)

    await clock.advance(3 * 3_600_000 - 1)
    await quietly()
    assert.deepEqual(ran, [])
    await clock.advance(1)
    await patiently(() => ran.length === 1)
    await clock.advance(day)
    await patiently(() => ran.length === 2)

    const [first] = ran as readonly Run[]
    assert.deepEqual(first!.args, { full: true })
  })

  it('is fired by one of the processes on a folder, and by the next once that ends', async () => {
    const clock = new FakeClock(midnight)
    const folder = temporaryFolder()
    const first = await start({ folder, clock })
    await fires(first.lines)
    const second = await start({ folder, clock })

    await clock.advance(3 * 3_600_000)
    await patiently(() => ran.length === 1)
    await quietly()
    assert.equal(ran.length, 1)
    await first.deferred.service.drain(AbortSignal.timeout(1_000))
    await first.deferred.service.stop()
    await clock.advance(1_000)
    await fires(second.lines)
    await clock.advance(day)
    await patiently(() => ran.length === 2)
  })

  for (const [catchUp, times] of [
    ['once', 1],
    ['none', 0],
  ] as const) {
    it(`that passed while no process ran, with catchUp '${catchUp}', fires ${times} time(s)`, async () => {
      const clock = new FakeClock(midnight)
      const folder = temporaryFolder()
      const declare = (deferred: Deferred) =>
        deferred.schedule('0 3 * * *', Backup, undefined, { timeZone: 'UTC', catchUp })
      const before = await start({ folder, clock, declare })
      await fires(before.lines)
      await before.deferred.service.stop()
      clock.set(clock.now() + 3 * day + 4 * 3_600_000)

      const after = await start({ folder, clock, declare })
      await fires(after.lines)
      await patiently(() => ran.length >= times)
      await quietly()

      assert.equal(ran.length, times)
    })
  }

  it('is not late, with catchUp none, when another process needs some seconds to take over', async () => {
    const clock = new FakeClock(midnight)
    const folder = temporaryFolder()
    const declare = (deferred: Deferred) =>
      deferred.schedule('0 3 * * *', Backup, undefined, { timeZone: 'UTC', catchUp: 'none' })
    const before = await start({ folder, clock, declare })
    await fires(before.lines)
    await before.deferred.service.stop()
    clock.set(midnight + 3 * 3_600_000 + 20_000)

    await start({ folder, clock, declare })

    await patiently(() => ran.length === 1)
  })

  it('does not fire again when the clock is set back', async () => {
    const clock = new FakeClock(midnight)
    const { lines } = await start({ folder: temporaryFolder(), clock })
    await fires(lines)
    await clock.advance(3 * 3_600_000)
    await patiently(() => ran.length === 1)

    clock.set(clock.now() - 3_600_000)
    await clock.advance(2 * 3_600_000)
    await quietly()

    assert.equal(ran.length, 1)
  })

  it('that is new does not fire for times before it was known', async () => {
    const clock = new FakeClock(midnight + 4 * 3_600_000)

    const { lines } = await start({ folder: temporaryFolder(), clock })
    await fires(lines)
    await quietly()

    assert.deepEqual(ran, [])
  })

  it('of a task that is unique passes over times at which its last job is open', async () => {
    const clock = new FakeClock(midnight)
    const declare = (deferred: Deferred) => deferred.every('1h', OneAtATime)
    const { lines } = await start({ folder: temporaryFolder(), clock, declare })
    await fires(lines)

    await clock.advance(3_600_000)
    await patiently(() => ran.length === 1)
    await clock.advance(3_600_000)
    await quietly()

    assert.equal(ran.length, 1)
  })

  it('of a task that is unique goes on after a time that could not be written down', async () => {
    const clock = new FakeClock(midnight)
    const folder = temporaryFolder()
    const file = join(folder, 'schedules.json')
    const declare = (deferred: Deferred): void =>
      deferred.schedule('0 3 * * *', OneAtATime, undefined, { timeZone: 'UTC' })
    const { disk, errors, lines } = await start({ folder, clock, declare })
    await fires(lines)
    const reports: unknown[] = []
    errors.register((error) => void reports.push(error))
    const text = readFileSync(file, 'utf8')
    rmSync(file)
    mkdirSync(file)

    await clock.advance(3 * 3_600_000)
    await patiently(() => reports.length > 0)
    rmSync(file, { recursive: true })
    writeFileSync(file, text)
    for (let turn = 0; turn < 400 && ran.length === 0; turn++) {
      await clock.advance(1_000)
      await new Promise((resolve) => setTimeout(resolve, 5))
    }

    assert.deepEqual([ran.length, disk.entries.size], [1, 1])
  })

  it('arms no timer when there is none', async () => {
    const { clock } = await bootDeferred({ tasks: [Backup] })

    assert.equal(clock.timers, 0)
  })
})

describe('deferred: one time of a schedule', () => {
  it('is a unit of work of its own: middleware, lines and the job have its id, and then it ends', async () => {
    const units: Context[] = []
    const clock = new FakeClock(midnight)
    const { lines } = await start({
      folder: temporaryFolder(),
      clock,
      declare: (deferred) => {
        nightly(deferred)
        deferred.use({
          enqueue(_, next) {
            units.push(currentContext()!)
            Current.set({ tenant: `of unit ${units.length}` })
            return next()
          },
        })
      },
    })
    await fires(lines)

    await clock.advance(3 * 3_600_000)
    await patiently(() => ran.length === 1)
    await clock.advance(day)
    await patiently(() => ran.length === 2)

    const [first, second] = units
    assert.deepEqual([first!.kind, second!.kind], ['schedule', 'schedule'])
    assert.notEqual(first!.requestId, second!.requestId)
    assert.deepEqual(
      lines.filter(({ msg }) => msg === 'schedule fired').map(({ requestId }) => requestId),
      [first!.requestId, second!.requestId],
    )
    assert.deepEqual(
      ran.map(({ requestId, tenant }) => [requestId, tenant]),
      [
        [first!.requestId, 'of unit 1'],
        [second!.requestId, 'of unit 2'],
      ],
    )
    assert.deepEqual([first!.closed, second!.closed], [true, true])
  })

  it('is none of the unit of work in which the runtime began to serve', async () => {
    const clock = new FakeClock(midnight)
    const made = createDeferred({ tasks: [Backup, OneAtATime], folder: temporaryFolder(), clock })
    nightly(made.deferred)
    await made.deferred.service.boot()
    const request = new Context({ kind: 'request', scope: made.scope, requestId: 'whoever came first' })
    runInContext(request, () => made.deferred.service.serve())
    await fires(made.lines)

    await clock.advance(3 * 3_600_000)
    await patiently(() => ran.length === 1)

    assert.notEqual(ran[0]!.requestId, 'whoever came first')
    const line = made.lines.find(({ msg }) => msg === 'this process fires schedules')
    assert.equal(line!.requestId, undefined)
  })

  it('makes the job that enqueue middleware leaves', async () => {
    const { clock } = await withLayer({
      enqueue(job, next) {
        const { full } = job.args as { full: boolean }
        job.args = { full, tenant: 'a' }
        if (full) job.options = { delay: 60, followedBy: [Backup.with({ full: false })] }
        return next()
      },
    })

    await clock.advance(3 * 3_600_000)
    await quietly()
    assert.deepEqual(ran, [])
    await clock.advance(60_000)
    await patiently(() => ran.length === 2)

    assert.deepEqual(
      ran.map(({ args }) => args),
      [
        { full: true, tenant: 'a' },
        { full: false, tenant: 'a' },
      ],
    )
  })

  it('is passed over when a layer stops its job', async () => {
    let asked = 0
    const { clock, lines } = await withLayer({
      enqueue() {
        asked += 1
      },
    })

    await clock.advance(3 * 3_600_000)
    await patiently(() => lines.some(({ msg, job }) => msg === 'schedule fired' && job === null))
    await clock.advance(3_600_000)
    await quietly()

    assert.deepEqual([asked, ran.length], [1, 0])
  })

  it('is tried again where a layer throws, reported as its own, and holds up no other schedule', async () => {
    let hasFailed = false
    const made = await withLayer(
      {
        enqueue(job, next) {
          if (hasFailed || job.task !== 'Backup') return next()
          hasFailed = true
          throw new Error('no tenant')
        },
      },
      (deferred) => deferred.schedule('0 3 * * *', OneAtATime, undefined, { timeZone: 'UTC' }),
    )
    const told: unknown[] = []
    made.errors.register((error, { schedule }, { kind }) =>
      told.push([(error as Error).message, schedule, kind]),
    )

    await made.clock.advance(3 * 3_600_000)
    await patiently(() => ran.length === 1)
    assert.deepEqual(told, [['no tenant', 'Backup', 'schedule']])
    await made.clock.advance(5_000)
    await patiently(() => ran.length === 2)

    assert.deepEqual(
      ran.map(({ args }) => args),
      [null, { full: true }],
    )
  })

  it('is tried again where a layer never goes on, and holds up no other schedule for longer than 10 s', async () => {
    const layers: (() => Promise<unknown>)[] = []
    const made = await withLayer(
      {
        enqueue(job, next) {
          if (job.task !== 'Backup') return next()
          layers.push(next)
          return layers.length > 1 ? next() : new Promise(() => undefined)
        },
      },
      (deferred) => deferred.schedule('0 3 * * *', OneAtATime, undefined, { timeZone: 'UTC' }),
    )
    const told: unknown[] = []
    made.errors.register((error, { schedule }) => told.push([(error as { code?: string }).code, schedule]))

    await made.clock.advance(3 * 3_600_000)
    await patiently(() => layers.length === 1)
    assert.equal(ran.length, 0)
    await made.clock.advance(10_000)
    await patiently(() => ran.length === 1)
    await assert.rejects(layers[0]!(), { code: 'RAGE_DEFERRED_SCHEDULE_STUCK' })
    await made.clock.advance(5_000)
    await patiently(() => ran.length === 2)

    assert.deepEqual(told, [['RAGE_DEFERRED_SCHEDULE_STUCK', 'Backup']])
    assert.deepEqual(
      ran.map(({ args }) => args),
      [null, { full: true }],
    )
  })

  it('does not keep a process from ending when a layer never does, and makes no job afterwards', async () => {
    let goOn: () => Promise<unknown> = async () => undefined
    const { clock, deferred, disk } = await withLayer({
      enqueue(_, next) {
        goOn = next
        return new Promise(() => undefined)
      },
    })
    const before = goOn

    await clock.advance(3 * 3_600_000)
    await patiently(() => goOn !== before)
    await deferred.service.drain(AbortSignal.timeout(1_000))

    await assert.rejects(goOn(), { code: 'RAGE_DEFERRED_DRAINING' })
    await deferred.service.stop()
    assert.equal(disk.entries.size, 0)
  })
})

describe('deferred: a process that dies while it fires a schedule', () => {
  it('after the job was added, before it was written down: the job is dropped and made again', async () => {
    const clock = new FakeClock(midnight)
    const folder = temporaryFolder()
    const file = join(folder, 'schedules.json')
    const first = await start({ folder, clock })
    await fires(first.lines)
    const before = readFileSync(file, 'utf8')
    await diesWithJobQueued(first)
    const [orphan] = [...JSON.parse(readFileSync(file, 'utf8')).schedules.Backup.fired]
    writeFileSync(file, before)

    const second = await start({ folder, clock, disk: copyOf(first.disk) })
    await second.deferred.resume()
    await patiently(() => ran.length === 1)
    await quietly()

    assert.equal(ran.length, 1)
    assert.notEqual(ran[0]!.id, orphan[1])
  })

  it('leaves a job of which one counts: that with which the slot has fired', async () => {
    const clock = new FakeClock(midnight)
    const folder = temporaryFolder()
    const first = await start({ folder, clock })
    await fires(first.lines)
    await diesWithJobQueued(first)

    const counts = await start({ folder, clock, disk: copyOf(first.disk) })
    await counts.deferred.resume()
    await patiently(() => ran.length === 1)
    await crash(counts)
    const file = join(folder, 'schedules.json')
    writeFileSync(file, readFileSync(file, 'utf8').replace(/"[^"]+:\d{9}"/, '"another:000000001"'))
    const orphan = await start({ folder, clock, disk: copyOf(first.disk) })
    await quietly()

    assert.equal(ran.length, 1)
    assert.equal(orphan.disk.entries.size, 0)
  })
})

describe('deferred: schedules that are declared wrongly', () => {
  it('are refused where they are declared', () => {
    const { deferred } = createDeferred({ tasks: [Backup] })

    assert.throws(() => deferred.schedule('nonsense', Backup), InvalidScheduleError)
    assert.throws(() => deferred.every('5 minutes', Backup), InvalidScheduleError)
    assert.throws(() => deferred.every('5m', OneAtATime), NotRegisteredError)
    assert.throws(() => deferred.every('5m', Backup, undefined, { catchUp: 'all' as 'once' }), {
      code: 'RAGE_KERNEL_INVALID_OPTION',
    })
    deferred.every('5m', Backup)
    assert.throws(() => deferred.every('6m', Backup), DuplicateNameError)
    deferred.every('6m', Backup, undefined, { name: 'the other' })
  })

  it('fail the boot when their arguments cannot be stored', async () => {
    const { deferred } = createDeferred({ tasks: [Backup] })
    deferred.every('5m', Backup, { full: (() => true) as unknown as boolean })

    await assert.rejects(deferred.service.boot(), { code: 'RAGE_DEFERRED_INVALID_ARGS' })
  })
})

async function diesWithJobQueued(made: Awaited<ReturnType<typeof start>>): Promise<void> {
  await made.deferred.pause()
  await made.clock.advance(3 * 3_600_000)
  await patiently(() => made.deferred.stats().queued === 1)
  await crash(made)
}

/** The same records on another disk: the log as the process left it when it died. */
function copyOf(disk: MemoryDisk): MemoryDisk {
  const copy = new MemoryDisk()
  for (const [sequence, entry] of disk.entries) copy.entries.set(sequence, { ...entry, note: null })
  copy.sequence = disk.sequence
  return copy
}
