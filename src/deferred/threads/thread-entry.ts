/**
 * The other side of thread-pool.ts: loaded by each thread, performs one job at a time in a context with the job's request
 * id. The module it imports is the user's; the runtime of the main thread is not here, so what needs one (`enqueue`) throws.
 */
import { pathToFileURL } from 'node:url'
import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads'
import { Codecs, Fault } from '../../codec'
import { runInContext } from '../../context'
import { Scope, showable } from '../../kernel'
import { EnqueueOnThreadError } from '../errors'
import { openJobContext } from '../job-context'
import { progressText } from '../progress'
import { type RunningJob, type TaskClass, taskBindings } from '../task'
import { writeFailure } from './failure'
import type { Outcome, ThreadJob } from './thread-job'

const scope = new Scope('thread')
const codecs = new Codecs()
taskBindings.absent = (task) => new EnqueueOnThreadError({ task })

/** What `job.rateLimit` throws. */
class Limited extends Error {
  readonly seconds: number
  constructor(seconds: number) {
    super(`the job asked its task to wait for ${seconds} s`)
    this.seconds = seconds
  }
}

/** Called by piscina with each job. Never rejects. */
export default async function perform(given: ThreadJob): Promise<Outcome> {
  let task: TaskClass
  try {
    task = await findTask(given)
  } catch (error) {
    return { end: 'unusable', problem: error instanceof Error ? error.message : String(error) }
  }
  const job = new ThreadRunningJob(given)
  const context = openJobContext(given.context, scope)
  try {
    const args = codecs.decode(given.args)
    const value: unknown = await runInContext(context, () => new task().perform(args, job))
    return job.limited ?? doneWith(value, given.keepsResult)
  } catch (error) {
    return job.limited ?? { end: 'failed', failure: writeFailure(error, codecs) }
  } finally {
    context.closed = true
    given.port.close()
  }
}

async function findTask({ file, task }: ThreadJob): Promise<TaskClass> {
  const module: Record<string, unknown> = await import(pathToFileURL(file).href)
  const fromRequire = module.default
  const exported = [fromRequire, ...Object.values(module), ...Object.values(Object(fromRequire))]
  const found = exported.find((each) => isTask(each) && nameOf(each) === task)
  if (found === undefined) throw new Error(`it exports no class of that name`)
  return found as TaskClass
}

function isTask(value: unknown): value is TaskClass {
  return typeof value === 'function' && typeof value.prototype?.perform === 'function'
}

/** As task-plan.ts names it. */
function nameOf(type: TaskClass): string | null {
  return Object.hasOwn(type, 'taskName') ? type.taskName : type.name
}

/** The work is done: a result that cannot travel is no reason to do it again, and one that nobody wants need not. */
function doneWith(value: unknown, isKept: boolean): Outcome {
  try {
    return { end: 'done', value: codecs.encode(value), problem: null }
  } catch (error) {
    const problem = error instanceof Fault ? `result${error.message}` : String(showable(error))
    return { end: 'done', value: codecs.encode(undefined), problem: isKept ? problem : null }
  }
}

class ThreadRunningJob implements RunningJob {
  declare readonly id: string
  declare readonly attempt: number
  declare readonly retries: number
  declare readonly willRetry: boolean
  declare readonly willRetryIn: number | null
  declare readonly enqueuedAt: number
  declare readonly queue: string
  declare readonly batch: RunningJob['batch']
  readonly signal: AbortSignal
  readonly progress: (value: unknown) => void
  limited: Outcome | null = null

  constructor({ facts, port, task }: ThreadJob) {
    Object.assign(this, facts)
    this.signal = signalFrom(port)
    // JSON, as on the main thread: what it cannot say throws here, where it was said.
    this.progress = (value) => port.postMessage(JSON.parse(progressText(value, { task, job: facts.id })))
  }

  /** Taken out of the object it works too, as `progress` does. */
  readonly rateLimit = (seconds: number): never => {
    this.limited = { end: 'limited', seconds }
    throw new Limited(seconds)
  }
}

/**
 * A computation that never yields hears no message, but it can ask: `signal.aborted` and `signal.throwIfAborted()` look
 * into the port first.
 */
function signalFrom(port: MessagePort): AbortSignal {
  const controller = new AbortController()
  const { signal } = controller
  let isAborted = false
  const hear = (reason: string): void => {
    isAborted = true
    controller.abort(new Error(reason))
  }
  const look = (): boolean => {
    const message = isAborted ? undefined : receiveMessageOnPort(port)
    if (message !== undefined) hear(message.message)
    return isAborted
  }
  port.on('message', hear)
  port.unref()
  Object.defineProperties(signal, {
    aborted: { get: look },
    throwIfAborted: {
      value: () => {
        if (look()) throw signal.reason
      },
    },
  })
  return signal
}
