/** What a task class says about itself, read once when it is registered. */
import { isAbsolute } from 'node:path'
import { fileURLToPath } from 'node:url'
import { InvalidOptionError } from '../kernel'
import { placementOf, type TaskPlacement } from './queues/task-placement'
import type { TaskClass } from './task'

export interface TaskPlan extends TaskPlacement {
  readonly type: TaskClass
  /** The name stored with jobs. */
  readonly name: string
  /** `,"task":` and the name as JSON: a part of every record. */
  readonly taskHeader: string
  readonly retries: number
  /** `null` = no limit. */
  readonly timeoutSeconds: number | null
  /** How long the end of a job is kept, in ms; 0 = not at all. */
  readonly keepResultMs: number
  /** Path of the file whose threads run it; `null` = it runs on the event loop. */
  readonly thread: string | null
}

const longestKeepSeconds = 365 * 24 * 60 * 60

/** @throws InvalidOptionError for statics of the wrong kind. */
export function compileTask(type: TaskClass): TaskPlan {
  const name = nameOf(type)
  const { retries, timeout, keepResults } = type
  const { perform } = type.prototype as { perform?: unknown }
  if (typeof perform !== 'function') {
    throw new InvalidOptionError({ option: `${name}.perform`, expected: 'a method', given: perform })
  }
  if (!Number.isInteger(retries) || retries < 0) {
    throw new InvalidOptionError({
      option: `${name}.retries`,
      expected: 'a whole number from 0',
      given: retries,
    })
  }
  if (timeout !== null && !(Number.isFinite(timeout) && timeout > 0)) {
    throw new InvalidOptionError({
      option: `${name}.timeout`,
      expected: 'seconds above 0, or null',
      given: timeout,
    })
  }
  if (!(Number.isFinite(keepResults) && keepResults >= 0 && keepResults <= longestKeepSeconds)) {
    throw new InvalidOptionError({
      option: `${name}.keepResults`,
      expected: `seconds from 0 to ${longestKeepSeconds}`,
      given: keepResults,
    })
  }
  return {
    type,
    name,
    taskHeader: `","task":${JSON.stringify(name)},"context":`,
    retries,
    timeoutSeconds: timeout,
    keepResultMs: Math.ceil(keepResults * 1_000),
    thread: threadFile(name, type.thread),
    ...placementOf(name, type),
  }
}

/** Only the class's own `taskName` counts: an inherited one would give two classes one name. */
function nameOf(type: TaskClass): string {
  const name = Object.hasOwn(type, 'taskName') ? type.taskName : type.name
  if (typeof name === 'string' && name !== '') return name
  throw new InvalidOptionError({
    option: `${type.name || 'anonymous class'}.taskName`,
    expected: 'a string that is not empty',
    given: name,
  })
}

/** A module says where it is as a path (`__filename`) or as a URL (`import.meta.url`). */
function threadFile(task: string, given: unknown): string | null {
  if (given === null) return null
  const path = typeof given === 'string' && given.startsWith('file:') ? fileURLToPath(given) : given
  if (typeof path === 'string' && isAbsolute(path)) return path
  throw new InvalidOptionError({
    option: `${task}.thread`,
    expected: 'import.meta.url or __filename of the file that exports the class, or null',
    given,
  })
}
