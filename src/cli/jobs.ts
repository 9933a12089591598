/** `rage jobs`: what can be asked and done about background jobs. */
import { parseArgs } from 'node:util'
import { verifyLogs } from '../wal'
import { JobNotFoundError, UsageError, WrongMomentError } from './errors'
import type { JobRow, JobsView } from './jobs-view'
import { findLiveJobs } from './live-jobs'
import { engineFor, moveJobs } from './move'
import { listing, printNote, printResult, table, time } from './print'
import { logsIn, StoppedJobs } from './stopped-jobs'

export const jobsHelp = `rage jobs <command> [--storage FOLDER] [--json]

  list [--state STATE] [--task TASK] [--limit N]   jobs that are not over, 100 of them unless told
  show ID                                          one job, with its arguments and last error
  retry ID...                                      runs dead jobs again
  discard ID...                                    forgets dead jobs, takes others back
  pause [QUEUE]    resume [QUEUE]                  of one queue, or all; needs a running process
  stats                                            how many jobs are where, by queue, and which are paused
  verify                                           checks every record of the logs, changes nothing
  move --to bullmq|pg-boss [--connection URL] [--queue NAME] [--prefix TEXT] [--schema NAME]
                                                   jobs of stopped processes to an engine

  --storage FOLDER   the storage folder of the application (default: ./storage)
  --json             results, and errors, as JSON

Speaks to the processes that run, or takes the logs of those that are stopped.
Exit codes: 0 done, 1 not (no such job, damage found, server not reached), 2 wrong usage.
`

const options = {
  storage: { type: 'string', default: 'storage' },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
  state: { type: 'string' },
  task: { type: 'string' },
  limit: { type: 'string', default: '100' },
  to: { type: 'string' },
  connection: { type: 'string' },
  queue: { type: 'string' },
  prefix: { type: 'string' },
  schema: { type: 'string' },
} as const

type Values = ReturnType<typeof parse>['values']

const mostListed = 1_000
/** Of jobs of running processes, and of stopped ones. */
const states = ['running', 'waiting', 'delayed', 'parked', 'interrupted', 'dead', 'done', 'cancelled']

/** Those that make sense only together with one command. */
const optionsOf: Readonly<Record<string, readonly (keyof typeof options)[]>> = {
  list: ['state', 'task', 'limit'],
  move: ['to', 'connection', 'queue', 'prefix', 'schema'],
}

interface Call {
  readonly storage: string
  readonly values: Values
  readonly names: readonly string[]
}

const commands: Readonly<Record<string, (call: Call) => Promise<number>>> = {
  list,
  show,
  retry: (call) => forEach(call, 'retried', (jobs, id) => jobs.retry(id)),
  discard: (call) => forEach(call, 'discarded', (jobs, id) => jobs.discard(id)),
  pause: (call) => setPause(call, 'paused', (jobs, queue) => jobs.pause(queue)),
  resume: (call) => setPause(call, 'resumed', (jobs, queue) => jobs.resume(queue)),
  stats,
  verify,
  move,
}

/**
 * Answers the exit code.
 *
 * @throws UsageError and what the command could not do.
 */
export async function runJobs(args: readonly string[], resolve: (path: string) => string): Promise<number> {
  const { values, positionals } = parse(args)
  const [name, ...names] = positionals
  if (values.help || name === undefined) {
    process.stdout.write(jobsHelp)
    return values.help ? 0 : 2
  }
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined
  if (command === undefined) throw new UsageError({ problem: `There is no command "rage jobs ${name}"` })
  refuseStrangers(name, args)
  return command({ storage: resolve(values.storage), values, names })
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true })
  } catch (error) {
    throw new UsageError({ problem: (error as Error).message.replace(/\.$/, '') }, { cause: error })
  }
}

function refuseStrangers(name: string, args: readonly string[]): void {
  const allowed = ['storage', 'json', 'help', ...(optionsOf[name] ?? [])]
  const { tokens } = parseArgs({ args: [...args], options, allowPositionals: true, tokens: true })
  for (const token of tokens) {
    if (token.kind === 'option' && !allowed.includes(token.name))
      throw new UsageError({ problem: `"rage jobs ${name}" has no option --${token.name}` })
  }
}

async function list({ storage, values, names }: Call): Promise<number> {
  refuseNames(names)
  const limit = Number(values.limit)
  if (!Number.isInteger(limit) || limit < 1 || limit > mostListed)
    throw new UsageError({
      problem: `--limit must be a whole number from 1 to ${mostListed}, got "${values.limit}"`,
    })
  if (values.state !== undefined && !states.includes(values.state))
    throw new UsageError({ problem: `--state must be ${states.join(', ')}, got "${values.state}"` })
  const filter = { state: values.state ?? null, task: values.task ?? null, limit }
  const rows = await withJobs(storage, 'seen', (jobs) => jobs.list(filter))
  printResult(values.json, rows, () => jobTable(rows))
  return 0
}

