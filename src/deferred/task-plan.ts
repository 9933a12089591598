/** What a task class says about itself, read once when it is registered. */
import { InvalidOptionError } from '../kernel'
import type { TaskClass } from './task'

export interface TaskPlan {
  readonly type: TaskClass
  /** The name stored with jobs. */
  readonly name: string
  /** `,"task":` and the name as JSON: a part of every record. */
  readonly taskHeader: string
  readonly retries: number
  /** `null` = no limit. */
  readonly timeoutSeconds: number | null
}

/** @throws InvalidOptionError for statics of the wrong kind. */
export function compileTask(type: TaskClass): TaskPlan {
  const name = nameOf(type)
  const { retries, timeout } = type
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
  return {
    type,
    name,
    taskHeader: `","task":${JSON.stringify(name)},"context":`,
    retries,
    timeoutSeconds: timeout,
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
