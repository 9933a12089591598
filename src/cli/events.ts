/** `rage events`: who runs when an event is published, as the processes that run tell it. */
import { parseArgs } from 'node:util'
import { type EventNode, formatEvents } from '../events'
import { didYouMean } from '../kernel'
import { NoEventError, NoProcessError, UsageError } from './errors'
import { printResult } from './print'
import { ask, liveSockets } from './processes'

export const eventsHelp = `rage events [EVENT...] [--storage FOLDER] [--json]

The known event classes as a tree, and below each who is called when one is published, in that order:
"deferred" = runs as a job, "via" = because of a base class or trait, "(...)" = traits of the event.
With names, only those events.

  --storage FOLDER   the storage folder of the application (default: ./storage)
  --json             the tree, and errors, as JSON

Asks the processes that run; rage.printEvents() gives the same text without one.
Exit codes: 0 done, 1 not (no process runs, no such event), 2 wrong usage.
`

const options = {
  storage: { type: 'string', default: 'storage' },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const

/** What processes with one and the same tree answer. */
interface Answer {
  readonly pids: readonly number[]
  readonly events: readonly EventNode[]
}

/**
 * Answers the exit code.
 *
 * @throws UsageError, NoProcessError, NoEventError, ProcessError
 */
export async function runEvents(args: readonly string[], resolve: (path: string) => string): Promise<number> {
  const { values, positionals } = parse(args)
  if (values.help) {
    process.stdout.write(eventsHelp)
    return 0
  }
  const answers = await askAll(resolve(values.storage))
  const chosen = positionals.length === 0 ? answers : answers.map((answer) => only(answer, positionals))
  refuseUnknown(positionals, answers)
  printResult(values.json, chosen, () => chosen.flatMap((answer) => linesOf(answer, chosen.length > 1)))
  return 0
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true })
  } catch (error) {
    const problem = (error as Error).message.replace(/\.$/, '')
    throw new UsageError({ problem, command: 'events' }, { cause: error })
  }
}

async function askAll(storage: string): Promise<Answer[]> {
  const sockets = await liveSockets(storage)
  if (sockets.length === 0) throw new NoProcessError({ storage, command: 'events' })
  const trees = new Map<string, Answer>()
  for (const socket of sockets) {
    const { pid, events } = await ask<{ pid: number; events: EventNode[] }>(socket, 'events.tree', {})
    const key = JSON.stringify(events)
    trees.set(key, { pids: [...(trees.get(key)?.pids ?? []), pid], events })
  }
  return [...trees.values()]
}

/** Processes may differ: one that was started before a deployment, one that has published what others have not. */
function linesOf({ pids, events }: Answer, isOneOfMany: boolean): string[] {
  const tree = formatEvents(events)
  return isOneOfMany ? [`process ${pids.join(', ')}:`, tree, ''] : [tree]
}

function only({ pids, events }: Answer, names: readonly string[]): Answer {
  return { pids, events: flat(events).filter(({ name }) => names.includes(name)) }
}

function refuseUnknown(names: readonly string[], answers: readonly Answer[]): void {
  const known = new Set(answers.flatMap(({ events }) => flat(events).map(({ name }) => name)))
  const unknown = names.find((name) => !known.has(name))
  if (unknown !== undefined) throw new NoEventError({ event: unknown, hint: didYouMean(unknown, known) })
}

function flat(events: readonly EventNode[]): EventNode[] {
  return events.flatMap((event) => [event, ...flat(event.children)])
}