function jobTable(rows: readonly JobRow[]): string[] {
  if (rows.length === 0) return ['no jobs']
  return table(
    ['ID', 'TASK', 'STATE', 'ATTEMPT', 'RUNS AT'],
    rows.map(({ id, task, state, attempt, runAt }) => [id, task, state, String(attempt), time(runAt)]),
  )
}

async function show({ storage, values, names }: Call): Promise<number> {
  const [id, ...more] = names
  if (id === undefined || more.length > 0) throw new UsageError({ problem: 'Give the id of one job' })
  const job = await withJobs(storage, 'seen', (jobs) => jobs.show(id))
  if (job === null) throw new JobNotFoundError({ id, command: 'shown' })
  printResult(values.json, job, () => listing(job))
  return 0
}

/** Stops at the first job for which it cannot be done. */
async function forEach(
  { storage, values, names }: Call,
  done: string,
  work: (jobs: JobsView, id: string) => Promise<boolean>,
): Promise<number> {
  if (names.length === 0) throw new UsageError({ problem: 'Give the ids of the jobs' })
  await withJobs(storage, 'open', async (jobs) => {
    for (const id of names) {
      if (!(await work(jobs, id))) throw new JobNotFoundError({ id, command: done })
      if (!values.json) printResult(false, id, () => [`${done} ${id}`])
    }
  })
  if (values.json) printResult(true, { [done]: names }, () => [])
  return 0
}

async function setPause(
  { storage, values, names }: Call,
  done: string,
  work: (jobs: JobsView, queue: string | null) => Promise<void>,
): Promise<number> {
  if (names.length > 1) throw new UsageError({ problem: 'Give one queue, or none for all' })
  const queue = names[0] ?? null
  await withJobs(storage, 'seen', (jobs) => work(jobs, queue))
  printResult(values.json, { queue }, () => [`${done} ${queue === null ? 'all queues' : `queue ${queue}`}`])
  return 0
}

async function stats({ storage, values, names }: Call): Promise<number> {
  refuseNames(names)
  const counts = await withJobs(storage, 'seen', (jobs) => jobs.stats())
  printResult(values.json, counts, () => listing(forPeople(counts)))
  return 0
}

function forPeople(counts: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const { processes } = counts
  return Array.isArray(processes) && processes.length === 0 ? { ...counts, processes: 'none runs' } : counts
}

/** @param way what becomes of the logs where no process runs: they are only seen, or opened. */
async function withJobs<T>(
  storage: string,
  way: 'seen' | 'open',
  work: (jobs: JobsView) => Promise<T>,
): Promise<T> {
  const jobs = (await findLiveJobs(storage)) ?? (await StoppedJobs[way](storage))
  try {
    return await work(jobs)
  } finally {
    await jobs.close()
  }
}

async function verify({ storage, values, names }: Call): Promise<number> {
  refuseNames(names)
  const report = await verifyLogs(logsIn(storage))
  const damages = report.logs.reduce((sum, log) => sum + log.damages, 0)
  printResult(values.json, report, () => [
    ...table(
      ['LOG', 'OWNED', 'SEGMENTS', 'BYTES', 'RECORDS', 'DAMAGES', 'DAMAGED BYTES', 'UNFINISHED BYTES'],
      report.logs.map((log) => [
        log.log,
        log.isOwned === null ? '?' : log.isOwned ? 'yes' : 'no',
        ...[log.segments, log.bytes, log.records, log.damages, log.damagedBytes, log.unfinishedBytes].map(
          String,
        ),
      ]),
    ),
    ...report.logs.filter(({ newer }) => newer > 0).map(({ log }) => `${log}: of a newer version, not read`),
    `${damages} damaged places, ${report.quarantined} kept aside by former boots`,
  ])
  return damages === 0 ? 0 : 1
}

async function move({ storage, values, names }: Call): Promise<number> {
  refuseNames(names)
  const { to, connection = null, queue = null, prefix = null, schema = null } = values
  if (to === undefined) throw new UsageError({ problem: 'Say where to: --to bullmq or --to pg-boss' })
  const destination = { to, connection, queue, prefix, schema }
  // Before the log is touched.
  engineFor(destination)
  if ((await findLiveJobs(storage)) !== null)
    throw new WrongMomentError({ command: 'move', needs: 'the processes of the folder to be stopped' })
  const jobs = await StoppedJobs.open(storage)
  try {
    const result = await moveJobs(jobs, destination)
    printResult(values.json, result, () => [
      `moved ${result.moved} jobs to ${to}`,
      ...result.stayed.map(({ id, task, reason }) => `stays in the log: ${id} (${task}), ${reason}`),
      ...(result.others === 0 ? [] : [`${result.others} other entries stay in the log`]),
    ])
    // Also where the list is long, or goes to a file.
    for (const [reason, count] of Object.entries(result.staying))
      printNote(`not moved: ${count} ${count === 1 ? 'job' : 'jobs'}, ${reason}`)
    await jobs.written()
    return 0
  } finally {
    await jobs.close()
  }
}

function refuseNames(names: readonly string[]): void {
  if (names.length > 0) throw new UsageError({ problem: `"${names[0]}" is not expected here` })
}
